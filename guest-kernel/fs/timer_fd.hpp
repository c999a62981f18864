// timerfd(2): a timer whose expiries are read (Linux fs/timerfd.c).
#pragma once

#include "fs/anonymous.hpp"
#include "time/clock_setup.hpp"
#include "time/timer.hpp"

namespace kernel {

class TimerFile final : public AnonymousFile, public RealtimeListener {
  public:
    struct Setting {
        std::int64_t value = 0;  // ns; 0: not running
        std::int64_t interval = 0;
    };

    // `clock` is one of those that timerfd_create takes.
    TimerFile(Path path, unsigned flags, int clock)
        : AnonymousFile(std::move(path), O_RDWR | flags), clock_(clock), alarm_(*this) {}

    int clock() const { return clock_; }
    // How long until the next expiry.
    Setting current();
    // `flags`: TFD_TIMER_*. ECANCELED: the clock has been set since the last time that this was noticed.
    Result<void> set(const Setting& setting, unsigned flags);

    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& place, TransferMode mode) override;
    Result<std::int64_t> seek(std::int64_t offset, int whence) override;
    std::uint32_t poll(PollRegistrar* registrar) override;
    Result<long> ioctl(Task& task, unsigned command, unsigned long argument) override;
    void describe(TextBuffer& out) override;
    TimerFile* as_timer() override { return this; }
    void realtime_was_set() override;

  private:
    class Alarm final : public ClockTimer {
      public:
        explicit Alarm(TimerFile& file) : file_(file) {}

      protected:
        void expire() override { file_.expired(); }

      private:
        TimerFile& file_;
    };

    bool is_realtime() const;
    void expired();
    // A periodic timer stands still from its expiry until somebody asks: counts what has passed since, and
    // goes on.
    void catch_up();
    bool take_cancellation();

    int clock_;
    ClockTimer::Base base_ = ClockTimer::Base::Monotonic;
    Alarm alarm_;
    std::int64_t expiry_ = 0;
    std::int64_t interval_ = 0;
    std::uint64_t ticks_ = 0;
    bool has_expired_ = false;  // and not been asked since
    unsigned settime_flags_ = 0;
    bool was_canceled_ = false;
    WaitQueue changed_;
};

}  // namespace kernel
