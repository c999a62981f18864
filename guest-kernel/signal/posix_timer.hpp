// POSIX timers (man 2 timer_create; Linux kernel/time/posix-timers.c and posix-cpu-timers.c).
#pragma once

#include <linux/time.h>

#include <cstdint>

#include "lib/list.hpp"
#include "lib/ref.hpp"
#include "signal/signals.hpp"
#include "time/timespec.hpp"

namespace kernel {

class Process;
class Task;

// What a timer does when it expires.
struct TimerNotice {
    int signal = 0;  // 0: nothing (SIGEV_NONE)
    sigval_t value{};
    Ref<Task> thread = nullptr;  // null: the signal is for the whole process
};

// Remaining time until the next expiry (0: not running) and interval, in nanoseconds.
struct TimerSetting {
    std::int64_t value = 0;
    std::int64_t interval = 0;
};

class PosixTimer : public ListNode<>, public SignalOwner {
  public:
    ~PosixTimer() override;
    PosixTimer(const PosixTimer&) = delete;
    PosixTimer& operator=(const PosixTimer&) = delete;

    int id() const { return id_; }
    virtual TimerSetting current() = 0;
    // Starts (value not 0) or stops the timer.
    virtual void set(const TimerSetting& setting, bool is_absolute) = 0;
    // Of the signal that was taken last: how often the timer expired between its queueing and its taking.
    int overrun() const { return clamp(last_overrun_); }
    void signal_taken(siginfo_t& info) override;

  protected:
    PosixTimer(Process& process, int id, TimerNotice notice, QueuedSignal& signal);

    bool is_silent() const { return notice_.signal == 0; }
    Process& process() const { return process_; }
    // Sends the signal. False: it is ignored.
    bool send(bool will_repeat);
    void forget_overruns();
    void count_overruns(std::int64_t expiries) { overrun_ += expiries; }
    bool is_signal_pending() const { return waits_for_taker_; }
    // The signal of a periodic timer has been taken: goes on to the next expiry that is to come.
    virtual void rearm() = 0;

    std::int64_t interval_ = 0;

  private:
    static int clamp(std::int64_t overrun) {
        return overrun > INT32_MAX ? INT32_MAX : static_cast<int>(overrun);
    }

    Process& process_;
    int id_;
    TimerNotice notice_;
    QueuedSignal* signal_;  // lives on in the queue if it is in one when the timer is deleted
    std::int64_t overrun_ = -1;
    std::int64_t last_overrun_ = 0;
    bool waits_for_taker_ = false;  // the interval's next expiry is set when the signal is taken
};

// Makes a timer of the process on one of clock_gettime's clocks; `number` is its id. A timer on CPU time is
// of `cpu_process` (null: none), or of one of its threads.
struct TimerClock {
    enum class Kind : std::uint8_t { Monotonic, Realtime, Cpu };
    Kind kind = Kind::Monotonic;
    bool is_user_time = false;  // Cpu: without the time in the kernel
    Ref<Process> cpu_process = nullptr;
    Ref<Task> cpu_thread = nullptr;
};
Result<PosixTimer*> make_posix_timer(Process& process, int number, const TimerClock& clock,
                                     TimerNotice notice);
// Null: there is none.
PosixTimer* find_posix_timer(Process& process, int id);
void delete_posix_timers(Process& process);

}  // namespace kernel
