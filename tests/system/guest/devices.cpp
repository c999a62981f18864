// What answers where in the machine's physical address space, in which sizes and with what, and how the
// devices that a kernel only probes behave. With a GICv2, which is QEMU's default.
#include "tests/system/guest/memory_map.hpp"
#include "tests/system/guest/page_tables.hpp"
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/run.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

namespace {

FRAGMENT(read_1, "ldrb w1, [x0]");
FRAGMENT(read_2, "ldrh w1, [x0]");
FRAGMENT(read_4, "ldr w1, [x0]");
FRAGMENT(read_8, "ldr x1, [x0]");
FRAGMENT(write_1, "strb w1, [x0]");
FRAGMENT(write_2, "strh w1, [x0]");
FRAGMENT(write_4, "str w1, [x0]");
FRAGMENT(write_8, "str x1, [x0]");

const std::uint32_t* const kReads[] = {read_1, read_2, read_4, read_8};
const std::uint32_t* const kWrites[] = {write_1, write_2, write_4, write_8};

constexpr std::uint64_t kFlash = 0;
constexpr std::uint64_t kFlashSize = 0x0400'0000;
constexpr std::uint64_t kFirmwareConfiguration = 0x0902'0000;
constexpr std::uint64_t kGpio = 0x0903'0000;
constexpr std::uint64_t kEcam = 0x40'1000'0000;
constexpr std::uint64_t kHighWindow = 0x80'0000'0000;

// Where devices begin and end, and what is beside them.
constexpr std::uint64_t kPlaces[] = {
    // flash
    0x0000'0000,
    0x0000'0004,
    0x0000'1000,
    0x03ff'fff8,
    0x0400'0000,
    0x07ff'fff8,
    // the distributor of the GICv2
    0x0800'0000,
    0x0800'0004,
    0x0800'0008,
    0x0800'0800,
    0x0800'0820,
    0x0800'0c00,
    0x0800'0c04,
    0x0800'0fe8,
    0x0800'0ff0,
    0x0800'1000,
    0x0800'fff8,
    // its CPU interface
    0x0801'0000,
    0x0801'0004,
    0x0801'00fc,
    0x0801'1000,
    0x0801'2000,
    0x0801'fff8,
    // the GICv2m
    0x0802'0000,
    0x0802'0008,
    0x0802'0040,
    0x0802'0fcc,
    0x0802'0fe8,
    0x0802'1000,
    // what a GICv2 with virtualisation, an ITS and a GICv3 would have
    0x0803'0000,
    0x0804'0000,
    0x0808'0000,
    0x080a'0000,
    0x080b'0000,
    0x08ff'fff8,
    // UART and RTC
    0x0900'0fe0,
    0x0900'0fe8,
    0x0900'0ff8,
    0x0900'1000,
    0x0901'0008,
    0x0901'0fe0,
    0x0901'1000,
    // behind fw_cfg
    0x0902'0018,
    0x0902'0020,
    // GPIO
    0x0903'0000,
    0x0903'03fc,
    0x0903'0400,
    0x0903'0404,
    0x0903'0410,
    0x0903'0420,
    0x0903'0500,
    0x0903'0fd0,
    0x0903'0fe0,
    0x0903'1000,
    // secure devices, SMMU, ACPI
    0x0904'0000,
    0x0905'0000,
    0x0907'0000,
    0x0908'0000,
    0x0909'0000,
    0x090a'0000,
    0x090b'0000,
    // virtio
    0x0a00'0000,
    0x0a00'0004,
    0x0a00'0008,
    0x0a00'000c,
    0x0a00'0010,
    0x0a00'0034,
    0x0a00'0060,
    0x0a00'0070,
    0x0a00'00fc,
    0x0a00'0100,
    0x0a00'01f8,
    0x0a00'0200,
    0x0a00'3e00,
    0x0a00'3ff8,
    0x0a00'4000,
    // nothing, the platform bus, secure memory
    0x0b00'0000,
    0x0c00'0000,
    0x0dff'fff8,
    0x0e00'0000,
    // PCIe's windows, and the configuration space of older machines
    0x1000'0000,
    0x3efe'ff00,
    0x3eff'0000,
    0x3eff'0060,
    0x3f00'0000,
    0x3ff0'0000,
    0x40'0000'0000,
    // PCIe configuration space
    0x40'1000'0000,
    0x40'1000'0004,
    0x40'1000'0008,
    0x40'1000'000c,
    0x40'1000'0010,
    0x40'1000'0028,
    0x40'1000'002c,
    0x40'1000'0034,
    0x40'1000'003c,
    0x40'1000'0040,
    0x40'1000'0100,
    0x40'1000'0ff8,
    0x40'1000'1000,
    0x40'1000'8000,
    0x40'1010'0000,
    0x40'1fff'fff8,
    0x40'2000'0000,
    // PCIe's high window
    0x80'0000'0000,
    0x80'0000'1000,
    0xff'ffff'fff8,
};

void print_outcome(const RunState& state, const char* completed) {
    print(" ");
    if (is_completed(state)) {
        print(completed);
    } else {
        print("abort ");
        print(Hex{state.esr & 0x1ff'ffff});
    }
}

void print_read(std::uint64_t address, const std::uint32_t* fragment) {
    const RunState& state = run(fragment, {}, {address});
    print_outcome(state, "");
    if (is_completed(state)) {
        print(Hex{state.x[1]});
    }
}

void print_write(std::uint64_t address, const std::uint32_t* fragment, std::uint64_t value) {
    print_outcome(run(fragment, {}, {address, value}), "+");
}

// Reads and writes of 1, 2, 4 and 8 bytes, as far as the address is aligned to them: others fault by
// themselves.
unsigned sizes_at(std::uint64_t address) {
    return address % 8 == 0 ? 4 : 3;
}

void show_places() {
    for (const std::uint64_t place : kPlaces) {
        print(Hex{place});
        print(":");
        for (unsigned size = 0; size != sizes_at(place); ++size) {
            print_read(place, kReads[size]);
        }
        print("; writes");
        for (unsigned size = 0; size != sizes_at(place); ++size) {
            print_write(place, kWrites[size], 0);
        }
        print("\n");
    }
}

void write_word(std::uint64_t address, std::uint32_t value) {
    device_word(address) = value;
}

std::uint32_t read_word(std::uint64_t address) {
    return device_word(address);
}

// Writes ones to each register of `bytes` from `base` on, and shows what stays.
void show_writable(const char* what, std::uint64_t base, std::uint64_t bytes) {
    for (std::uint64_t offset = 0; offset < bytes; offset += 4) {
        const std::uint32_t before = read_word(base + offset);
        write_word(base + offset, ~0U);
        const std::uint32_t after = read_word(base + offset);
        write_word(base + offset, before);
        const std::uint32_t restored = read_word(base + offset);
        if (before != after || before != restored) {
            line(what, " +", Hex{offset}, ": ", Hex{before}, " ", Hex{after}, " ", Hex{restored});
        }
    }
}

void show_gpio() {
    line("-- GPIO");
    const auto show = [](const char* what) {
        line(what, ": data ", Hex{read_word(kGpio + 0x3fc)}, " raw ", Hex{read_word(kGpio + 0x414)},
             " masked ", Hex{read_word(kGpio + 0x418)});
    };
    show_writable("GPIO", kGpio + 0x400, 0x24);
    show("reset");
    write_word(kGpio + 0x400, 0x0f);
    write_word(kGpio + 0x3fc, 0xff);
    show("four outputs high");
    write_word(kGpio + (0x05 << 2), 0);
    show("two low again");
    line("through a mask: ", Hex{read_word(kGpio + (0x0a << 2))});
    write_word(kGpio + 0x400, 0);
    show("inputs");
    write_word(kGpio + 0x41c, 0xff);
    show("cleared");
    write_word(kGpio + 0x404, 0x18);
    write_word(kGpio + 0x410, 0x08);
    show("low level");
    write_word(kGpio + 0x40c, 0x18);
    write_word(kGpio + 0x41c, 0xff);
    show("high level");
    write_word(kGpio + 0x404, 0);
    write_word(kGpio + 0x40c, 0);
    write_word(kGpio + 0x410, 0);
}

void select_item(std::uint16_t item) {
    // The selector is big-endian.
    *reinterpret_cast<volatile std::uint16_t*>(kFirmwareConfiguration + 8) = __builtin_bswap16(item);
}

std::uint8_t next_byte() {
    return *reinterpret_cast<volatile std::uint8_t*>(kFirmwareConfiguration);
}

void show_firmware_configuration() {
    line("-- fw_cfg");
    for (const std::uint64_t offset : {0x08U, 0x0cU, 0x10U, 0x14U}) {
        line("+", Hex{offset}, ":");
        for (unsigned size = 0; size != sizes_at(offset); ++size) {
            print_read(kFirmwareConfiguration + offset, kReads[size]);
        }
        for (unsigned size = 0; offset != 0x10 && size != sizes_at(offset); ++size) {
            print_write(kFirmwareConfiguration + offset, kWrites[size], 0);
        }
        print("\n");
    }
    for (const unsigned item : {0U, 1U, 5U, 15U, 0x1234U}) {
        select_item(static_cast<std::uint16_t>(item));
        print("item ");
        print(Hex{item});
        print(":");
        for (int index = 0; index != 6; ++index) {
            print(" ");
            print(Hex{next_byte()});
        }
        print("\n");
    }
    select_item(0);
    print("signature:");
    for (const std::uint32_t* fragment : {read_2, read_1, read_4, read_8}) {
        print_read(kFirmwareConfiguration, fragment);
    }
    print("\n");
}

void show_flash() {
    line("-- flash");
    for (const std::uint64_t bank : {kFlash, kFlash + kFlashSize}) {
        write_word(bank + 0x154, 0x0098'0098);  // CFI query
        print("query:");
        for (std::uint64_t index = 0x10; index != 0x40; ++index) {
            print(" ");
            print(Hex{read_word(bank + index * 4)});
        }
        print("\n");
        write_word(bank, 0x00ff'00ff);
        write_word(bank, 0x0090'0090);
        line("identity: ", Hex{read_word(bank)}, " ", Hex{read_word(bank + 4)}, " ",
             Hex{read_word(bank + 8)});
        write_word(bank, 0x00ff'00ff);
        const std::uint64_t place = bank + 0x4'0010;
        write_word(place, 0x0020'0020);
        write_word(place, 0x00d0'00d0);
        line("erasing: ", Hex{read_word(place)});
        write_word(place, 0x00ff'00ff);
        line("erased: ", Hex{read_word(place)}, " before ", Hex{read_word(bank + 0x3'fffc)}, " last ",
             Hex{read_word(bank + 0x7'fffc)}, " behind ", Hex{read_word(bank + 0x8'0000)});
        write_word(place, 0x0040'0040);
        write_word(place, 0x1234'5678);
        line("programming: ", Hex{read_word(place)});
        write_word(place, 0x00ff'00ff);
        line("programmed: ", Hex{read_word(place)}, " beside ", Hex{read_word(place + 4)});
        write_word(place, 0x00e8'00e8);
        line("buffer: ", Hex{read_word(place)});
        write_word(place, 0x0001'0001);
        write_word(place, 0x0102'0304);
        write_word(place + 4, 0x0506'0708);
        write_word(place, 0x00d0'00d0);
        line("written: ", Hex{read_word(place)});
        write_word(place, 0x0070'0070);
        line("status: ", Hex{read_word(bank)});
        write_word(place, 0x00ff'00ff);
        line("array: ", Hex{read_word(place)}, " ", Hex{read_word(place + 4)}, " ",
             Hex{read_word(place + 8)});
        write_word(place, 0x0050'0050);
        line("status cleared: ", Hex{read_word(place)});
        write_word(place, 0x00ff'00ff);
    }
}

}  // namespace

void guest_main() {
    constexpr std::uint64_t kAttributes =
        descriptor::kBlock | descriptor::kDevice | descriptor::kPxn | descriptor::kUxn;
    constexpr std::uint64_t kGib = std::uint64_t{1} << 30;
    for (const std::uint64_t place : {kEcam, kHighWindow, 2 * kHighWindow - kGib}) {
        const std::uint64_t block = place & ~(kGib - 1);
        main_tables().map(block, block, kAttributes, 1);
    }
    synchronize_tables();
    show_places();
    line("-- host bridge");
    show_writable("host bridge", kEcam, 0x100);
    show_gpio();
    show_firmware_configuration();
    show_flash();
    line("end");
}

}  // namespace guest
