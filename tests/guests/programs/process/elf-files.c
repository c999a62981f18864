// Executable files in which one thing or another is wrong or unusual: headers, segments, interpreters,
// stacks. Each is made here, of a header and a few instructions, and is run in a process of its own.
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../behaviours.h"

enum { kPage = 4096, kBase = 0x400000, kDataBase = 0x500000, kCodeOffset = 0x400, kMost = 8 };

// A page of headers and code, and one of data.
static struct {
    Elf64_Ehdr header;
    Elf64_Phdr segments[kMost];
    _Alignas(kCodeOffset) unsigned char code[kPage - kCodeOffset];
    unsigned char data[kPage];
} file;

// Asks where the heap begins, and ends with what is at the address that it carries, or with 42 if that is 0.
__attribute__((visibility("hidden"))) extern const unsigned char ending_code[];
__attribute__((visibility("hidden"))) extern const uint64_t ending_size, ending_place_at;
__asm__(
    ".pushsection .rodata\n"
    ".balign 8\n"
    "ending_code: mov x8, #214\n"
    "mov x0, #0\n"
    "svc #0\n"
    "mov x0, #42\n"
    "ldr x1, ending_place\n"
    "cbz x1, 1f\n"
    "ldrb w0, [x1]\n"
    "1: mov x8, #93\n"
    "svc #0\n"
    "brk #0\n"
    ".balign 8\n"
    "ending_place: .quad 0\n"
    "ending_end:\n"
    ".balign 8\n"
    "ending_size: .quad ending_end - ending_code\n"
    "ending_place_at: .quad ending_place - ending_code\n"
    ".popsection\n");

// Puts two instructions on the stack and goes there.
__attribute__((visibility("hidden"))) extern const unsigned char stack_code[];
__attribute__((visibility("hidden"))) extern const uint64_t stack_size;
__asm__(
    ".pushsection .rodata\n"
    ".balign 8\n"
    "stack_code: ldr x1, 1f\n"
    "sub sp, sp, #64\n"
    "str x1, [sp]\n"
    "mov x2, sp\n"
    "dc cvau, x2\n"
    "dsb ish\n"
    "ic ivau, x2\n"
    "dsb ish\n"
    "isb\n"
    "mov x0, #5\n"
    "mov x8, #93\n"
    "br x2\n"
    ".balign 8\n"
    "1: svc #0\n"
    "brk #0\n"
    "stack_end:\n"
    ".balign 8\n"
    "stack_size: .quad stack_end - stack_code\n"
    ".popsection\n");

static void set_code(uint64_t place) {
    memset(file.code, 0, sizeof(file.code));
    memcpy(file.code, ending_code, ending_size);
    memcpy(file.code + ending_place_at, &place, sizeof(place));
}

// One segment for headers and code; another one for data, which is longer in memory than in the file.
static void begin_file(uint16_t type) {
    const uint64_t base = type == ET_DYN ? 0 : kBase;
    memset(&file, 0, sizeof(file));
    file.header = (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                               .e_type = type,
                               .e_machine = EM_AARCH64,
                               .e_version = EV_CURRENT,
                               .e_entry = base + kCodeOffset,
                               .e_phoff = sizeof(Elf64_Ehdr),
                               .e_ehsize = sizeof(Elf64_Ehdr),
                               .e_phentsize = sizeof(Elf64_Phdr),
                               .e_phnum = 2};
    file.segments[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_X,
                                    .p_vaddr = base,
                                    .p_filesz = kPage,
                                    .p_memsz = kPage,
                                    .p_align = kPage};
    file.segments[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_W,
                                    .p_offset = kPage,
                                    .p_vaddr = base + kDataBase - kBase,
                                    .p_filesz = 100,
                                    .p_memsz = 3 * kPage,
                                    .p_align = kPage};
    memset(file.data, 7, sizeof(file.data));
    set_code(0);
}

static void write_file(const char* path, size_t size) {
    unlink(path);
    const int made = open(path, O_CREAT | O_WRONLY, 0755);
    (void)!write(made, &file, size);
    close(made);
}

static void run(const char* what) {
    int status = 0;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        execl("./made", "made", NULL);
        printf("%s: %s\n", what, strerrorname_np(errno));
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, &status, 0);
    printf("%s: %x\n", what, status);
}

static void try_file(const char* what) {
    write_file("made", sizeof(file));
    run(what);
}

// Runs the file with one field changed, and puts the field back.
#define WITH(field, value)                       \
    do {                                         \
        const __typeof__(field) kept_ = (field); \
        (field) = (__typeof__(field))(value);    \
        try_file(#field " = " #value);           \
        (field) = kept_;                         \
    } while (0)

static void headers(void) {
    begin_file(ET_EXEC);
    try_file("as it is");
    WITH(file.header.e_ident[0], 0);
    WITH(file.header.e_ident[3], 'f');
    WITH(file.header.e_ident[EI_CLASS], ELFCLASS32);
    WITH(file.header.e_ident[EI_DATA], ELFDATA2MSB);
    WITH(file.header.e_version, 9);
    WITH(file.header.e_machine, EM_386);
    WITH(file.header.e_machine, EM_X86_64);
    WITH(file.header.e_type, ET_REL);
    WITH(file.header.e_type, ET_CORE);
    WITH(file.header.e_type, ET_NONE);
    WITH(file.header.e_phentsize, sizeof(Elf64_Phdr) - 1);
    WITH(file.header.e_phentsize, sizeof(Elf64_Phdr) + 1);
    WITH(file.header.e_phnum, 0);
    WITH(file.header.e_phnum, 1170);
    WITH(file.header.e_phnum, 1171);
    WITH(file.header.e_phoff, 1L << 40);
    WITH(file.header.e_phoff, sizeof(file) - 2 * sizeof(Elf64_Phdr) + 1);
    WITH(file.header.e_entry, 0);
    WITH(file.header.e_entry, kDataBase);
    WITH(file.header.e_entry, 1UL << 48);
    WITH(file.header.e_entry, (1UL << 48) - 4);
    write_file("made", sizeof(Elf64_Ehdr) - 1);
    run("a byte short of a header");
    write_file("made", sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr) - 1);
    run("a byte short of the segments");
    chmod("made", 0644);
    run("no permission");
}

static void segments(void) {
    Elf64_Phdr* const code = &file.segments[0];
    Elf64_Phdr* const data = &file.segments[1];
    begin_file(ET_EXEC);
    WITH(code->p_filesz, kPage + 1);
    WITH(code->p_flags, PF_R);
    WITH(code->p_flags, PF_X);
    WITH(code->p_flags, 0);
    WITH(code->p_type, PT_NOTE);
    WITH(code->p_offset, 8);
    WITH(data->p_type, PT_NULL);
    WITH(data->p_offset, 2 * kPage + 4);
    WITH(data->p_memsz, 99);
    WITH(data->p_memsz, 100);
    WITH(data->p_memsz, 0);
    WITH(data->p_filesz, 0);
    WITH(data->p_align, 0);
    WITH(data->p_align, 3);
    WITH(data->p_align, 1 << 20);
    WITH(data->p_vaddr, (1UL << 48) - kPage);
    WITH(data->p_vaddr, 1UL << 48);
    WITH(data->p_vaddr, -4096L);
    WITH(data->p_memsz, -1L);
    WITH(data->p_memsz, 1UL << 46);
    WITH(data->p_vaddr, 0);
    WITH(data->p_vaddr, kBase);
    data->p_filesz = data->p_memsz = 0;
    try_file("no bytes of data");
    begin_file(ET_EXEC);
    code->p_type = data->p_type = PT_NULL;
    try_file("nothing is loaded");
}

// The byte at a place, in the status with which the program ends.
static void look(const char* what, uint64_t place) {
    set_code(place);
    try_file(what);
}

static void contents(void) {
    Elf64_Phdr* const data = &file.segments[1];
    begin_file(ET_EXEC);
    look("the first byte", kDataBase);
    look("the last byte of the file", kDataBase + 99);
    look("behind it", kDataBase + 100);
    look("at the end of its page", kDataBase + kPage - 1);
    look("on the next page", kDataBase + kPage);
    look("the last byte", kDataBase + 3 * kPage - 1);
    look("a page too far", kDataBase + 3 * kPage);
    look("the magic number", kBase + 1);
    data->p_flags = PF_R;
    look("behind the file, read only", kDataBase + 100);
    look("on the next page, read only", kDataBase + kPage);
    data->p_flags = PF_W;
    look("write only", kDataBase);
    data->p_flags = PF_R | PF_W;
    data->p_offset += 16;
    data->p_vaddr += 16;
    look("not at the start of a page", kDataBase + 8);
    look("within the page", kDataBase + 116);
    data->p_filesz = kPage - 16;
    data->p_memsz = kPage - 16;
    look("to the end of the page", kDataBase + kPage - 1);
    look("no further", kDataBase + kPage);
    data->p_memsz = kPage - 15;
    look("a byte further", kDataBase + kPage);
    data->p_filesz = 0;
    look("nothing of the file", kDataBase + 20);
    begin_file(ET_EXEC);
    data->p_filesz = 3 * kPage;
    data->p_memsz = 3 * kPage;
    look("the file's end", kDataBase + kPage - 1);
    look("behind the file's end", kDataBase + kPage);
}

static void positions(void) {
    begin_file(ET_DYN);
    try_file("as it is");
    WITH(file.segments[0].p_align, 1 << 16);
    WITH(file.segments[1].p_align, 1 << 21);
    WITH(file.segments[1].p_align, 3 << 16);
    WITH(file.segments[1].p_align, 0);
    WITH(file.header.e_phoff, kPage);
    file.segments[0].p_vaddr += 1 << 20;
    file.segments[1].p_vaddr += 1 << 20;
    file.header.e_entry += 1 << 20;
    try_file("not from 0");
    WITH(file.header.e_entry, (1UL << 48) - 4);
    WITH(file.segments[1].p_vaddr, 1L << 47);
    const Elf64_Phdr first = file.segments[0];
    file.segments[0] = file.segments[1];
    file.segments[1] = first;
    try_file("the higher one first");
}

static void add_segment(uint32_t type, uint64_t offset, uint64_t size) {
    file.segments[file.header.e_phnum++] =
        (Elf64_Phdr){.p_type = type, .p_flags = PF_R, .p_offset = offset, .p_filesz = size};
}

// The path is in the data.
static void with_interpreter(const char* what, const char* path, uint64_t size) {
    begin_file(ET_EXEC);
    strcpy((char*)file.data, path);
    add_segment(PT_INTERP, kPage, size);
    try_file(what);
}

static void make_interpreter(uint16_t type) {
    begin_file(type);
    file.header.e_entry += 4;
    set_code(0);
    memmove(file.code + 4, file.code, ending_size);
    file.segments[0].p_vaddr += type == ET_EXEC ? 1 << 24 : 0;
    file.segments[1].p_vaddr += type == ET_EXEC ? 1 << 24 : 0;
    file.header.e_entry += type == ET_EXEC ? 1 << 24 : 0;
}

static void interpreters(void) {
    make_interpreter(ET_DYN);
    write_file("dynamic", sizeof(file));
    make_interpreter(ET_EXEC);
    write_file("fixed", sizeof(file));
    file.header.e_machine = EM_386;
    write_file("foreign", sizeof(file));
    write_file("short", sizeof(Elf64_Ehdr) - 1);
    write_file("closed", sizeof(file));
    chmod("closed", 0644);
    make_interpreter(ET_DYN);
    file.header.e_phnum = 0;
    write_file("empty", sizeof(file));
    make_interpreter(ET_DYN);
    file.segments[1].p_filesz = 4 * kPage;
    write_file("broken", sizeof(file));
    with_interpreter("dynamic", "dynamic", 8);
    with_interpreter("fixed", "fixed", 6);
    with_interpreter("foreign", "foreign", 8);
    with_interpreter("short", "short", 6);
    with_interpreter("closed", "closed", 7);
    with_interpreter("without segments", "empty", 6);
    with_interpreter("broken", "broken", 7);
    with_interpreter("none", "/nothing", 9);
    with_interpreter("a directory", "/tmp", 5);
    with_interpreter("no NUL", "dynamic", 7);
    with_interpreter("no path", "", 1);
    with_interpreter("an empty path", "", 2);
    with_interpreter("more behind the NUL", "dynamic\0x", 10);
    with_interpreter("long", "dynamic", 4096);
    with_interpreter("too long", "dynamic", 4097);
    begin_file(ET_EXEC);
    add_segment(PT_INTERP, 3 * kPage, 8);
    try_file("beyond the file");
    begin_file(ET_DYN);
    strcpy((char*)file.data, "fixed");
    strcpy((char*)file.data + 8, "none");
    add_segment(PT_INTERP, kPage, 6);
    add_segment(PT_INTERP, kPage + 8, 5);
    try_file("two, of which the first counts");
}

static void stacks(void) {
    begin_file(ET_EXEC);
    memcpy(file.code, stack_code, stack_size);
    try_file("says nothing of the stack");
    add_segment(PT_GNU_STACK, 0, 0);
    try_file("no instructions on the stack");
    file.segments[2].p_flags = PF_R | PF_W | PF_X;
    try_file("instructions on the stack");
    file.segments[2].p_flags = PF_X;
    try_file("only instructions on the stack");
    add_segment(PT_GNU_STACK, 0, 0);
    try_file("says it twice");
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"headers", headers},           {"segments", segments},
                                                   {"contents", contents},         {"positions", positions},
                                                   {"interpreters", interpreters}, {"stacks", stacks}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
