#define _GNU_SOURCE
#include <asm/ptrace.h>
#include <fcntl.h>
#include <linux/elf.h>
#include <linux/ptrace.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/case.h"

// The raw call: libc's has results of its own.
static long trace(long request, pid_t task, unsigned long address, unsigned long data) {
    return syscall(SYS_ptrace, request, task, address, data);
}

#define ADDRESS(object) ((unsigned long)(object))

static int wait_for(pid_t task) {
    int status = 0;
    CHECK_EQUAL(waitpid(task, &status, __WALL), task);
    return status;
}

static int stop_status(int event, int signal) {
    return event << 16 | signal << 8 | 0x7f;
}

static pid_t stopped_child(void (*next)(void)) {
    const pid_t child = fork();
    if (child == 0) {
        trace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        next();
        _exit(0);
    }
    CHECK_EQUAL(wait_for(child), stop_status(0, SIGSTOP));
    return child;
}

static pid_t sleeping_child(void) {
    const pid_t child = fork();
    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    return child;
}

static struct user_pt_regs registers_of(pid_t task) {
    struct user_pt_regs registers;
    struct iovec vector = {&registers, sizeof(registers)};
    CHECK_EQUAL(trace(PTRACE_GETREGSET, task, NT_PRSTATUS, ADDRESS(&vector)), 0);
    CHECK_EQUAL(vector.iov_len, sizeof(registers));
    return registers;
}

static void nothing(void) {}

static void call_getppid(void) {
    _exit(syscall(SYS_getppid) == 77 && syscall(SYS_close, 99) == -1 ? 5 : 6);
}

CASE(tracers_ask_only_for_their_own) {
    const pid_t child = sleeping_child();
    CHECK_ERRNO(trace(PTRACE_CONT, 999999, 0, 0), ESRCH);
    CHECK_ERRNO(trace(PTRACE_CONT, child, 0, 0), ESRCH);
    CHECK_ERRNO(trace(PTRACE_SEIZE, getpid(), 0, 0), EPERM);
    CHECK_ERRNO(trace(PTRACE_SEIZE, child, 1, 0), EIO);
    CHECK_ERRNO(trace(PTRACE_SEIZE, child, 0, 1 << 30), EIO);
    CHECK_EQUAL(trace(PTRACE_SEIZE, child, 0, 0), 0);
    CHECK_ERRNO(trace(PTRACE_SEIZE, child, 0, 0), EPERM);
    CHECK_ERRNO(trace(PTRACE_ATTACH, child, 0, 0), EPERM);
    CHECK_ERRNO(trace(PTRACE_CONT, child, 0, 0), ESRCH);
    CHECK_EQUAL(trace(PTRACE_INTERRUPT, child, 0, 0), 0);
    CHECK_EQUAL(wait_for(child), stop_status(PTRACE_EVENT_STOP, SIGTRAP));
    CHECK_ERRNO(trace(PTRACE_SETOPTIONS, child, 0, 1 << 30), EINVAL);
    CHECK_ERRNO(trace(PTRACE_CONT, child, 0, 65), EIO);
    CHECK_ERRNO(trace(9999, child, 0, 0), EIO);
    CHECK_ERRNO(trace(PTRACE_DETACH, child, 0, 65), EIO);
    CHECK_EQUAL(trace(PTRACE_DETACH, child, 0, 0), 0);
    CHECK_ERRNO(trace(PTRACE_DETACH, child, 0, 0), ESRCH);
    kill(child, SIGTERM);
    CHECK_EQUAL(wait_for(child), SIGTERM);
}

CASE(system_calls_stop_twice) {
    const pid_t child = stopped_child(call_getppid);
    CHECK_EQUAL(trace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD), 0);
    struct ptrace_syscall_info info;
    // Until getppid, which is taken away, with a result of ours.
    for (info.entry.nr = 0; info.entry.nr != SYS_getppid;) {
        CHECK_EQUAL(trace(PTRACE_SYSCALL, child, 0, 0), 0);
        CHECK_EQUAL(wait_for(child), stop_status(0, SIGTRAP | 0x80));
        CHECK_EQUAL(trace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), ADDRESS(&info)), 80);
        CHECK_EQUAL(info.op, PTRACE_SYSCALL_INFO_ENTRY);
        CHECK_EQUAL(registers_of(child).regs[7], 0);
        if (info.entry.nr != SYS_getppid) {
            CHECK_EQUAL(trace(PTRACE_SYSCALL, child, 0, 0), 0);
            CHECK_EQUAL(wait_for(child), stop_status(0, SIGTRAP | 0x80));
            CHECK_EQUAL(registers_of(child).regs[7], 1);
        }
    }
    int number = -1;
    struct iovec vector = {&number, sizeof(number)};
    CHECK_EQUAL(trace(PTRACE_SETREGSET, child, NT_ARM_SYSTEM_CALL, ADDRESS(&vector)), 0);
    CHECK_EQUAL(trace(PTRACE_SYSCALL, child, 0, 0), 0);
    CHECK_EQUAL(wait_for(child), stop_status(0, SIGTRAP | 0x80));
    struct user_pt_regs registers = registers_of(child);
    registers.regs[0] = 77;
    struct iovec all = {&registers, sizeof(registers)};
    CHECK_EQUAL(trace(PTRACE_SETREGSET, child, NT_PRSTATUS, ADDRESS(&all)), 0);
    CHECK_EQUAL(trace(PTRACE_SYSCALL, child, 0, 0), 0);
    CHECK_EQUAL(wait_for(child), stop_status(0, SIGTRAP | 0x80));
    CHECK_EQUAL(trace(PTRACE_SYSCALL, child, 0, 0), 0);
    CHECK_EQUAL(wait_for(child), stop_status(0, SIGTRAP | 0x80));
    CHECK_EQUAL(trace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), ADDRESS(&info)), 33);
    CHECK_EQUAL(info.op, PTRACE_SYSCALL_INFO_EXIT);
    CHECK_EQUAL(info.exit.rval, -EBADF);
    CHECK_EQUAL(info.exit.is_error, 1);
    CHECK_EQUAL(trace(PTRACE_CONT, child, 0, 0), 0);
    CHECK_EQUAL(wait_for(child), 5 << 8);
}

static void raise_two(void) {
    signal(SIGUSR2, SIG_IGN);
    raise(SIGUSR2);
    raise(SIGUSR1);
}

CASE(signals_stop_and_may_be_replaced) {
    const pid_t child = stopped_child(raise_two);
    siginfo_t info;
    CHECK_EQUAL(trace(PTRACE_CONT, child, 0, 0), 0);
    CHECK_EQUAL(wait_for(child), stop_status(0, SIGUSR2));  // although it is ignored
    CHECK_EQUAL(trace(PTRACE_CONT, child, 0, SIGUSR2), 0);
    CHECK_EQUAL(wait_for(child), stop_status(0, SIGUSR1));
    CHECK_EQUAL(trace(PTRACE_GETSIGINFO, child, 0, ADDRESS(&info)), 0);
    CHECK_EQUAL(info.si_signo, SIGUSR1);
    CHECK_EQUAL(info.si_code, SI_TKILL);
    CHECK_EQUAL(info.si_pid, child);
    CHECK_EQUAL(trace(PTRACE_CONT, child, 0, SIGTERM), 0);
    CHECK_EQUAL(wait_for(child), SIGTERM);
}

CASE(group_stops_are_shown_and_kept) {
    const pid_t child = sleeping_child();
    siginfo_t info;
    CHECK_EQUAL(trace(PTRACE_SEIZE, child, 0, 0), 0);
    kill(child, SIGTSTP);
    CHECK_EQUAL(wait_for(child), stop_status(0, SIGTSTP));
    CHECK_EQUAL(trace(PTRACE_CONT, child, 0, SIGSTOP), 0);
    CHECK_EQUAL(wait_for(child), stop_status(PTRACE_EVENT_STOP, SIGSTOP));
    CHECK_EQUAL(trace(PTRACE_GETSIGINFO, child, 0, ADDRESS(&info)), 0);
    CHECK_EQUAL(info.si_code, PTRACE_EVENT_STOP << 8 | SIGSTOP);
    CHECK_EQUAL(trace(PTRACE_LISTEN, child, 0, 0), 0);
    CHECK_ERRNO(trace(PTRACE_CONT, child, 0, 0), ESRCH);
    CHECK_EQUAL(waitpid(child, NULL, WNOHANG), 0);
    kill(child, SIGCONT);
    CHECK_EQUAL(wait_for(child), stop_status(PTRACE_EVENT_STOP, SIGTRAP));
    CHECK_EQUAL(trace(PTRACE_CONT, child, 0, 0), 0);
    CHECK_EQUAL(wait_for(child), stop_status(0, SIGCONT));
    kill(child, SIGSTOP);
    CHECK_EQUAL(trace(PTRACE_CONT, child, 0, 0), 0);
    CHECK_EQUAL(wait_for(child), stop_status(0, SIGSTOP));
    CHECK_EQUAL(trace(PTRACE_DETACH, child, 0, SIGSTOP), 0);
    CHECK_EQUAL(waitpid(child, NULL, WUNTRACED), child);
    // A task that is stopped already shows so at once.
    CHECK_EQUAL(trace(PTRACE_SEIZE, child, 0, PTRACE_O_EXITKILL), 0);
    CHECK_EQUAL(wait_for(child), stop_status(PTRACE_EVENT_STOP, SIGSTOP));
    kill(child, SIGKILL);
    CHECK_EQUAL(wait_for(child), SIGKILL);
}

static void* end_with_5(void* argument) {
    syscall(SYS_exit, 5);
    return argument;
}

static void make_tasks(void) {
    pthread_t thread;
    if (fork() == 0) {
        _exit(1);
    }
    wait(NULL);
    pthread_create(&thread, NULL, end_with_5, NULL);
    pthread_join(thread, NULL);
}

// What comes next from any task: its event, and that with PTRACE_GETEVENTMSG.
static pid_t next_event(int* status, unsigned long* message) {
    const pid_t task = waitpid(-1, status, __WALL);
    CHECK(task > 0);
    *message = 0;
    if (WIFSTOPPED(*status)) {
        CHECK_EQUAL(trace(PTRACE_GETEVENTMSG, task, 0, ADDRESS(message)), 0);
        const int signal = *status >> 16 != 0 ? 0 : WSTOPSIG(*status);
        CHECK_EQUAL(trace(PTRACE_CONT, task, 0, (unsigned long)signal), 0);
    }
    return task;
}

CASE(new_tasks_are_traced_from_their_start) {
    const pid_t child = stopped_child(make_tasks);
    int status;
    unsigned long born = 0;
    unsigned long message;
    int ends = 0;
    CHECK_EQUAL(
        trace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT), 0);
    CHECK_EQUAL(trace(PTRACE_CONT, child, 0, 0), 0);
    int events[8] = {0};
    while (ends < 3) {
        const pid_t task = next_event(&status, &message);
        const int event = WIFSTOPPED(status) ? status >> 16 : 0;
        events[event & 7]++;
        if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_CLONE) {
            born = message;
        } else if (event == PTRACE_EVENT_EXIT) {
            CHECK(message == 0 || message == 0x100 || message == 0x500);
        } else if (WIFEXITED(status)) {
            // If the process has ended meanwhile, a thread has its status.
            const int expected = task == child ? 0 : ends == 0 ? 1 : 5;
            CHECK(WEXITSTATUS(status) == expected || (ends == 1 && WEXITSTATUS(status) == 0));
            CHECK(task == child || (unsigned long)task == born);
            ends++;
        }
    }
    CHECK_EQUAL(events[PTRACE_EVENT_FORK], 1);
    CHECK_EQUAL(events[PTRACE_EVENT_CLONE], 1);
    CHECK_EQUAL(events[PTRACE_EVENT_EXIT], 3);
    CHECK_ERRNO(waitpid(-1, NULL, __WALL), ECHILD);
}

CASE(a_parent_hears_of_an_end_after_the_tracer) {
    int channel[2];
    int status;
    siginfo_t info;
    CHECK_EQUAL(pipe(channel), 0);
    const pid_t parent = fork();
    if (parent == 0) {
        const pid_t child = sleeping_child();
        CHECK_EQUAL(write(channel[1], &child, sizeof(child)), sizeof(child));
        _exit(waitpid(child, &status, 0) == child && status == SIGKILL ? 0 : 1);
    }
    pid_t child;
    CHECK_EQUAL(read(channel[0], &child, sizeof(child)), sizeof(child));
    CHECK_EQUAL(trace(PTRACE_ATTACH, child, 0, 0), 0);
    CHECK_EQUAL(wait_for(child), stop_status(0, SIGSTOP));
    CHECK_EQUAL(trace(PTRACE_CONT, child, 0, 0), 0);
    kill(child, SIGKILL);
    CHECK_EQUAL(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    CHECK_EQUAL(info.si_code, CLD_KILLED);
    CHECK_EQUAL(waitpid(parent, &status, WNOHANG), 0);
    CHECK_EQUAL(wait_for(child), SIGKILL);
    CHECK_ERRNO(waitpid(child, &status, 0), ECHILD);
    CHECK_EQUAL(wait_for(parent), 0);
}

CASE(tracees_outlive_their_tracer_unless_it_asked) {
    const unsigned long options[] = {0, PTRACE_O_EXITKILL};
    for (int round = 0; round < 2; round++) {
        const pid_t child = sleeping_child();
        const pid_t tracer = fork();
        if (tracer == 0) {
            CHECK_EQUAL(trace(PTRACE_SEIZE, child, 0, options[round]), 0);
            CHECK_EQUAL(trace(PTRACE_INTERRUPT, child, 0, 0), 0);
            CHECK_EQUAL(wait_for(child), stop_status(PTRACE_EVENT_STOP, SIGTRAP));
            _exit(0);
        }
        CHECK_EQUAL(wait_for(tracer), 0);
        if (options[round] == 0) {
            CHECK_EQUAL(waitpid(child, NULL, WNOHANG), 0);
            kill(child, SIGTERM);
        }
        CHECK_EQUAL(wait_for(child), options[round] == 0 ? SIGTERM : SIGKILL);
    }
}

static volatile int data = 5;
static const int constant = 77;

static void compare_words(void) {
    _exit(data == 6 && *(const volatile int*)&constant == 78 ? 3 : 4);
}

CASE(memory_is_written_whatever_its_rights) {
    const pid_t child = stopped_child(compare_words);
    unsigned long word;
    CHECK_EQUAL(trace(PTRACE_PEEKDATA, child, ADDRESS(&data), ADDRESS(&word)), 0);
    CHECK_EQUAL((int)word, 5);
    CHECK_EQUAL(trace(PTRACE_POKEDATA, child, ADDRESS(&data), word + 1), 0);
    CHECK_EQUAL(trace(PTRACE_PEEKTEXT, child, ADDRESS(&constant), ADDRESS(&word)), 0);
    CHECK_EQUAL(trace(PTRACE_POKETEXT, child, ADDRESS(&constant), word + 1), 0);
    CHECK_ERRNO(trace(PTRACE_PEEKDATA, child, 8, ADDRESS(&word)), EIO);
    CHECK_ERRNO(trace(PTRACE_POKEDATA, child, 8, 0), EIO);
    CHECK_EQUAL(data, 5);
    CHECK_EQUAL(*(const volatile int*)&constant, 77);
    CHECK_EQUAL(trace(PTRACE_CONT, child, 0, 0), 0);
    CHECK_EQUAL(wait_for(child), 3 << 8);
}

CASE(register_sets_have_sizes) {
    const pid_t child = stopped_child(nothing);
    const struct {
        unsigned type;
        size_t size;
    } sets[] = {{NT_PRSTATUS, 272}, {NT_PRFPREG, 528}, {NT_ARM_TLS, 16}, {NT_ARM_SYSTEM_CALL, 4}};
    char bytes[1000];
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        struct iovec vector = {bytes, sizeof(bytes)};
        CHECK_EQUAL(trace(PTRACE_GETREGSET, child, sets[i].type, ADDRESS(&vector)), 0);
        CHECK_EQUAL(vector.iov_len, sets[i].size);
    }
    struct iovec odd = {bytes, 12};
    CHECK_ERRNO(trace(PTRACE_GETREGSET, child, NT_PRSTATUS, ADDRESS(&odd)), EINVAL);
    odd.iov_len = 16;
    CHECK_ERRNO(trace(PTRACE_GETREGSET, child, 0x4444, ADDRESS(&odd)), EINVAL);
    CHECK_ERRNO(trace(PTRACE_GETREGSET, child, NT_PRSTATUS, 8), EFAULT);
    struct user_pt_regs registers = registers_of(child);
    registers.pstate |= 0xf;  // another exception level
    struct iovec all = {&registers, sizeof(registers)};
    CHECK_ERRNO(trace(PTRACE_SETREGSET, child, NT_PRSTATUS, ADDRESS(&all)), EINVAL);
    unsigned long mask = 0;
    CHECK_ERRNO(trace(PTRACE_GETSIGMASK, child, 4, ADDRESS(&mask)), EINVAL);
    mask = ~0UL;
    CHECK_EQUAL(trace(PTRACE_SETSIGMASK, child, 8, ADDRESS(&mask)), 0);
    CHECK_EQUAL(trace(PTRACE_GETSIGMASK, child, 8, ADDRESS(&mask)), 0);
    CHECK_EQUAL(~mask, 1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1));
    CHECK_EQUAL(trace(PTRACE_KILL, child, 0, 0), 0);
    CHECK_EQUAL(wait_for(child), SIGKILL);
}
