// What a program finds around it: names of the machine, its arguments and environment, limits.
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[8192];

static void show(const char* path) {
    const int fd = open(path, O_RDONLY);
    const ssize_t size = read(fd, buffer, sizeof(buffer) - 1);
    printf("%s: %zd:", path, size);
    for (ssize_t i = 0; i < size; ++i) {
        putchar(buffer[i] == 0 ? '|' : buffer[i]);
    }
    printf("\n");
    close(fd);
}

static void show_names(void) {
    struct utsname names;
    TRY(uname(&names));
    printf("%s %s %s\n", names.nodename, names.domainname, names.machine);
}

static void names(void) {
    show_names();
    TRY(sethostname("box", 3));
    TRY(setdomainname("example.org", 11));
    show_names();
    TRY(sethostname("box\0more", 8));
    TRY(sethostname("", 0));
    show_names();
    memset(buffer, 'h', 100);
    TRY(sethostname(buffer, 64));
    show_names();
    TRY(sethostname(buffer, 65));
    TRY(syscall(SYS_sethostname, buffer, -1L));
    TRY(sethostname(kBadAddress, 3));
    TRY(setdomainname(kBadAddress, 0));
    TRY(syscall(SYS_uname, kBadAddress));
    show("/proc/sys/kernel/hostname");
    TRY(sethostname("(none)", 6));
    TRY(setdomainname("(none)", 6));
    if (fork() == 0) {
        setresuid(30, 30, 30);
        TRY(sethostname("x", 1));
        TRY(syscall(SYS_setdomainname, "x", -1L));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    TRY(personality(0xffffffff));
    TRY(personality(PER_LINUX | ADDR_NO_RANDOMIZE));
    TRY(personality(0xffffffff));
    show("/proc/self/personality");
}

static void words(void) {
    show("/proc/self/environ");
    show("/proc/self/cmdline");
    show("/proc/self/comm");
    setenv("NEW", "value", 1);
    show("/proc/self/environ");
    TRY(prctl(PR_SET_NAME, "a new name that is long"));
    show("/proc/self/comm");
    TRY(prctl(PR_GET_NAME, buffer));
    TRY(prctl(PR_SET_NAME, kBadAddress));
    TRY(prctl(PR_GET_NAME, kBadAddress));
    show("/proc/self/cmdline");
    TRY(readlink("/proc/self/cwd", buffer, sizeof(buffer)));
    printf("%lu %lu %lu\n", getauxval(AT_PAGESZ), getauxval(AT_CLKTCK), getauxval(AT_SECURE));
    if (fork() == 0) {
        char* const arguments[] = {"first", "", "third word", NULL};
        char* const environment[] = {"A=1", "EMPTY=", "NOT-A-VARIABLE", NULL};
        if (getenv("STEP") == NULL) {
            execve("/proc/self/exe", arguments, environment);
        }
        _exit(1);
    }
    int status = 0;
    wait(&status);
    printf("%d\n", WEXITSTATUS(status));
}

static void limits(void) {
    static const int kKinds[] = {RLIMIT_CPU,
                                 RLIMIT_FSIZE,
                                 RLIMIT_DATA,
                                 RLIMIT_STACK,
                                 RLIMIT_CORE,
                                 RLIMIT_RSS,
                                 RLIMIT_NOFILE,
                                 RLIMIT_MEMLOCK,
                                 RLIMIT_AS,
                                 RLIMIT_LOCKS,
                                 RLIMIT_MSGQUEUE,
                                 RLIMIT_NICE,
                                 RLIMIT_RTPRIO,
                                 RLIMIT_RTTIME,
                                 16,
                                 -1};
    for (size_t i = 0; i < sizeof(kKinds) / sizeof(kKinds[0]); ++i) {
        struct rlimit limit = {0};
        printf("%d\n", kKinds[i]);
        TRY(getrlimit(kKinds[i], &limit));
        printf("%lx %lx\n", (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
        const struct rlimit lower = {.rlim_cur = limit.rlim_cur, .rlim_max = limit.rlim_cur};
        TRY(prlimit(0, kKinds[i], &lower, &limit));
        const struct rlimit wrong = {.rlim_cur = 5, .rlim_max = 4};
        TRY(setrlimit(kKinds[i], &wrong));
    }
    struct rlimit limit;
    TRY(prlimit(getpid(), RLIMIT_CORE, NULL, &limit));
    TRY(prlimit(999999, RLIMIT_CORE, NULL, &limit));
    TRY(syscall(SYS_prlimit64, 0, RLIMIT_CORE, kBadAddress, NULL));
    TRY(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, kBadAddress));
    TRY(syscall(SYS_getrlimit, RLIMIT_CORE, kBadAddress));
    const struct rlimit many = {.rlim_cur = 1 << 20, .rlim_max = (1 << 20) + 1};
    TRY(setrlimit(RLIMIT_NOFILE, &many));
    if (fork() == 0) {
        setresuid(30, 30, 30);
        const struct rlimit higher = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY};
        TRY(setrlimit(RLIMIT_NOFILE, &higher));
        TRY(prlimit(1, RLIMIT_NOFILE, NULL, &limit));
        TRY(prlimit(getppid(), RLIMIT_NOFILE, &limit, NULL));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"machine-names", names}, {"words", words}, {"limits", limits}};
    if (count == 3 && strcmp(arguments[0], "first") == 0) {
        show("/proc/self/cmdline");
        show("/proc/self/environ");
        return 7;
    }
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
