#include "fs/signal_fd.hpp"

#include <linux/signalfd.h>

#include "fs/text_buffer.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

bool is_pending(const Task& task, SignalSet wanted) {
    return !((task.pending.set() | task.process->pending.set()) & wanted).is_empty();
}

bool is_fault(int signal) {
    return signal == SIGILL || signal == SIGFPE || signal == SIGSEGV || signal == SIGBUS || signal == SIGTRAP;
}

void describe_sender(const siginfo_t& info, signalfd_siginfo& out) {
    out.ssi_pid = static_cast<std::uint32_t>(info.si_pid);
    out.ssi_uid = info.si_uid;
}

void describe_value(const siginfo_t& info, signalfd_siginfo& out) {
    out.ssi_ptr = reinterpret_cast<std::uint64_t>(info.si_ptr);
    out.ssi_int = info.si_int;
}

// Which of siginfo's forms it is depends on code and signal (Linux kernel/signal.c, siginfo_layout).
signalfd_siginfo to_record(const siginfo_t& info) {
    signalfd_siginfo out{};
    out.ssi_signo = static_cast<std::uint32_t>(info.si_signo);
    out.ssi_errno = info.si_errno;
    out.ssi_code = info.si_code;
    const bool is_from_kernel = info.si_code > SI_USER && info.si_code < SI_KERNEL;
    if (is_from_kernel && is_fault(info.si_signo)) {
        out.ssi_addr = reinterpret_cast<std::uint64_t>(info.si_addr);
    } else if (is_from_kernel && info.si_signo == SIGCHLD) {
        describe_sender(info, out);
        out.ssi_status = info.si_status;
        out.ssi_utime = static_cast<std::uint64_t>(info.si_utime);
        out.ssi_stime = static_cast<std::uint64_t>(info.si_stime);
    } else if (is_from_kernel && info.si_signo == SIGSYS) {
        out.ssi_call_addr = reinterpret_cast<std::uint64_t>(info.si_call_addr);
        out.ssi_syscall = info.si_syscall;
        out.ssi_arch = info.si_arch;
    } else if (is_from_kernel || info.si_code == SI_SIGIO) {
        out.ssi_band = static_cast<std::uint32_t>(info.si_band);
        out.ssi_fd = info.si_fd;
    } else if (info.si_code == SI_TIMER) {
        out.ssi_tid = static_cast<std::uint32_t>(info.si_tid);
        out.ssi_overrun = static_cast<std::uint32_t>(info.si_overrun);
        describe_value(info, out);
    } else {
        describe_sender(info, out);
        if (info.si_code < SI_USER) {
            describe_value(info, out);
        }
    }
    return out;
}

}  // namespace

void SignalFile::set_wanted(SignalSet wanted) {
    wanted_ = wanted;
    Task::current().signal_handlers->arrived.wake_all();
}

Result<std::size_t> SignalFile::read(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    Task& task = Task::current();
    std::size_t total = 0;
    if (buffer.remaining() < sizeof(signalfd_siginfo)) {
        return Errno(EINVAL);
    }
    while (buffer.remaining() >= sizeof(signalfd_siginfo)) {
        if (!is_pending(task, wanted_)) {
            if (total != 0) {
                break;
            }
            if (mode.nonblocking) {
                return Errno(EAGAIN);
            }
            TRY(task.signal_handlers->arrived.wait([&] { return is_pending(task, wanted_); }));
        }
        const signalfd_siginfo record = to_record(dequeue_signal(task, wanted_));
        if (buffer.put(&record, sizeof(record)) < sizeof(record)) {
            return total != 0 ? Result<std::size_t>(total) : Result<std::size_t>(Errno(EFAULT));
        }
        total += sizeof(record);
    }
    return total;
}

// Linux noop_llseek.
Result<std::int64_t> SignalFile::seek(std::int64_t, int) {
    return position;
}

std::uint32_t SignalFile::poll(PollRegistrar* registrar) {
    const Task& task = Task::current();
    if (registrar != nullptr) {
        registrar->watch(task.signal_handlers->arrived);
    }
    return is_pending(task, wanted_) ? POLLIN : 0;
}

void SignalFile::describe(TextBuffer& out) {
    out.text("sigmask:\t").hex(wanted_.bits(), 16, '0').character('\n');
}

}  // namespace kernel
