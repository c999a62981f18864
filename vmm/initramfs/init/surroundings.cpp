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

// Makes the calls that a kernel may refuse.
class Requests {
  public:
    Requests(OnRefused on_refused, int report_fd) : on_refused_(on_refused), report_fd_(report_fd) {}

    // False: nothing of the kind need be tried any more, because the kernel has no such call or because this
    // is a failure.
    bool took(const char* call, int argument, bool success) {
        if (success) {
            return true;
        }
        if (on_refused_ == nullptr) {
            failed_ = call;
            return false;
        }
        const int error = errno;
        on_refused_(report_fd_, call, argument, error);
        return error != ENOSYS;
    }
    // The call that has failed; nullptr: none.
    const char* failed() const { return failed_; }

  private:
    OnRefused on_refused_;
    int report_fd_;
    const char* failed_ = nullptr;
};

// The C library keeps two real-time signals to itself and refuses them; it is the kernel's state that counts,
// so the kernel is asked.
void set_signals(Requests& requests) {
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
            !requests.took(
                "rt_sigaction", signal,
                ::syscall(SYS_rt_sigaction, signal, &standard, nullptr, sizeof standard.mask) == 0)) {
            break;
        }
    }
    const unsigned long none = 0;
    requests.took("rt_sigprocmask", SIG_SETMASK,
                  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none) == 0);
}

void set_limits(Requests& requests) {
    for (const Limit& limit : kLimits) {
        if (!requests.took("setrlimit", static_cast<int>(limit.resource), set_limit(limit) == 0)) {
            return;
        }
    }
}

void set_personality(Requests& requests, AddressRandomization randomization) {
    const int wanted = randomization == AddressRandomization::Off ? ADDR_NO_RANDOMIZE : 0;
    requests.took("personality", wanted, ::personality(static_cast<unsigned long>(wanted)) >= 0);
}

void set_scheduling(Requests& requests, Scheduling scheduling) {
    const sched_param no_priority{};
    if (scheduling == Scheduling::Batch) {
        requests.took("sched_setscheduler", SCHED_BATCH,
                      ::sched_setscheduler(0, SCHED_BATCH, &no_priority) == 0);
    }
}

}  // namespace

SurroundingsFailure apply_surroundings(const Surroundings& surroundings) {
    int report_fd = surroundings.report_fd;
    const auto failed = [&report_fd](const char* step) {
        return SurroundingsFailure{.step = step, .error = errno, .report_fd = report_fd};
    };
    if (set_descriptors(surroundings) < 0) {
        return failed("dup2");
    }
    report_fd = report_fd < 0 ? -1 : kReportFd;
    ::umask(S_IWGRP | S_IWOTH);
    if (::chdir(surroundings.directory) != 0) {
        return failed("chdir");
    }
    Requests requests{surroundings.on_refused, report_fd};
    if (surroundings.own_session) {
        requests.took("setsid", -1, ::setsid() >= 0);
    }
    set_signals(requests);
    set_limits(requests);
    set_personality(requests, surroundings.randomization);
    set_scheduling(requests, surroundings.scheduling);
    return requests.failed() == nullptr ? SurroundingsFailure{} : failed(requests.failed());
}

}  // namespace levitate::vmm::init
