// Core files: which signals leave one, what keeps it from being written, its name, its size and what stands
// in it.
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static void set_text(const char* path, const char* text) {
    const int fd = open(path, O_WRONLY | O_TRUNC);
    TRY(write(fd, text, strlen(text)));
    close(fd);
}

static void set_pattern(const char* text) {
    set_text("/proc/sys/kernel/core_pattern", text);
}

static void limit_core(rlim_t most) {
    const struct rlimit limit = {.rlim_cur = most, .rlim_max = RLIM_INFINITY};
    setrlimit(RLIMIT_CORE, &limit);
}

static void start(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    limit_core(RLIM_INFINITY);
    set_pattern("core\n");
}

static void show_file(const char* name) {
    struct stat status;
    if (lstat(name, &status) != 0) {
        printf("  no %s\n", name);
        return;
    }
    printf("  %s: mode %o, owner %u, more than a page %d\n", name, status.st_mode, status.st_uid,
           status.st_size > 4096);
    unlink(name);
}

// How a child ends that does something and aborts. Result: its number.
static pid_t abort_after(const char* what, void (*prepare)(void)) {
    const pid_t child = fork();
    if (child == 0) {
        if (prepare != NULL) {
            prepare();
        }
        abort();
    }
    siginfo_t info;
    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    int status = 0;
    waitpid(child, &status, 0);
    printf("%s: code %d, status %x, signal %d, core %d\n", what, info.si_code, (unsigned)status,
           WTERMSIG(status), WCOREDUMP(status) != 0);
    return child;
}

static void signals(void) {
    start();
    static const int kSignals[] = {SIGHUP,  SIGINT,    SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,    SIGFPE,
                                   SIGKILL, SIGUSR1,   SIGSEGV, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGXCPU,
                                   SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO,   SIGPWR,  SIGSYS};
    for (size_t i = 0; i < sizeof(kSignals) / sizeof(*kSignals); i++) {
        const pid_t child = fork();
        if (child == 0) {
            kill(getpid(), kSignals[i]);
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        printf("signal %d: status %x, file %d\n", kSignals[i], (unsigned)status, unlink("core") == 0);
    }
    limit_core(4095);
    abort_after("less than a page", NULL);
    show_file("core");
    limit_core(0);
    abort_after("none", NULL);
    show_file("core");
}

static void fault(void) {
    *(volatile int*)kBadAddress = 1;
}
static void hide(void) {
    prctl(PR_SET_DUMPABLE, 0);
}
static void mask_nothing_needed(void) {
    umask(077);
}
static void mask_writing(void) {
    umask(0200);
}
static void become_user(void) {
    (void)!setuid(1000);
}
static void become_open_user(void) {
    (void)!setuid(1000);
    prctl(PR_SET_DUMPABLE, 1);
}
static void limit_files(void) {
    const struct rlimit limit = {.rlim_cur = 8192, .rlim_max = 8192};
    setrlimit(RLIMIT_FSIZE, &limit);
}
static void limit_to_some_pages(void) {
    limit_core(20000);
}

static void refusals(void) {
    start();
    abort_after("a fault", fault);
    show_file("core");
    abort_after("not dumpable", hide);
    show_file("core");
    abort_after("umask 077", mask_nothing_needed);
    show_file("core");
    abort_after("umask 0200", mask_writing);
    show_file("core");
    abort_after("another user", become_user);
    show_file("core");
    abort_after("another user, who may not write here", become_open_user);
    show_file("core");
    chmod(".", 0777);
    abort_after("another user, who may", become_open_user);
    show_file("core");
    mkdir("core", 0700);
    abort_after("a directory of the name", NULL);
    rmdir("core");
    TRY(symlink("target", "core"));
    abort_after("a link", NULL);
    show_file("core");
    show_file("target");
    mkfifo("core", 0600);
    abort_after("a pipe", NULL);
    show_file("core");
    const int old = open("core", O_CREAT | O_RDWR, 0644);
    abort_after("an old core", NULL);
    struct stat status;
    fstat(old, &status);
    printf("  the old one: links %d, size %d\n", (int)status.st_nlink, (int)status.st_size);
    show_file("core");
    abort_after("RLIMIT_FSIZE", limit_files);
    show_file("core");
    abort_after("RLIMIT_CORE of five pages", limit_to_some_pages);
    stat("core", &status);
    printf("  less than that %d\n", status.st_size <= 20000);
    show_file("core");
}

static void rename_to_path(void) {
    prctl(PR_SET_NAME, "a/b");
}
static void rename_to_dots(void) {
    prctl(PR_SET_NAME, "..");
}
static void rename_to_nothing(void) {
    prctl(PR_SET_NAME, "");
}

static void show_numbered(const char* form, pid_t child) {
    char name[64];
    snprintf(name, sizeof(name), form, child);
    printf("  %s: %d\n", form, unlink(name) == 0);
}

static void names(void) {
    start();
    set_pattern("x%%y%");
    abort_after("percent", NULL);
    show_file("x%y");
    set_pattern("%e.%s.%u.%g.%d.%c.%q.%f");
    abort_after("fields", NULL);
    show_file("core-files.6.0.0.1.18446744073709551615..core-files");
    set_pattern("%e-%E");
    abort_after("the program's path", NULL);
    show_file("core-files-!bin!core-files");
    abort_after("a name that is a path", rename_to_path);
    show_file("a!b-!bin!core-files");
    set_pattern("%e");
    abort_after("a name of dots", rename_to_dots);
    show_file("!.");
    abort_after("no name", rename_to_nothing);
    show_file("!");
    set_pattern("missing/%e");
    abort_after("no directory", NULL);
    set_pattern("\n");
    abort_after("no pattern", NULL);
    show_numbered("core.%d", abort_after("core", NULL));
    set_pattern("q%p\n");
    show_numbered("q%d", abort_after("number", NULL));
    set_text("/proc/sys/kernel/core_uses_pid", "1\n");
    show_numbered("q%d", abort_after("number", NULL));
    set_pattern("core\n");
    show_numbered("core.%d", abort_after("number without a field", NULL));
    set_text("/proc/sys/kernel/core_uses_pid", "0\n");
}

static void suid_dumpable(void) {
    start();
    set_text("/proc/sys/fs/suid_dumpable", "2\n");
    abort_after("root's, at a path that has no start", become_user);
    show_file("core");
    set_text("/proc/sys/fs/suid_dumpable", "1\n");
    chmod(".", 0777);
    abort_after("the user's", become_user);
    show_file("core");
    set_text("/proc/sys/fs/suid_dumpable", "3\n");
    set_text("/proc/sys/fs/suid_dumpable", "0\n");
    TRY(prctl(PR_SET_DUMPABLE, 2));
    TRY(prctl(PR_GET_DUMPABLE));
    set_pattern("core\n");
}

// The text that children write into memory of several kinds, made where it runs: it does not stand in the
// program.
static char secret[32];

static char* fill(char* memory, char kind) {
    snprintf(memory, 64, "%s-%c", secret, kind);
    return memory;
}

static void use_memory(void) {
    enum { kSize = 8192 };
    static const int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    for (size_t i = 0; i < sizeof(secret) - 1; i++) {
        secret[i] = (char)('A' + (i * 7) % 26);
    }
    fill(mmap(NULL, kSize, PROT_READ | PROT_WRITE, kAnonymous, -1, 0), 'p');
    fill(mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 's');
    char* hidden = fill(mmap(NULL, kSize, PROT_READ | PROT_WRITE, kAnonymous, -1, 0), 'h');
    madvise(hidden, kSize, MADV_DONTDUMP);
    char* shown = fill(mmap(NULL, kSize, PROT_READ | PROT_WRITE, kAnonymous, -1, 0), 'd');
    madvise(shown, kSize, MADV_DONTDUMP);
    madvise(shown, kSize, MADV_DODUMP);
    char* closed = fill(mmap(NULL, kSize, PROT_READ | PROT_WRITE, kAnonymous, -1, 0), 'c');
    mprotect(closed, kSize, PROT_NONE);
    const int file = open("data", O_CREAT | O_RDWR, 0600);
    (void)!ftruncate(file, kSize);
    fill(mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), 'f');
}

static void filter_nothing_out(void) {
    const int fd = open("/proc/self/coredump_filter", O_WRONLY);
    (void)!write(fd, "0x7f", 4);
    close(fd);
    use_memory();
}
static void filter_all_out(void) {
    const int fd = open("/proc/self/coredump_filter", O_WRONLY);
    (void)!write(fd, "0", 1);
    close(fd);
    use_memory();
}

// Which kinds of memory the file holds: the text with its last letter.
static void show_kinds(const char* bytes, size_t size) {
    printf("  memory:");
    char wanted[64];
    for (const char* kind = "pshdcf"; *kind != '\0'; kind++) {
        const int length = snprintf(wanted, sizeof(wanted), "%s-%c", secret, *kind);
        printf(" %c %d", *kind, memmem(bytes, size, wanted, (size_t)length + 1) != NULL);
    }
    printf("\n");
}

static void show_core(void) {
    for (size_t i = 0; i < sizeof(secret) - 1; i++) {
        secret[i] = (char)('A' + (i * 7) % 26);
    }
    const int fd = open("core", O_RDONLY);
    struct stat status;
    fstat(fd, &status);
    const size_t size = (size_t)status.st_size;
    const char* bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    const Elf64_Ehdr* header = (const Elf64_Ehdr*)bytes;
    const Elf64_Phdr* parts = (const Elf64_Phdr*)(bytes + header->e_phoff);
    printf("  type %d machine %d entry size %d first part %d\n", header->e_type, header->e_machine,
           header->e_phentsize, parts[0].p_type);
    const char* note = bytes + parts[0].p_offset;
    const char* end = note + parts[0].p_filesz;
    while (note < end) {
        const Elf64_Nhdr* head = (const Elf64_Nhdr*)note;
        const char* name = note + sizeof(*head);
        printf("  note %s %x%s", name, head->n_type, head->n_type == NT_FILE ? "\n" : " ");
        if (head->n_type != NT_FILE) {
            printf("%u\n", head->n_descsz);
        }
        note = name + (head->n_namesz + 3) / 4 * 4 + (head->n_descsz + 3) / 4 * 4;
    }
    int loads = 0;
    for (int i = 1; i < header->e_phnum; i++) {
        loads +=
            parts[i].p_type == PT_LOAD && parts[i].p_align == 4096 && parts[i].p_filesz <= parts[i].p_memsz;
    }
    printf("  all parts are right %d\n", loads == header->e_phnum - 1);
    show_kinds(bytes, size);
    close(fd);
    unlink("core");
}

static void contents(void) {
    start();
    abort_after("as usual", use_memory);
    show_core();
    abort_after("all", filter_nothing_out);
    show_core();
    abort_after("nothing", filter_all_out);
    show_core();
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"signals", signals},
                                                   {"refusals", refusals},
                                                   {"names", names},
                                                   {"suid", suid_dumpable},
                                                   {"contents", contents}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours),
                         count > 1 ? arguments[1] : NULL);
}
