// How clone and clone3 say who was born: in the parent's memory, in the child's, and as a descriptor.
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait_for(pid_t child) {
    int status = -1;
    waitpid(child, &status, 0);
    printf("status %d\n", WEXITSTATUS(status));
}

// A copy of this process by clone3, which ends with 7 if it finds its own number where it was asked for.
static void by_clone3(uint64_t flags) {
    pid_t* const tids = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int pidfd = -1;
    pid_t parent_tid = -1;
    struct clone_args arguments = {.flags = flags,
                                   .pidfd = (uintptr_t)&pidfd,
                                   .child_tid = (uintptr_t)tids,
                                   .parent_tid = (uintptr_t)&parent_tid,
                                   .exit_signal = SIGCHLD};
    const pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
    if (child == 0) {
        const int asked = (flags & CLONE_CHILD_SETTID) != 0;
        _exit(!asked || tids[0] == (pid_t)syscall(SYS_gettid) ? 7 : 8);
    }
    wait_for(child);
    printf("clone3 %#lx: parent's tid %s, pidfd %s\n", (unsigned long)flags,
           parent_tid == child ? "right"
           : parent_tid == -1  ? "untouched"
                               : "wrong",
           pidfd == -1  ? "untouched"
           : pidfd >= 3 ? "open"
                        : "wrong");
    if (pidfd >= 0) {
        close(pidfd);
    }
    munmap(tids, 4096);
}

// clone has one place for a tid or a pidfd.
static void by_clone(unsigned long flags) {
    int told = -1;
    const pid_t child = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, &told, NULL, NULL);
    if (child == 0) {
        _exit(9);
    }
    wait_for(child);
    printf("clone %#lx: told %s\n", flags,
           told == -1      ? "nothing"
           : told == child ? "the tid"
           : told >= 3     ? "a descriptor"
                           : "something wrong");
    if ((flags & CLONE_PIDFD) != 0 && told >= 0) {
        close(told);
    }
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    by_clone3(0);
    by_clone3(CLONE_PARENT_SETTID);
    by_clone3(CLONE_PIDFD);
    by_clone3(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_PIDFD);
    by_clone(0);
    by_clone(CLONE_PARENT_SETTID);
    by_clone(CLONE_PIDFD);
    return 0;
}
