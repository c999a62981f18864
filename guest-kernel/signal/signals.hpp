// Signals: sets, queues, handlers, sending (man 7 signal; Linux kernel/signal.c).
#pragma once

#include <asm/siginfo.h>
#include <linux/signal.h>

#include <array>
#include <cstdint>

#include "lib/list.hpp"
#include "lib/ref.hpp"
#include "lib/result.hpp"
#include "task/wait_queue.hpp"

namespace kernel {

class Process;
class Task;

inline constexpr int kSignalCount = _NSIG;  // 64; numbers run from 1

// A set of signals; Linux's 64-bit sigset_t of arm64.
class SignalSet {
  public:
    constexpr SignalSet() = default;
    explicit constexpr SignalSet(std::uint64_t bits) : bits_(bits) {}
    static constexpr SignalSet of(int signal) { return SignalSet(std::uint64_t{1} << (signal - 1)); }

    constexpr std::uint64_t bits() const { return bits_; }
    constexpr bool contains(int signal) const { return (bits_ >> (signal - 1) & 1) != 0; }
    constexpr bool is_empty() const { return bits_ == 0; }
    constexpr void add(int signal) { bits_ |= of(signal).bits_; }
    constexpr void remove(int signal) { bits_ &= ~of(signal).bits_; }
    constexpr SignalSet operator|(SignalSet other) const { return SignalSet(bits_ | other.bits_); }
    constexpr SignalSet operator&(SignalSet other) const { return SignalSet(bits_ & other.bits_); }
    constexpr SignalSet operator~() const { return SignalSet(~bits_); }
    constexpr bool operator==(const SignalSet&) const = default;

  private:
    std::uint64_t bits_ = 0;
};

// SIGKILL and SIGSTOP: never blocked, never handled.
inline constexpr SignalSet kUnblockable = SignalSet::of(SIGKILL) | SignalSet::of(SIGSTOP);
// A task's own faults come first, in whatever order they were queued.
inline constexpr SignalSet kSynchronous = SignalSet::of(SIGSEGV) | SignalSet::of(SIGBUS) |
                                          SignalSet::of(SIGILL) | SignalSet::of(SIGTRAP) |
                                          SignalSet::of(SIGFPE) | SignalSet::of(SIGSYS);

// Who keeps a queue entry of its own, which is queued again and again (a POSIX timer).
class SignalOwner {
  public:
    virtual ~SignalOwner() = default;
    // A program is about to get the signal: the owner may change what it is told.
    virtual void signal_taken(siginfo_t& info) = 0;
};

struct QueuedSignal : ListNode<> {
    siginfo_t info{};
    SignalOwner* owner = nullptr;  // null: the queue owns the entry
};

// Signals that have been sent and not yet taken. Standard signals are queued once, real-time ones each time.
class PendingSignals {
  public:
    PendingSignals() = default;
    ~PendingSignals() { clear(); }
    SignalSet set() const { return set_; }
    // ENOMEM: nothing is pending that was not before.
    Result<void> add(const siginfo_t& info);
    // The same for an entry that has an owner, which is queued whatever is pending already.
    void add_owned(QueuedSignal& entry);
    // The owner of an entry that is queued has left it to the queue.
    void adopt() { ++queued_; }
    // Its siginfo will name no sender: SI_USER, pid 0.
    void add_without_info(int signal) { set_.add(signal); }
    // Takes the signal out. Precondition: set().contains(signal).
    siginfo_t take(int signal);
    void remove_all(SignalSet which);
    void clear() { remove_all(~SignalSet()); }
    std::uint64_t queued() const { return queued_; }

  private:
    void forget(QueuedSignal& entry);

    SignalSet set_;
    List<QueuedSignal> queue_;
    std::uint64_t queued_ = 0;
};

struct SignalAction {
    std::uint64_t handler = 0;  // SIG_DFL, SIG_IGN or a user address
    unsigned long flags = 0;    // SA_*
    std::uint64_t restorer = 0;
    SignalSet mask;
};

class SignalHandlers : public RefCounted {
  public:
    SignalAction& operator[](int signal) { return actions_[static_cast<unsigned>(signal) - 1]; }
    Result<Ref<SignalHandlers>> clone() const;
    // execve: handled signals go back to the default; ignored ones stay ignored.
    void reset_for_execve();

    WaitQueue arrived;  // signalfd sleeps here: a signal has become pending

  private:
    std::array<SignalAction, kSignalCount> actions_{};
};

struct AlternateStack {
    std::uint64_t base = 0;
    std::uint64_t size = 0;
    unsigned flags = SS_DISABLE;
};

// siginfo for what the kernel itself sends (SI_KERNEL), or a task sends by kill (SI_USER) or tgkill
// (SI_TKILL).
siginfo_t kernel_siginfo(int signal);
siginfo_t user_siginfo(int signal, int code);
// The same from a given sender.
siginfo_t user_siginfo_from(int signal, int pid, std::uint32_t user);

// Sends a signal; ignored ones are discarded, and so is what a zombie gets. EAGAIN: RLIMIT_SIGPENDING, or no
// memory.
Result<void> send_signal(Task& task, const siginfo_t& info);
Result<void> send_signal(Process& process, const siginfo_t& info);
// To the process of a thread, which takes the signal if it can: kill with a thread's number.
Result<void> send_signal_to_process_of(Task& thread, const siginfo_t& info);
// Sends a signal whose queue entry has an owner, to one thread or (null) to the whole process. An entry that
// is queued still counts one more overrun. Ignored: nothing happens; Gone: the target has ended.
enum class OwnedSignal { Sent, Ignored, Gone };
OwnedSignal send_owned_signal(Process& process, Task* thread, QueuedSignal& entry);
// Takes the next of the wanted signals, as a program gets it: those that a fault of the task's own sent
// first, then in the order of their numbers, the thread's before the process's. Precondition: one is pending.
siginfo_t dequeue_signal(Task& task, SignalSet wanted);
// Signals that wait for any task of the user, and entries of timers (RLIMIT_SIGPENDING).
std::uint64_t count_queued_signals(std::uint32_t user);
// To every process of a group (the terminal's ^C). ESRCH when there is none.
Result<void> send_signal_to_group(int group, const siginfo_t& info);
// Sends a signal that the task cannot avoid, for a fault of its own: if it is blocked or ignored, it is
// unblocked and gets its default action.
void force_signal(Task& task, const siginfo_t& info);

// man 2 kill: may the current task send it there?
bool may_signal(const Task& sender, const Task& target, int signal);

// The default action of a signal (man 7 signal).
bool is_stop_signal(int signal);
bool is_ignored_by_default(int signal);
bool is_fatal_by_default(int signal);
bool dumps_core_by_default(int signal);

// A group stop (Linux kernel/signal.c, do_signal_stop): every thread stops when it next leaves the kernel.
// The process is stopped, and its parent hears of it, when the last one has.
void begin_stop(Process& process, int signal);
// To be called whenever a thread has stopped or ended: is it the last?
void complete_stop(Process& process);
// SIGCONT. The parent hears of it from the first thread that runs again: announce_change.
void continue_process(Process& process);
void announce_change(Process& process);
// The process ends: its parent can no longer learn of earlier stops.
void forget_stop(Process& process);
// Has the group no member whose parent is in another group of the same session (POSIX)? Then terminal stops
// do nothing.
bool is_orphaned_group(int group);

struct Registers;
// Does deliver_signals have anything to do: a signal, a stop, an end, a call to restart, a mask to restore?
bool needs_signal_work(Task& task, const Registers& registers);
// Before returning to the program: takes signals, sets up handlers' frames, stops or ends the task, and
// arranges for interrupted calls to be restarted or to say EINTR.
void deliver_signals(Task& task, Registers& registers);

}  // namespace kernel
