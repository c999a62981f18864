// Finds /init in the initramfs and lays out its address space.
#include <linux/auxvec.h>
#include <linux/elf.h>
#include <linux/mman.h>

#include "tests/kernels/example/kernel.hpp"

namespace example {

namespace {

// Linux Documentation/driver-api/early-userspace/buffer-format.rst: a header of 6 characters and 13 fields of
// 8 hexadecimal digits, a name, contents.
constexpr uint64_t kHeaderSize = 110;

uint64_t field(const char* header, int number) {
    uint64_t value = 0;
    for (int i = 0; i != 8; ++i) {
        const char digit = header[6 + 8 * number + i];
        value = value << 4 | static_cast<uint64_t>(digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10);
    }
    return value;
}

const char* find_init() {
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

void copy_out(uint64_t to, const void* from, uint64_t size) {
    if (!change(Pages::Reach, to, size, PROT_WRITE)) {
        panic("/init has no memory at 0x", to);
    }
    __builtin_memcpy(reinterpret_cast<void*>(to), from, size);
}

void load_segment(const char* file, const Elf64_Phdr& segment, uint64_t base) {
    const uint64_t to = base + segment.p_vaddr;
    const uint64_t protection = ((segment.p_flags & PF_R) != 0 ? PROT_READ : 0u) |
                                ((segment.p_flags & PF_W) != 0 ? PROT_WRITE : 0u) |
                                ((segment.p_flags & PF_X) != 0 ? PROT_EXEC : 0u);
    change(Pages::Map, to, segment.p_memsz, PROT_WRITE);
    copy_out(to, file + segment.p_offset, segment.p_filesz);
    change(Pages::Protect, to, segment.p_memsz, protection);
    program_break = round_up(to + segment.p_memsz, kPageSize);
}

struct Strings {
    char random[16];
    char platform[8] = "aarch64";
    char home[8] = "HOME=/";
    char terminal[16] = "TERM=linux";
    char name[8] = "/init";
};

}  // namespace

void random_bytes(char* to, uint64_t size) {
    static uint64_t state = 1;
    for (uint64_t i = 0; i != size; ++i) {
        state = state * 6364136223846793005 + 1442695040888963407;
        to[i] = static_cast<char>(state >> 56);
    }
}

void load_init(Frame& frame) {
    constexpr uint64_t kStackSize = 8 << 20;
    const char* const file = find_init();
    const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(file);
    const auto* const segments = reinterpret_cast<const Elf64_Phdr*>(file + header.e_phoff);
    const uint64_t base = header.e_type == ET_DYN ? kPieBase : 0;
    uint64_t headers = 0;
    for (int i = 0; i != header.e_phnum; ++i) {
        if (segments[i].p_type == PT_LOAD) {
            load_segment(file, segments[i], base);
            headers = segments[i].p_offset == 0 ? base + segments[i].p_vaddr + header.e_phoff : headers;
        }
    }
    change(Pages::Map, kStackTop - kStackSize, kStackSize, PROT_READ | PROT_WRITE);
    Strings strings;
    random_bytes(strings.random, sizeof strings.random);
    const uint64_t at = kStackTop - sizeof strings;
    // argc, argv, envp, and the auxiliary vector in Linux's order. AT_EXECFN is missing, and AT_HWCAP should
    // not be 0.
    const uint64_t words[] = {1,
                              at + offsetof(Strings, name),
                              0,
                              at + offsetof(Strings, home),
                              at + offsetof(Strings, terminal),
                              0,
                              AT_MINSIGSTKSZ,
                              4720,
                              AT_HWCAP,
                              0,
                              AT_PAGESZ,
                              kPageSize,
                              AT_CLKTCK,
                              100,
                              AT_PHDR,
                              headers,
                              AT_PHENT,
                              header.e_phentsize,
                              AT_PHNUM,
                              header.e_phnum,
                              AT_BASE,
                              0,
                              AT_FLAGS,
                              0,
                              AT_ENTRY,
                              base + header.e_entry,
                              AT_UID,
                              0,
                              AT_EUID,
                              0,
                              AT_GID,
                              0,
                              AT_EGID,
                              0,
                              AT_SECURE,
                              0,
                              AT_RANDOM,
                              at + offsetof(Strings, random),
                              AT_HWCAP2,
                              0,
                              AT_PLATFORM,
                              at + offsetof(Strings, platform),
                              AT_NULL,
                              0};
    frame.sp = (at - sizeof words) & ~uint64_t{15};
    frame.pc = base + header.e_entry;
    copy_out(at, &strings, sizeof strings);
    copy_out(frame.sp, words, sizeof words);
}

}  // namespace example
