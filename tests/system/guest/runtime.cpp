#include "tests/system/guest/runtime.hpp"

#include <cstddef>

#include "tests/system/guest/memory_map.hpp"

extern "C" {
extern const std::uint32_t image_start[];
extern const std::uint32_t read_only_end[];
extern const std::uint32_t fragments_start[];
extern const std::uint32_t fragments_end[];

[[noreturn]] void runtime_start();

// Functions that the compiler calls without being asked to.
void* memset(void* to, int value, std::size_t size) {
    constexpr std::uint64_t kEveryByte = 0x0101'0101'0101'0101;
    const std::uint64_t byte = static_cast<unsigned char>(value);
    auto at = reinterpret_cast<std::uint64_t>(to);
    const std::uint64_t end = at + size;
    for (; at % 8 == 0 && end - at >= 8; at += 8) {
        *reinterpret_cast<volatile std::uint64_t*>(at) = byte * kEveryByte;
    }
    for (; at != end; ++at) {
        *reinterpret_cast<volatile unsigned char*>(at) = static_cast<unsigned char>(byte);
    }
    return to;
}

void* memcpy(void* to, const void* from, std::size_t size) {
    auto* bytes = static_cast<volatile unsigned char*>(to);
    for (std::size_t i = 0; i != size; ++i) {
        bytes[i] = static_cast<const unsigned char*>(from)[i];
    }
    return to;
}
}

namespace guest {

namespace {

constexpr std::uint64_t kGib = std::uint64_t{1} << 30;

// Attributes 0 to 2, as namespace descriptor numbers them.
constexpr std::uint64_t kMemoryAttributes = 0xff | 0x00 << 8 | 0x44 << 16;

std::uint64_t place_of(const std::uint32_t* symbol) {
    return reinterpret_cast<std::uint64_t>(symbol);
}

void map_pages(PageTables& tables, std::uint64_t address, std::uint64_t physical, std::uint64_t size,
               std::uint64_t attributes) {
    constexpr std::uint64_t kPageSize = 4096;
    for (std::uint64_t done = 0; done < size; done += kPageSize) {
        tables.map(address + done, physical + done, descriptor::kPage | attributes);
    }
}

// With SCTLR_EL1.WXN what is to be executed must not be writable: the image is mapped in pages.
void map_ram(PageTables& tables) {
    constexpr std::uint64_t kBlockSize = 2 << 20;
    const std::uint64_t image = place_of(image_start);
    const std::uint64_t writable = place_of(read_only_end);
    for (std::uint64_t at = kRam; at < kRam + kGib; at += kBlockSize) {
        if (at != image) {
            tables.map(at, at, descriptor::kBlock | descriptor::kPxn | descriptor::kUxn, 2);
        }
    }
    map_pages(tables, image, image, writable - image, descriptor::kReadOnly | descriptor::kUxn);
    map_pages(tables, writable, writable, image + kBlockSize - writable, descriptor::kPxn | descriptor::kUxn);
}

PageTables make_main_tables() {
    PageTables tables(Granule::K4, 48);
    tables.map(0, 0, descriptor::kBlock | descriptor::kDevice | descriptor::kPxn | descriptor::kUxn, 1);
    map_ram(tables);
    map_pages(tables, kUserCode, place_of(fragments_start),
              place_of(fragments_end) - place_of(fragments_start),
              descriptor::kUser | descriptor::kReadOnly | descriptor::kPxn);
    map_pages(tables, kUserData, allocate(kUserDataSize), kUserDataSize,
              descriptor::kUser | descriptor::kPxn | descriptor::kUxn);
    return tables;
}

}  // namespace

PageTables& main_tables() {
    static PageTables tables = make_main_tables();
    return tables;
}

void synchronize_tables() {
    __asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
}

void power_off() {
    constexpr std::uint64_t kSystemOff = 0x8400'0008;  // PSCI, Arm DEN 0022
    register std::uint64_t function __asm__("x0") = kSystemOff;
    __asm__ volatile("hvc #0" : "+r"(function) : : "memory");
    for (;;) {
    }
}

}  // namespace guest

void runtime_start() {
    using namespace guest;
    WRITE_REGISTER(mair_el1, kMemoryAttributes);
    WRITE_REGISTER(tcr_el1, tcr::kUsual);
    WRITE_REGISTER(ttbr0_el1, main_tables().root());
    synchronize_tables();
    WRITE_REGISTER(sctlr_el1, sctlr::kUsual);
    guest_main();
    power_off();
}
