#include "signal/posix_timer.hpp"

#include "task/cpu_timer.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"
#include "time/timer.hpp"

namespace kernel {

PosixTimer::PosixTimer(Process& process, int id, TimerNotice notice, QueuedSignal& signal)
    : process_(process), id_(id), notice_(std::move(notice)), signal_(&signal) {
    signal_->owner = this;
    signal_->info.si_signo = notice_.signal;
    signal_->info.si_code = SI_TIMER;
    signal_->info.si_tid = id;
    signal_->info.si_value = notice_.value;
}

// What is queued stays queued, as an entry like any other (Linux sigqueue_free).
PosixTimer::~PosixTimer() {
    signal_->owner = nullptr;
    if (signal_->is_linked()) {
        PendingSignals& pending = notice_.thread ? notice_.thread->pending : process_.pending;
        pending.adopt();
    } else {
        delete signal_;
    }
}

bool PosixTimer::send(bool will_repeat) {
    waits_for_taker_ = will_repeat;
    const OwnedSignal sent = send_owned_signal(process_, notice_.thread.get(), *signal_);
    if (sent == OwnedSignal::Ignored) {
        waits_for_taker_ = false;
    }
    return sent != OwnedSignal::Ignored;
}

void PosixTimer::forget_overruns() {
    waits_for_taker_ = false;
    overrun_ = -1;
    last_overrun_ = 0;
}

void PosixTimer::signal_taken(siginfo_t& info) {
    if (!waits_for_taker_ || interval_ == 0) {
        return;
    }
    waits_for_taker_ = false;
    rearm();
    last_overrun_ = std::exchange(overrun_, -1);
    info.si_overrun = clamp(last_overrun_ + info.si_overrun);
}

namespace {

// On a clock of the machine.
class ClockPosixTimer final : public PosixTimer {
  public:
    ClockPosixTimer(Process& process, int id, TimerNotice notice, QueuedSignal& signal,
                    ClockTimer::Base clock)
        : PosixTimer(process, id, std::move(notice), signal), clock_(clock), base_(clock), alarm_(*this) {}

    TimerSetting current() override;
    void set(const TimerSetting& setting, bool is_absolute) override;

  private:
    class Alarm final : public ClockTimer {
      public:
        explicit Alarm(ClockPosixTimer& timer) : timer_(timer) {}

      protected:
        void expire() override { timer_.expired(); }

      private:
        ClockPosixTimer& timer_;
    };

    std::int64_t now() const { return ClockTimer::now_on(base_); }
    void expired();
    void rearm() override;

    ClockTimer::Base clock_;
    ClockTimer::Base base_;  // a relative time is on CLOCK_MONOTONIC, whatever the clock is
    Alarm alarm_;
    bool is_active_ = false;
    std::int64_t expiry_ = 0;
};

// Linux common_timer_get.
TimerSetting ClockPosixTimer::current() {
    TimerSetting result{.value = 0, .interval = interval_};
    if (interval_ == 0 && !is_active_ && !is_silent()) {
        return result;
    }
    if (interval_ != 0 && (is_signal_pending() || is_silent())) {
        count_overruns(forward_expiry(expiry_, now(), interval_));
    }
    const std::int64_t rest = expiry_ - now();
    if (rest > 0) {
        result.value = rest;
    } else if (!is_silent()) {
        result.value = 1;  // about to expire
    }
    return result;
}

void ClockPosixTimer::set(const TimerSetting& setting, bool is_absolute) {
    alarm_.stop_on_clock();
    is_active_ = false;
    forget_overruns();
    interval_ = 0;
    if (setting.value == 0) {
        return;
    }
    interval_ = setting.interval;
    base_ = is_absolute ? clock_ : ClockTimer::Base::Monotonic;
    expiry_ = setting.value;
    if (!is_absolute && __builtin_add_overflow(now(), setting.value, &expiry_)) {
        expiry_ = INT64_MAX;
    }
    if (!is_silent()) {
        is_active_ = true;
        alarm_.start_on(base_, expiry_);
    }
}

void ClockPosixTimer::expired() {
    constexpr std::int64_t kTick = 4'000'000;
    is_active_ = false;
    if (send(interval_ != 0) || interval_ == 0) {
        return;
    }
    // Ignored: it goes on, but not more often than the clock ticks (Linux posix_timer_fn).
    count_overruns(forward_expiry(expiry_, now() + (interval_ < kTick ? kTick : 0), interval_));
    is_active_ = true;
    alarm_.start_on(base_, expiry_);
}

void ClockPosixTimer::rearm() {
    count_overruns(forward_expiry(expiry_, now(), interval_));
    is_active_ = true;
    alarm_.start_on(base_, expiry_);
}

// On the CPU time of a process or a thread.
class CpuPosixTimer final : public PosixTimer {
  public:
    CpuPosixTimer(Process& process, int id, TimerNotice notice, QueuedSignal& signal, const TimerClock& clock)
        : PosixTimer(process, id, std::move(notice), signal),
          cpu_process_(clock.cpu_process),
          cpu_thread_(clock.cpu_thread),
          alarm_(*this, clock.is_user_time ? CpuClock::User : CpuClock::UserAndSystem) {}

    TimerSetting current() override;
    void set(const TimerSetting& setting, bool is_absolute) override;

  private:
    class Alarm final : public CpuTimer {
      public:
        Alarm(CpuPosixTimer& timer, CpuClock clock) : CpuTimer(clock), timer_(timer) {}
        void expire() override { timer_.expired(); }

      private:
        CpuPosixTimer& timer_;
    };

    std::int64_t now() const {
        return cpu_thread_ ? cpu_time_of(*cpu_thread_, alarm_.clock())
                           : cpu_time_of(*cpu_process_, alarm_.clock());
    }
    void start() {
        if (cpu_thread_) {
            alarm_.start(*cpu_thread_, expiry_);
        } else {
            alarm_.start(*cpu_process_, expiry_);
        }
    }
    void expired();
    void rearm() override;

    Ref<Process> cpu_process_;
    Ref<Task> cpu_thread_;
    Alarm alarm_;
    std::int64_t expiry_ = 0;  // 0: not running
};

// Linux posix_cpu_timer_get.
TimerSetting CpuPosixTimer::current() {
    TimerSetting result{.value = 0, .interval = interval_};
    if (expiry_ == 0) {
        return result;
    }
    const std::int64_t rest = expiry_ - now();
    result.value = rest > 0 ? rest : 1;
    return result;
}

void CpuPosixTimer::set(const TimerSetting& setting, bool is_absolute) {
    alarm_.stop();
    forget_overruns();
    interval_ = setting.interval;
    expiry_ = setting.value;
    if (expiry_ == 0) {
        return;
    }
    if (!is_absolute && __builtin_add_overflow(now(), setting.value, &expiry_)) {
        expiry_ = INT64_MAX;
    }
    if (now() >= expiry_) {
        expired();
    } else {
        start();
    }
}

// Linux cpu_timer_fire.
void CpuPosixTimer::expired() {
    if (is_silent() || interval_ == 0) {
        if (!is_silent()) {
            (void)send(false);
        }
        expiry_ = 0;
    } else if (!send(true)) {
        rearm();
    }
}

void CpuPosixTimer::rearm() {
    count_overruns(forward_expiry(expiry_, now(), interval_));
    start();
}

}  // namespace

Result<PosixTimer*> make_posix_timer(Process& process, int number, const TimerClock& clock,
                                     TimerNotice notice) {
    Own<QueuedSignal> signal = TRY(make_own<QueuedSignal>());
    PosixTimer* timer = nullptr;
    if (clock.kind == TimerClock::Kind::Cpu) {
        timer = new (std::nothrow) CpuPosixTimer(process, number, std::move(notice), *signal, clock);
    } else {
        const ClockTimer::Base base = clock.kind == TimerClock::Kind::Realtime ? ClockTimer::Base::Realtime
                                                                               : ClockTimer::Base::Monotonic;
        timer = new (std::nothrow) ClockPosixTimer(process, number, std::move(notice), *signal, base);
    }
    if (timer == nullptr) {
        return Errno(ENOMEM);
    }
    signal.leak();
    process.posix_timers.push_back(*timer);
    return timer;
}

PosixTimer* find_posix_timer(Process& process, int id) {
    for (PosixTimer& timer : process.posix_timers) {
        if (timer.id() == id) {
            return &timer;
        }
    }
    return nullptr;
}

void delete_posix_timers(Process& process) {
    while (PosixTimer* timer = process.posix_timers.pop_front()) {
        delete timer;
    }
}

}  // namespace kernel
