// Processes, threads, signals and time, as a program sees them.
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "tests/kernel/case.h"

namespace {

volatile sig_atomic_t alarms = 0;
void count_alarm(int) {
    alarms = alarms + 1;
}

void alarm_after(long microseconds, int flags) {
    struct sigaction action{};
    action.sa_handler = count_alarm;
    action.sa_flags = flags;
    sigaction(SIGALRM, &action, nullptr);
    const itimerval once = {{0, 0}, {0, microseconds}};
    setitimer(ITIMER_REAL, &once, nullptr);
}

// Again and again: one comes during each call that takes longer than this, whenever the call begins.
void alarm_each_20_milliseconds() {
    alarm_after(20000, SA_RESTART);
    const itimerval repeated = {{0, 20000}, {0, 20000}};
    setitimer(ITIMER_REAL, &repeated, nullptr);
}

int status_of(pid_t child) {
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
long counter = 0;

void* count_up(void*) {
    for (int i = 0; i < 10000; ++i) {
        pthread_mutex_lock(&mutex);
        ++counter;
        pthread_mutex_unlock(&mutex);
    }
    return nullptr;
}

// Keeps recognisable values in V8 and x17 across turns of the other threads and interrupts.
void* keep_registers(void* argument) {
    const auto mark = reinterpret_cast<std::uint64_t>(argument);
    std::uint64_t wrong = 0;
    asm volatile(
        "dup v8.2d, %1\n mov x17, %1\n mov x16, #0\n"
        "1: umov x15, v8.d[1]\n cmp x15, x17\n cinc %0, %0, ne\n cmp x17, %1\n cinc %0, %0, ne\n"
        "add x16, x16, #1\n tbz x16, #24, 1b\n"
        : "+r"(wrong)
        : "r"(mark)
        : "x15", "x16", "x17", "v8", "cc");
    return reinterpret_cast<void*>(wrong);
}

char alternate_stack[65536];
bool was_on_alternate_stack = false;
void note_stack(int) {
    char here = 0;
    was_on_alternate_stack = &here >= alternate_stack && &here < alternate_stack + sizeof(alternate_stack);
}

}  // namespace

CASE(exit_status_reaches_the_parent) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(7);
    }
    CHECK(status_of(child) == 7 << 8);
}

CASE(fatal_signal_reaches_the_parent) {
    const pid_t child = fork();
    if (child == 0) {
        raise(SIGTERM);
    }
    CHECK(status_of(child) == SIGTERM);
}

CASE(wait_without_children_is_echild) {
    CHECK_ERRNO(wait(nullptr), ECHILD);
}

CASE(execve_replaces_the_program) {
    const pid_t child = fork();
    if (child == 0) {
        execl("/init", "/init", "exit-with", "33", nullptr);
        _exit(99);
    }
    CHECK(status_of(child) == 33 << 8);
}

CASE(execve_of_nothing_is_enoent) {
    CHECK_ERRNO(execl("/nothing", "nothing", nullptr), ENOENT);
}

CASE(threads_share_a_mutex) {
    pthread_t threads[4];
    for (pthread_t& thread : threads) {
        CHECK(pthread_create(&thread, nullptr, count_up, nullptr) == 0);
    }
    for (pthread_t thread : threads) {
        pthread_join(thread, nullptr);
    }
    CHECK(counter == 40000);
}

CASE(registers_survive_preemption) {
    pthread_t threads[3];
    std::uintptr_t mark = 0x1111;
    for (pthread_t& thread : threads) {
        pthread_create(&thread, nullptr, keep_registers, reinterpret_cast<void*>(mark));
        mark += 0x1111;
    }
    for (pthread_t thread : threads) {
        void* wrong = nullptr;
        pthread_join(thread, &wrong);
        CHECK(wrong == nullptr);
    }
}

CASE(futex_wait_on_another_value_is_eagain) {
    std::uint32_t word = 1;
    CHECK_ERRNO(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, nullptr), EAGAIN);
}

CASE(futex_wait_times_out) {
    std::uint32_t word = 1;
    const timespec time = {0, 1000000};
    CHECK_ERRNO(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, &time), ETIMEDOUT);
}

CASE(read_is_interrupted_without_sa_restart) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    alarm_after(10000, 0);
    char byte = 0;
    CHECK_ERRNO(read(ends[0], &byte, 1), EINTR);
    CHECK(alarms == 1);
}

CASE(read_goes_on_with_sa_restart) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    alarm_after(10000, SA_RESTART);
    const pid_t child = fork();
    if (child == 0) {
        usleep(40000);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    char byte = 0;
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'x' && alarms == 1);
    CHECK(status_of(child) == 0);
}

CASE(alarm_cuts_a_long_read_short) {
    static char buffer[1 << 20];
    constexpr int kParts = 1024;
    iovec parts[kParts];
    for (iovec& part : parts) {
        part = {buffer, sizeof(buffer)};
    }
    const int fd = open("/dev/zero", O_RDONLY);
    alarm_each_20_milliseconds();
    const ssize_t count = readv(fd, parts, kParts);
    CHECK(count > 0 && count < static_cast<ssize_t>(kParts * sizeof(buffer)) && count % 4096 == 0);
    CHECK(alarms > 0);
}

CASE(alarm_cuts_getrandom_short) {
    constexpr std::size_t kSize = 64 << 20;
    void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    alarm_each_20_milliseconds();
    const ssize_t count = getrandom(memory, kSize, 0);
    CHECK(count > 0 && count < static_cast<ssize_t>(kSize) && count % 4096 == 0);
    CHECK(alarms > 0);
}

CASE(alarm_cuts_sendfile_short) {
    const int from = open("/dev/urandom", O_RDONLY);
    const int to = open("/dev/null", O_WRONLY);
    constexpr std::size_t kSize = std::size_t{1} << 30;
    alarm_each_20_milliseconds();
    const ssize_t count = sendfile(to, from, nullptr, kSize);
    CHECK(count > 0 && count < static_cast<ssize_t>(kSize));
    CHECK(alarms > 0);
}

CASE(handler_runs_on_the_alternate_stack) {
    const stack_t stack = {alternate_stack, 0, sizeof(alternate_stack)};
    CHECK(sigaltstack(&stack, nullptr) == 0);
    struct sigaction action{};
    action.sa_handler = note_stack;
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &action, nullptr);
    raise(SIGUSR1);
    CHECK(was_on_alternate_stack);
}

CASE(small_alternate_stack_is_enomem) {
    const stack_t stack = {alternate_stack, 0, 100};
    CHECK_ERRNO(sigaltstack(&stack, nullptr), ENOMEM);
}

CASE(blocked_signal_stays_pending) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    kill(getpid(), SIGUSR1);
    sigset_t pending;
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGUSR1) == 1);
    siginfo_t info;
    CHECK(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_code == SI_USER && info.si_pid == getpid());
}

CASE(queued_signal_carries_its_value) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    CHECK(sigqueue(getpid(), SIGRTMIN, {.sival_int = 77}) == 0);
    siginfo_t info;
    CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_code == SI_QUEUE && info.si_value.sival_int == 77);
}

CASE(stopped_child_is_reported_and_continues) {
    const pid_t child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        _exit(3);
    }
    int status = 0;
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    kill(child, SIGCONT);
    CHECK(status_of(child) == 3 << 8);
}

CASE(nanosleep_sleeps_as_long_as_asked) {
    timespec before;
    timespec after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    const timespec time = {0, 20000000};
    CHECK(nanosleep(&time, nullptr) == 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK((after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >= 20000000);
}

CASE(vdso_and_system_call_tell_the_same_time) {
    timespec by_vdso;
    timespec by_call;
    timespec by_vdso_again;
    clock_gettime(CLOCK_MONOTONIC, &by_vdso);
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &by_call);
    clock_gettime(CLOCK_MONOTONIC, &by_vdso_again);
    const auto value = [](const timespec& time) { return time.tv_sec * 1000000000L + time.tv_nsec; };
    CHECK(value(by_vdso) <= value(by_call) && value(by_call) <= value(by_vdso_again));
}

CASE(unknown_system_call_is_enosys) {
    CHECK_ERRNO(syscall(9999), ENOSYS);
}
