// Finds /init in the initramfs and lays out its address space.
#include <linux/auxvec.h>
#include <linux/elf.h>
#include <linux/mman.h>

#include "tests/kernels/example/kernel.hpp"

// One of a header's fields of 8 hexadecimal digits, after 6 characters (Linux
// Documentation/driver-api/early-userspace/buffer-format.rst).
static uint64_t field(const char* header, uint64_t number) {
    uint64_t value = 0;
    for (const char* at = header + 6 + 8 * number; at != header + 14 + 8 * number; ++at) {
        value = value << 4 | static_cast<uint64_t>(*at <= '9' ? *at - '0' : (*at | 32) - 'a' + 10);
    }
    return value;
}

static const char* find_init() {
    constexpr uint64_t kHeaderSize = 110;
    for (uint64_t at = initrd_start; at < initrd_end && starts_with(direct<const char>(at), "070701");) {
        const char* const header = direct<const char>(at);
        const uint64_t contents = round_up(at + kHeaderSize + field(header, 11), 4);
        const char* const name = header + kHeaderSize + (header[kHeaderSize] == '/' ? 1 : 0);
        if (starts_with(name, "init") && name[4] == '\0') {
            return direct<const char>(contents);
        }
        at = round_up(contents + field(header, 6), 4);
    }
    panic("no /init in the initramfs at 0x", initrd_start);
}

static void copy_out(uint64_t to, const void* from, uint64_t size) {
    change(Pages::Reach, to, size, PROT_WRITE);
    __builtin_memcpy(reinterpret_cast<void*>(to), from, size);
}

static void load_segment(const char* file, const Elf64_Phdr& segment, uint64_t to) {
    const uint64_t flags = segment.p_flags;  // PF_X, PF_W, PF_R: the bits of PROT_ the other way round
    change(Pages::Map, to, segment.p_memsz, PROT_WRITE);
    copy_out(to, file + segment.p_offset, segment.p_filesz);
    change(Pages::Protect, to, segment.p_memsz, (flags & PF_R) >> 2 | (flags & PF_W) | (flags & PF_X) << 2);
    program_break = round_up(to + segment.p_memsz, kPageSize);
}

long random_bytes(char* to, uint64_t size) {
    static uint64_t state = 1;
    for (uint64_t i = 0; i != size; ++i) {
        state = state * 6364136223846793005 + 1442695040888963407;
        to[i] = static_cast<char>(state >> 56);
    }
    return static_cast<long>(size);
}

struct Strings {
    char random[16];
    char platform[8] = "aarch64";
    char home[8] = "HOME=/";
    char terminal[16] = "TERM=linux";
    char name[8] = "/init";
};

void load_init(Frame& frame) {
    constexpr uint64_t kStackSize = 8 << 20;
    const char* const file = find_init();
    const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(file);
    const auto* const segments = reinterpret_cast<const Elf64_Phdr*>(file + header.e_phoff);
    const uint64_t base = header.e_type == ET_DYN ? kPieBase : 0;
    uint64_t headers = 0;
    for (int i = 0; i != header.e_phnum; ++i) {
        if (segments[i].p_type == PT_LOAD) {
            load_segment(file, segments[i], base + segments[i].p_vaddr);
            headers = headers != 0 ? headers : base + segments[i].p_vaddr + header.e_phoff;
        }
    }
    change(Pages::Map, kStackTop - kStackSize, kStackSize, PROT_READ | PROT_WRITE);
    static Strings strings;
    random_bytes(strings.random, sizeof strings.random);
    const uint64_t at = kStackTop - sizeof strings;
    static uint64_t pointers[] = {
        1, at + offsetof(Strings, name), 0, at + offsetof(Strings, home), at + offsetof(Strings, terminal), 0,
#include "tests/kernels/example/auxv.inc"
    };
    frame.sp = (at - sizeof pointers) & ~uint64_t{15};
    frame.pc = base + header.e_entry;
    copy_out(at, &strings, sizeof strings);
    copy_out(frame.sp, pointers, sizeof pointers);
}
