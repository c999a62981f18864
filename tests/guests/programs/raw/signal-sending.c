// Sending signals: who may send what to whom, by which number, and what the receiver is told.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

static int gate[2];

static long queue(long pid, int signal, const siginfo_t* info) {
    return syscall(SYS_rt_sigqueueinfo, pid, signal, info);
}

static long queue_to_thread(long process, long thread, int signal, const siginfo_t* info) {
    return syscall(SYS_rt_tgsigqueueinfo, process, thread, signal, info);
}

static void numbers(void) {
    const int self = getpid();
    TRY(kill(32000, 0));
    TRY(kill(32000, 65));
    TRY(kill(self, 0));
    TRY(kill(self, -1));
    TRY(kill(self, 65));
    TRY(kill(-2147483647 - 1, 0));
    TRY(kill(0, 65));
    TRY(syscall(SYS_tkill, 0, 0));
    TRY(syscall(SYS_tkill, -1, 0));
    TRY(syscall(SYS_tkill, 32000, 0));
    TRY(syscall(SYS_tkill, self, 65));
    TRY(syscall(SYS_tkill, self, 0));
    TRY(syscall(SYS_tgkill, -1, self, 0));
    TRY(syscall(SYS_tgkill, self, -1, 0));
    TRY(syscall(SYS_tgkill, 0, self, 0));
    TRY(syscall(SYS_tgkill, self, self, 65));
    TRY(syscall(SYS_tgkill, self, self, 0));
    TRY(syscall(SYS_tgkill, 1, self, 0));
}

static void show_next(void) {
    sigset_t all;
    siginfo_t info = {0};
    const struct timespec none = {0};
    sigfillset(&all);
    const int signal = sigtimedwait(&all, &info, &none);
    printf("  got %d: signo %d, errno %d, code %d, of this %d, value %d\n", signal, info.si_signo,
           info.si_errno, info.si_code, info.si_pid == getpid(),
           info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
}

static void contents(void) {
    siginfo_t info = {.si_signo = 7, .si_errno = 5, .si_code = SI_QUEUE};
    sigset_t all;
    const int self = getpid();
    info.si_pid = 77;
    info.si_value.sival_int = 9;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    TRY(queue(self, SIGUSR1, &info));
    show_next();
    info.si_code = SI_USER;
    TRY(queue(self, SIGUSR1, &info));
    show_next();
    info.si_code = SI_TKILL;
    TRY(queue(self, SIGUSR1, &info));
    show_next();
    info.si_code = SI_KERNEL;
    TRY(queue(self, SIGUSR1, &info));
    show_next();
    info.si_code = -99;
    TRY(queue(self, SIGRTMIN, &info));
    show_next();
    TRY(queue(self, 0, &info));
    TRY(queue(self, 65, &info));
    TRY(queue(self, -1, &info));
    TRY(queue(self, SIGUSR1, kBadAddress));
    TRY(queue(32000, SIGUSR1, &info));
    TRY(queue(-1, SIGUSR1, &info));
    info.si_code = SI_QUEUE;
    TRY(queue_to_thread(self, self, SIGUSR2, &info));
    show_next();
    TRY(queue_to_thread(self, 32000, SIGUSR2, &info));
    TRY(queue_to_thread(1, self, SIGUSR2, &info));
    TRY(queue_to_thread(-1, self, SIGUSR2, &info));
    TRY(queue_to_thread(self, 0, SIGUSR2, &info));
    TRY(kill(self, SIGTERM));
    show_next();
    TRY(raise(SIGTERM));
    show_next();
}

static pid_t child_at_gate(void) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        char byte;
        while (read(gate[0], &byte, 1) < 0) {
        }
        _exit(0);
    }
    return child;
}

static void rights(void) {
    siginfo_t info = {.si_code = SI_USER};
    const pid_t child = child_at_gate();
    TRY(queue(child, SIGWINCH, &info));
    info.si_code = SI_TKILL;
    TRY(queue(child, SIGWINCH, &info));
    info.si_code = SI_QUEUE;
    TRY(queue(child, SIGWINCH, &info));
    const long descriptor = syscall(SYS_pidfd_open, child, 0);
    TRY(syscall(SYS_pidfd_send_signal, descriptor, SIGWINCH, NULL, 1));
    TRY(syscall(SYS_pidfd_send_signal, descriptor, 65, NULL, 0));
    TRY(syscall(SYS_pidfd_send_signal, descriptor, SIGWINCH, kBadAddress, 0));
    info.si_signo = SIGUSR1;
    TRY(syscall(SYS_pidfd_send_signal, descriptor, SIGWINCH, &info, 0));
    info.si_signo = SIGWINCH;
    TRY(syscall(SYS_pidfd_send_signal, descriptor, SIGWINCH, &info, 0));
    info.si_code = SI_USER;
    TRY(syscall(SYS_pidfd_send_signal, descriptor, SIGWINCH, &info, 0));
    TRY(syscall(SYS_pidfd_send_signal, 0, SIGWINCH, NULL, 0));
    TRY(syscall(SYS_pidfd_send_signal, 99, SIGWINCH, NULL, 0));
    TRY(syscall(SYS_pidfd_open, child, 1));
    TRY(syscall(SYS_pidfd_open, 0, 0));
    TRY(syscall(SYS_pidfd_open, -1, 0));
    TRY(syscall(SYS_pidfd_open, 32000, 0));
    fflush(stdout);
    if (fork() == 0) {
        setresuid(1000, 1001, 1002);
        TRY(kill(child, SIGTERM));
        TRY(kill(child, 0));
        TRY(kill(child, SIGCONT));
        TRY(kill(1, SIGTERM));
        TRY(queue(child, SIGTERM, &info));
        TRY(syscall(SYS_tgkill, child, child, SIGTERM));
        TRY(syscall(SYS_pidfd_send_signal, descriptor, SIGTERM, NULL, 0));
        const pid_t other = child_at_gate();
        setresuid((uid_t)-1, 1002, (uid_t)-1);
        TRY(kill(other, 0));
        TRY(kill(other, SIGTERM));
        wait(NULL);
        _exit(0);
    }
    int status = 0;
    wait(&status);
    TRY(kill(child, SIGTERM));
    TRY(waitpid(child, &status, 0) == child);
    TRY(kill(child, SIGTERM));
    TRY(syscall(SYS_pidfd_send_signal, descriptor, 0, NULL, 0));
}

static volatile int taken_by;

static void note(int number) {
    (void)number;
    taken_by = (int)syscall(SYS_gettid);
}

static void* sleep_in_thread(void* unused) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    const int self = (int)syscall(SYS_gettid);
    (void)!write(gate[1], &self, sizeof(self));
    while (taken_by == 0) {
        usleep(1000);
    }
    return unused;
}

// A signal for the process is taken by a thread that does not block it.
static void threads(void) {
    int thread_id;
    pthread_t thread;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR1, note);
    signal(SIGUSR2, note);
    pthread_create(&thread, NULL, sleep_in_thread, NULL);
    (void)!read(gate[0], &thread_id, sizeof(thread_id));
    TRY(kill(getpid(), SIGUSR1));
    pthread_join(thread, NULL);
    printf("  taken by the thread %d\n", taken_by == thread_id);
    taken_by = 0;
    TRY(kill(getpid(), SIGUSR2));
    printf("  taken by the leader %d\n", taken_by == getpid());
    sigset_t pending;
    TRY(kill(getpid(), SIGUSR1));
    sigpending(&pending);
    printf("  pending %d\n", sigismember(&pending, SIGUSR1));
}

int main(int count, char** arguments) {
    (void)!pipe(gate);
    static const struct Behaviour kBehaviours[] = {
        {"numbers", numbers}, {"contents", contents}, {"rights", rights}, {"threads", threads}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
