#include "vmm/initramfs/init/surroundings.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

namespace levitate::vmm::init {
namespace {

struct Limit {
    __rlimit_resource resource;
    rlim_t soft;
    rlim_t hard;
};

// Linux's own values for init (include/asm-generic/resource.h), except those that Linux derives from the size
// of memory (NPROC, SIGPENDING) and the core file, which nobody would see.
constexpr rlim_t kKibibyte = 1024;
constexpr rlim_t kMebibyte = 1024 * kKibibyte;
constexpr std::array kLimits{
    Limit{RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY},
    Limit{RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY},
    Limit{RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY},
    Limit{RLIMIT_STACK, 8 * kMebibyte, RLIM_INFINITY},
    Limit{RLIMIT_CORE, 0, 0},
    Limit{RLIMIT_RSS, RLIM_INFINITY, RLIM_INFINITY},
    Limit{RLIMIT_NPROC, 4096, 4096},
    Limit{RLIMIT_NOFILE, 1024, 4096},
    Limit{RLIMIT_MEMLOCK, 8 * kMebibyte, 8 * kMebibyte},
    Limit{RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY},
    Limit{RLIMIT_LOCKS, RLIM_INFINITY, RLIM_INFINITY},
    Limit{RLIMIT_SIGPENDING, 4096, 4096},
    Limit{RLIMIT_MSGQUEUE, 800 * kKibibyte, 800 * kKibibyte},
    Limit{RLIMIT_NICE, 0, 0},
    Limit{RLIMIT_RTPRIO, 0, 0},
    Limit{RLIMIT_RTTIME, RLIM_INFINITY, RLIM_INFINITY},
};

// Only root may raise a hard limit, so another user gets as close as the present limit allows.
int set_limit(const Limit& limit) {
    rlimit wanted{.rlim_cur = limit.soft, .rlim_max = limit.hard};
    if (::setrlimit(limit.resource, &wanted) == 0) {
        return 0;
    }
    rlimit present{};
    if (errno != EPERM || ::getrlimit(limit.resource, &present) != 0) {
        return -1;
    }
    wanted.rlim_max = std::min(limit.hard, present.rlim_max);
    wanted.rlim_cur = std::min(limit.soft, wanted.rlim_max);
    return ::setrlimit(limit.resource, &wanted);
}

int set_limits() {
    for (const Limit& limit : kLimits) {
        if (set_limit(limit) != 0) {
            return -1;
        }
    }
    return 0;
}

// close_range came with Linux 5.9. Without it, every number that the kernel may have given out is tried.
void close_from(int first) {
    constexpr int kHighestTried = 1024;
    if (::syscall(SYS_close_range, first, ~0U, 0) == 0) {
        return;
    }
    for (int fd = first; fd < kHighestTried; ++fd) {
        ::close(fd);
    }
}

// The report moves out of the way first: its number may be one that is about to be closed.
int set_descriptors(const Surroundings& surroundings) {
    if (::dup2(surroundings.stdin_fd, STDIN_FILENO) < 0 ||
        ::dup2(surroundings.stdout_fd, STDOUT_FILENO) < 0 ||
        ::dup2(surroundings.stderr_fd, STDERR_FILENO) < 0) {
        return -1;
    }
    if (surroundings.report_fd < 0) {
        close_from(kReportFd);
        return 0;
    }
    if (surroundings.report_fd != kReportFd && ::dup2(surroundings.report_fd, kReportFd) < 0) {
        return -1;
    }
    close_from(kReportFd + 1);
    return ::fcntl(kReportFd, F_SETFD, FD_CLOEXEC);
}

// The C library keeps two real-time signals to itself and refuses them; it is the kernel's state that counts,
// so the kernel is asked.
int set_signals() {
    constexpr int kSignals = 64;
    struct KernelSigaction {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)();
        unsigned long mask;
    };
    const KernelSigaction standard{.handler = SIG_DFL, .flags = 0, .restorer = nullptr, .mask = 0};
    for (int signal = 1; signal <= kSignals; ++signal) {
        if (signal != SIGKILL && signal != SIGSTOP &&
            ::syscall(SYS_rt_sigaction, signal, &standard, nullptr, sizeof standard.mask) != 0) {
            return -1;
        }
    }
    const unsigned long none = 0;
    return static_cast<int>(::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none));
}

int set_personality(AddressRandomization randomization) {
    const auto off = static_cast<unsigned long>(ADDR_NO_RANDOMIZE);
    return ::personality(randomization == AddressRandomization::Off ? off : 0);
}

int set_scheduling(Scheduling scheduling) {
    const sched_param no_priority{};
    return scheduling == Scheduling::Batch ? ::sched_setscheduler(0, SCHED_BATCH, &no_priority) : 0;
}

}  // namespace

SurroundingsFailure apply_surroundings(const Surroundings& surroundings) {
    int report_fd = surroundings.report_fd;
    const auto failed = [&report_fd](const char* step) {
        return SurroundingsFailure{.step = step, .error = errno, .report_fd = report_fd};
    };
    if (::setsid() < 0) {
        return failed("setsid");
    }
    if (set_descriptors(surroundings) < 0) {
        return failed("dup2");
    }
    report_fd = report_fd < 0 ? -1 : kReportFd;
    if (set_signals() != 0) {
        return failed("rt_sigaction");
    }
    if (set_limits() != 0) {
        return failed("setrlimit");
    }
    ::umask(S_IWGRP | S_IWOTH);
    if (::chdir(surroundings.directory) != 0) {
        return failed("chdir");
    }
    if (set_personality(surroundings.randomization) < 0) {
        return failed("personality");
    }
    if (set_scheduling(surroundings.scheduling) != 0) {
        return failed("sched_setscheduler");
    }
    return {};
}

}  // namespace levitate::vmm::init
