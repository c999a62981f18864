// How one program becomes another: scripts and their limits, what the new program is told, what it keeps and
// loses, the order of errors, and that a program that runs cannot be written.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../behaviours.h"

static char self[256];

static void show(const char* what, long result) {
    printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "0");
    fflush(stdout);
}

static void make(const char* path, const void* text, size_t size, mode_t mode) {
    unlink(path);
    const int file = open(path, O_CREAT | O_WRONLY, 0700);
    write(file, text, size);
    fchmod(file, mode);
    close(file);
}

static void copy_self(const char* path) {
    static char buffer[1 << 16];
    const int from = open(self, O_RDONLY);
    const int to = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0755);
    ssize_t size;
    while ((size = read(from, buffer, sizeof(buffer))) > 0) {
        write(to, buffer, (size_t)size);
    }
    close(from);
    close(to);
}

static void run(const char* what, const char* path, char** arguments, char** environment) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        execve(path, arguments, environment);
        show(what, -1);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static char* const kShown[] = {"called", "show", NULL};

static void run_script(const char* what, const char* text, size_t size) {
    make("script", text, size, 0755);
    run(what, "./script", (char**)kShown, NULL);
}

static void scripts(void) {
    char text[512];
    char path[16];
    char what[32];
    run_script("with an argument", text, (size_t)sprintf(text, "#! %s  one two \n", self));
    run_script("no newline", text, (size_t)sprintf(text, "#!%s", self));
    run_script("a blank at the end", text, (size_t)sprintf(text, "#!%s ", self));
    run_script("a NUL in it", text, (size_t)sprintf(text, "#!%s x%cy\n", self, 0));
    run_script("no interpreter", "#! \n", 4);
    run_script("nothing behind", "#!", 2);
    run_script("missing", "#!/none\n", 8);
    run_script("a directory", "#!/tmp\n", 7);
    memset(text, 'l', sizeof(text));
    memcpy(text, "#!/", 3);
    run_script("a name that is cut", text, 300);
    memset(text, ' ', sizeof(text));
    memcpy(text, "#!", 2);
    memcpy(text + 2, self, strlen(self));
    run_script("an argument beyond the end", text, 400);
    for (int depth = 1; depth <= 6; depth++) {
        sprintf(path, "s%d", depth);
        const int size = depth == 1 ? sprintf(text, "#!%s\n", self) : sprintf(text, "#!s%d\n", depth - 1);
        make(path, text, (size_t)size, 0755);
        sprintf(what, "depth %d", depth);
        run(what, path, (char**)kShown, NULL);
    }
}

static void errors(void) {
    char* const bad = (char*)8;
    static char large[200000];
    memset(large, 'x', sizeof(large) - 1);
    char* large_one[] = {large, NULL};
    char* bad_then_large[] = {bad, large, NULL};
    char* bad_one[] = {bad, NULL};
    run("missing file, bad argv", "none", (char**)bad, NULL);
    run("missing file, large argument", "none", large_one, NULL);
    run("bad environment first", self, large_one, bad_one);
    run("last argument first", self, bad_then_large, NULL);
    run("empty path, bad argv", "", (char**)bad, NULL);
    large[131072] = '\0';
    run("a string of 131072", self, large_one, NULL);
    show("unknown flags", syscall(SYS_execveat, AT_FDCWD, self, kShown, NULL, 4));
    show("no descriptor", syscall(SYS_execveat, 99, "", kShown, NULL, AT_EMPTY_PATH));
    make("empty", "", 0, 0755);
    run("empty file", "empty", (char**)kShown, NULL);
    make("short", "\177ELF", 4, 0755);
    run("short file", "short", (char**)kShown, NULL);
}

static void by_descriptor(void) {
    char text[300];
    make("script", text, (size_t)sprintf(text, "#!%s\n", self), 0755);
    for (int closes = 0; closes < 2; closes++) {
        if (fork() == 0) {
            const int file = open("script", O_RDONLY | (closes ? O_CLOEXEC : 0));
            dup3(file, 20, closes ? O_CLOEXEC : 0);
            show("script by descriptor", syscall(SYS_execveat, 20, "", kShown, NULL, AT_EMPTY_PATH));
            _exit(0);
        }
        wait(NULL);
    }
    if (fork() == 0) {
        const int file = memfd_create("program", MFD_CLOEXEC);
        const int from = open(self, O_RDONLY);
        struct stat attributes;
        fstat(from, &attributes);
        copy_file_range(from, NULL, file, NULL, (size_t)attributes.st_size, 0);
        char* memory = mmap(NULL, (size_t)attributes.st_size, PROT_READ, MAP_PRIVATE, from, 0);
        pwrite(file, memory, (size_t)attributes.st_size, 0);
        dup3(file, 21, O_CLOEXEC);
        show("memory file", syscall(SYS_execveat, 21, "", kShown, NULL, AT_EMPTY_PATH));
        _exit(0);
    }
    wait(NULL);
}

static void writers(void) {
    copy_self("copy");
    const int writer = open("copy", O_WRONLY);
    run("open for writing", "./copy", (char**)kShown, NULL);
    close(writer);
    const int mapped = open("copy", O_RDWR);
    void* shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED, mapped, 0);
    close(mapped);
    run("mapped by a writer", "./copy", (char**)kShown, NULL);
    munmap(shared, 4096);
    run("no writer", "./copy", (char*[]){"called", "write", NULL}, NULL);
}

// The copy speaks.
static int write_myself(void) {
    show("write", open("/proc/self/exe", O_WRONLY));
    show("truncate", truncate("copy", 0));
    show("O_TRUNC", open("copy", O_RDONLY | O_TRUNC));
    show("read", open("copy", O_RDONLY));
    show("chmod", chmod("copy", 0700));
    show("unlink", unlink("copy"));
    return 0;
}

static int show_state(void) {
    int death = 0;
    stack_t stack;
    struct sigaction handled;
    struct sigaction ignored;
    sigset_t blocked;
    char name[16];
    prctl(PR_GET_PDEATHSIG, &death);
    prctl(PR_GET_NAME, name);
    sigaltstack(NULL, &stack);
    sigaction(SIGUSR1, NULL, &handled);
    sigaction(SIGUSR2, NULL, &ignored);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    printf(
        "name %s, death %d, stack %d, handled %d, ignored %d, blocked %d, dumpable %d, keeps %d, slack %d, "
        "subreaper %d, descriptor %s, threads of %s\n",
        name, death, stack.ss_flags, handled.sa_handler != SIG_DFL, ignored.sa_handler == SIG_IGN,
        sigismember(&blocked, SIGHUP), prctl(PR_GET_DUMPABLE), prctl(PR_GET_KEEPCAPS),
        prctl(PR_GET_TIMERSLACK), prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0),
        fcntl(30, F_GETFD) < 0 ? "closed" : "open",
        getpid() == syscall(SYS_gettid) ? "the leader" : "another");
    return 0;
}

static void* become(void* argument) {
    (void)argument;
    execl(self, "state", (char*)NULL);
    return NULL;
}

static void kept_and_lost(void) {
    if (fork() == 0) {
        static char memory[65536];
        const stack_t stack = {.ss_sp = memory, .ss_size = sizeof(memory)};
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGHUP);
        sigprocmask(SIG_BLOCK, &set, NULL);
        sigaltstack(&stack, NULL);
        signal(SIGUSR1, (void (*)(int))exit);
        signal(SIGUSR2, SIG_IGN);
        prctl(PR_SET_NAME, "another");
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        prctl(PR_SET_DUMPABLE, 0);
        prctl(PR_SET_KEEPCAPS, 1);
        prctl(PR_SET_TIMERSLACK, 77);
        prctl(PR_SET_TAGGED_ADDR_CTRL, 1, 0, 0, 0);
        dup3(0, 30, O_CLOEXEC);
        pthread_t thread;
        pthread_create(&thread, NULL, become, NULL);
        pthread_join(thread, NULL);
        _exit(1);
    }
    wait(NULL);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        setresuid(1000, 1000, 1000);
        execl(self, "state", (char*)NULL);
        show("as a user", -1);
        _exit(1);
    }
    wait(NULL);
}

int main(int count, char** arguments) {
    self[readlink("/proc/self/exe", self, sizeof(self) - 1)] = '\0';
    if (count > 1 && strcmp(arguments[1], "write") == 0) {
        setvbuf(stdout, NULL, _IOLBF, 0);
        return write_myself();
    }
    if (strcmp(arguments[0], "state") == 0) {
        return show_state();
    }
    const char* const called = (const char*)getauxval(AT_EXECFN);
    if (strcmp(called, self) != 0 || strcmp(arguments[0], "show") == 0 ||
        strcmp(arguments[0], "called") == 0) {
        printf("%d arguments of %s:", count, called);
        for (int i = 0; i < count && i < 8; i++) {
            printf(" [%.20s]", arguments[i]);
        }
        printf("\n");
        return 0;
    }
    chdir("/tmp");
    static const struct Behaviour kBehaviours[] = {{"scripts", scripts},
                                                   {"errors", errors},
                                                   {"descriptors", by_descriptor},
                                                   {"writers", writers},
                                                   {"kept", kept_and_lost}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
