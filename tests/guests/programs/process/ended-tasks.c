// What calls and /proc say of tasks that have ended and have not been waited for, of threads by their
// numbers, and of descriptors that stand for processes.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../behaviours.h"

static int thread_number;

static void show(const char* what, long result) {
    printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : result == 0 ? "0" : "more");
    fflush(stdout);
}

static char* path_of(int id, const char* entry) {
    static char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", id, entry);
    return path;
}

static long send_info(int id, int signal, int code) {
    siginfo_t info = {.si_signo = signal, .si_code = code};
    return syscall(SYS_rt_sigqueueinfo, id, signal, &info);
}

static void ask_about(const char* title, int id) {
    printf("-- %s\n", title);
    show("kill", kill(id, 0));
    show("kill, no such signal", kill(id, 65));
    show("tkill", syscall(SYS_tkill, id, SIGUSR1));
    show("tgkill in another group", syscall(SYS_tgkill, 1, id, 0));
    show("rt_sigqueueinfo", send_info(id, 0, SI_QUEUE));
    show("getpgid", getpgid(id) == getpgrp() ? 0 : -1);
    show("getsid", getsid(id) == getsid(0) ? 0 : -1);
    show("getpriority", getpriority(PRIO_PROCESS, id));
    show("sched_getscheduler", sched_getscheduler(id));
    struct sched_param parameter;
    show("sched_getparam", sched_getparam(id, &parameter));
    struct rlimit limit;
    show("prlimit", prlimit(id, RLIMIT_NOFILE, NULL, &limit));
    const int pidfd = (int)syscall(SYS_pidfd_open, id, 0);
    show("pidfd_open", pidfd);
    struct pollfd polled = {.fd = pidfd, .events = POLLIN};
    printf("readable: %d\n", poll(&polled, 1, 0));
    close(pidfd);
    char text[512];
    const int status = open(path_of(id, "stat"), O_RDONLY);
    show("stat", status);
    // A thread's state is not asked: it may be on its way to sleep.
    if (status >= 0 && id != thread_number) {
        text[read(status, text, sizeof(text) - 1)] = '\0';
        printf("state %c\n", strrchr(text, ')')[2]);
        close(status);
    }
    show("exe", readlink(path_of(id, "exe"), text, sizeof(text)));
    show("fd", open(path_of(id, "fd"), O_RDONLY | O_DIRECTORY));
    show("access to comm", access(path_of(id, "comm"), F_OK));
}

static void zombie(void) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(3);
    }
    siginfo_t info;
    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    printf("ended with %d\n", info.si_status);
    ask_about("zombie", child);
    const int directory = open(path_of(child, ""), O_RDONLY | O_DIRECTORY);
    struct stat attributes;
    fstatat(directory, "status", &attributes, 0);
    printf("status belongs to %u, mode %o\n", attributes.st_uid, attributes.st_mode);
    show("signal through the directory", syscall(SYS_pidfd_send_signal, directory, SIGTERM, NULL, 0));
    show("wait", waitpid(child, NULL, 0) == child ? 0 : -1);
    ask_about("reaped", child);
    show("entry of the old directory", openat(directory, "status", O_RDONLY));
    show("signal through the old directory", syscall(SYS_pidfd_send_signal, directory, 0, NULL, 0));
}

static int gate[2];

static void* wait_at_gate(void* argument) {
    char byte;
    (void)argument;
    thread_number = (int)syscall(SYS_gettid);
    write(gate[1], "s", 1);
    read(gate[0], &byte, 1);
    return NULL;
}

static void thread_numbers(void) {
    pthread_t thread;
    char byte;
    int started[2];
    pipe(started);
    pipe(gate);
    const int ready = gate[1];
    gate[1] = started[1];
    pthread_create(&thread, NULL, wait_at_gate, NULL);
    read(started[0], &byte, 1);
    ask_about("thread", thread_number);
    show("setpgid of a thread", setpgid(thread_number, 0));
    show("own code to another thread", send_info(thread_number, 0, SI_USER));
    show("own code to itself", send_info(getpid(), 0, SI_USER));
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%d", thread_number);
    const int directory = open(path, O_RDONLY | O_DIRECTORY);
    const int name = openat(directory, "comm", O_RDONLY);
    show("a thread's directory is no pidfd", syscall(SYS_pidfd_send_signal, directory, 0, NULL, 0));
    write(ready, "g", 1);
    pthread_join(thread, NULL);
    usleep(50000);  // it may be joined a little before it is gone
    show("its directory", access(path, F_OK));
    char text[16];
    show("its open name", read(name, text, sizeof(text)));
    show("an entry", openat(directory, "stat", O_RDONLY));
}

static void nonblocking_pidfd(void) {
    int ends[2];
    char byte;
    pipe(ends);
    const pid_t child = fork();
    if (child == 0) {
        read(ends[0], &byte, 1);
        _exit(4);
    }
    const int pidfd = (int)syscall(SYS_pidfd_open, child, O_NONBLOCK);
    siginfo_t info = {0};
    show("waitid would wait", waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED));
    show("waitid WNOHANG", waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG));
    fcntl(pidfd, F_SETFL, 0);
    write(ends[1], "x", 1);
    show("waitid waits", waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED));
    printf("status %d\n", info.si_status);
    show("waitid of nobody", waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED));
    show("waitid of no descriptor", waitid(P_PIDFD, (id_t)-1, &info, WEXITED));
    show("waitid of a directory", waitid(P_PIDFD, (id_t)open("/proc/self", O_RDONLY), &info, WEXITED));
}

static void inode_numbers(void) {
    const char* const paths[] = {"/proc/self/stat", "/proc/self/fd/0", "/proc/self/task", "/proc/self/exe",
                                 "/proc/thread-self/comm"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct stat first;
        struct stat second;
        lstat(paths[i], &first);
        lstat(paths[i], &second);
        printf("%s: %s\n", paths[i], first.st_ino == second.st_ino ? "one inode" : "two inodes");
    }
}

static void* outlive_leader(void* argument) {
    char text[256];
    (void)argument;
    const int leader = getpid();
    int task = open("/proc/self/task", O_RDONLY | O_DIRECTORY);
    usleep(50000);
    const int state = open(path_of(leader, "stat"), O_RDONLY);
    text[read(state, text, sizeof(text) - 1)] = '\0';
    printf("the leader is %c\n", strrchr(text, ')')[2]);
    show("kill of the leader", kill(leader, 0));
    show("tgkill of the leader", syscall(SYS_tgkill, leader, leader, SIGUSR1));
    show("its priority", setpriority(PRIO_PROCESS, (id_t)leader, 3));
    printf("now %d, mine %d\n", getpriority(PRIO_PROCESS, (id_t)leader), getpriority(PRIO_PROCESS, 0));
    DIR* threads = fdopendir(task);
    int count = 0;
    while (readdir(threads) != NULL) {
        count++;
    }
    printf("entries of task: %d\n", count);
    show("its cwd", readlink(path_of(leader, "cwd"), text, sizeof(text)));
    const int maps = open(path_of(leader, "maps"), O_RDONLY);
    show("its maps", read(maps, text, sizeof(text)));
    syscall(SYS_exit, 9);
    return NULL;
}

static void leader_first(void) {
    const pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, outlive_leader, NULL);
        syscall(SYS_exit, 5);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("status %x\n", status);
}

int main(int count, char** arguments) {
    signal(SIGUSR1, SIG_IGN);
    static const struct Behaviour kBehaviours[] = {{"zombie", zombie},
                                                   {"threads", thread_numbers},
                                                   {"pidfd", nonblocking_pidfd},
                                                   {"inodes", inode_numbers},
                                                   {"leader", leader_first}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
