// Pages, and the program's address space. The page table itself says what is mapped, in the bits that are
// left to software; a page gets its memory when it is first touched. Memory is never given back.
#include <linux/mman.h>

#include "tests/kernels/example/kernel.hpp"

extern "C" char kernel_end[];

// Arm ARM D8.3: a page for EL0 of attribute 1, not global, shareable, never executed at EL1.
static constexpr uint64_t kPage = 3 | 1 << 2 | 1 << 6 | 3 << 8 | 1 << 10 | 1 << 11 | uint64_t{1} << 53;
static constexpr uint64_t kReadOnly = 1 << 7;
static constexpr uint64_t kNotExecuted = uint64_t{1} << 54;
static constexpr uint64_t kTable = 3;
static constexpr uint64_t kAddress = 0xffff'ffff'f000;
static constexpr uint64_t kMapped = uint64_t{1} << 55;  // software's; above it are three bits of protection
static constexpr int kProtection = 56;

static uint64_t next_page;
static uint64_t user_table;

// A page of zeros. The loader puts the initramfs high up; what is above it is left alone.
static uint64_t allocate() {
    const uint64_t page = next_page;
    next_page += kPageSize;
    if (next_page > initrd_start) {
        panic("out of memory at 0x", page);
    }
    for (uint64_t i = 0; i != kPageSize; i += sizeof(uint64_t)) {
        *direct<volatile uint64_t>(page + i) = 0;
    }
    return page;
}

static uint64_t entry_of(uint64_t page, uint64_t protection) {
    const uint64_t access = kPage | ((protection & PROT_WRITE) != 0 ? 0 : kReadOnly) |
                            ((protection & PROT_EXEC) != 0 ? 0 : kNotExecuted);
    return page | kMapped | protection << kProtection | (page != 0 && protection != 0 ? access : 0);
}

static uint64_t& entry_at(uint64_t address) {
    uint64_t table = user_table;
    for (int shift = 30; shift != 12; shift -= 9) {
        uint64_t& entry = direct<uint64_t>(table)[address >> shift & 511];
        entry = entry != 0 ? entry : allocate() | kTable;
        table = entry & kAddress;
    }
    return direct<uint64_t>(table)[address >> 12 & 511];
}

// The page's new entry; 0: it is not mapped, or does not allow what is wanted.
static uint64_t changed(Pages what, uint64_t entry, uint64_t protection) {
    const uint64_t page = entry & kAddress;
    const uint64_t allowed = entry >> kProtection & 7;
    if (what == Pages::Map || (what == Pages::Protect && entry != 0)) {
        return entry_of(what == Pages::Map ? 0 : page, protection);
    }
    if (entry == 0 || what == Pages::Unmap || (allowed & protection) != protection) {
        return 0;
    }
    return entry_of(what == Pages::Forget ? 0 : page != 0 ? page : allocate(), allowed);
}

void set_up_memory() {
    next_page = reinterpret_cast<uint64_t>(kernel_end) - kDirectMap;
    user_table = allocate();
    __asm__ volatile("msr ttbr0_el1, %0\n\tisb\n\ttlbi vmalle1\n\tdsb sy\n\tisb"
                     :
                     : "r"(user_table)
                     : "memory");
}

bool change(Pages what, uint64_t address, uint64_t size, uint64_t protection) {
    bool good = size <= kUserEnd && address <= kUserEnd - size;
    bool is_new = false;
    for (uint64_t at = address & ~(kPageSize - 1); good && at < address + size; at += kPageSize) {
        uint64_t& entry = entry_at(at);
        const uint64_t now = changed(what, entry, protection);
        good = now != 0 || what == Pages::Unmap || what == Pages::Forget;
        is_new = is_new || (good && now != entry);
        entry = good ? now : entry;
    }
    if (is_new) {
        __asm__ volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tic ialluis\n\tdsb ish\n\tisb"
                         :
                         :
                         : "memory");
    }
    return good;
}
