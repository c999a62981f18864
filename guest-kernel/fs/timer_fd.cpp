#include "fs/timer_fd.hpp"

#include <linux/time.h>
#include <linux/timerfd.h>

#include "fs/text_buffer.hpp"
#include "mm/user_memory.hpp"

namespace kernel {

bool TimerFile::is_realtime() const {
    return clock_ == CLOCK_REALTIME || clock_ == CLOCK_REALTIME_ALARM;
}

void TimerFile::expired() {
    has_expired_ = true;
    ++ticks_;
    changed_.wake_all(POLLIN);
}

void TimerFile::catch_up() {
    if (!has_expired_ || interval_ == 0) {
        return;
    }
    has_expired_ = false;
    // The first of these expiries has been counted when it happened.
    ticks_ += static_cast<std::uint64_t>(forward_expiry(expiry_, ClockTimer::now_on(base_), interval_)) - 1;
    alarm_.start_on(base_, expiry_);
}

TimerFile::Setting TimerFile::current() {
    catch_up();
    const std::int64_t rest = expiry_ == 0 ? 0 : expiry_ - ClockTimer::now_on(base_);
    return {.value = rest > 0 ? rest : 0, .interval = interval_};
}

bool TimerFile::take_cancellation() {
    return is_linked() && std::exchange(was_canceled_, false);
}

Result<void> TimerFile::set(const Setting& setting, unsigned flags) {
    constexpr unsigned kCanBeCanceled = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    const bool is_absolute = (flags & TFD_TIMER_ABSTIME) != 0;
    if (is_realtime() && (flags & kCanBeCanceled) == kCanBeCanceled) {
        if (!is_linked()) {
            was_canceled_ = false;
            realtime_listeners().push_back(*this);
        }
    } else {
        unlink();
    }
    alarm_.stop_on_clock();
    has_expired_ = false;
    ticks_ = 0;
    interval_ = setting.interval;
    expiry_ = setting.value;
    if (setting.value != 0) {
        base_ = is_absolute && is_realtime() ? ClockTimer::Base::Realtime : ClockTimer::Base::Monotonic;
        if (!is_absolute && __builtin_add_overflow(ClockTimer::now_on(base_), setting.value, &expiry_)) {
            expiry_ = INT64_MAX;
        }
        if (ClockTimer::now_on(base_) >= expiry_) {
            expired();
        } else {
            alarm_.start_on(base_, expiry_);
        }
        if (take_cancellation()) {
            return Errno(ECANCELED);
        }
    }
    settime_flags_ = flags;
    return {};
}

Result<std::size_t> TimerFile::read(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    if (buffer.remaining() < sizeof(ticks_)) {
        return Errno(EINVAL);
    }
    if (ticks_ == 0 && !mode.nonblocking) {
        TRY(changed_.wait([this] { return ticks_ != 0; }));
    }
    // Who asked to hear of it reads anew what the clock says.
    if (take_cancellation()) {
        ticks_ = 0;
        has_expired_ = false;
        return Errno(ECANCELED);
    }
    if (ticks_ == 0) {
        return Errno(EAGAIN);
    }
    catch_up();
    has_expired_ = false;
    const std::uint64_t taken = std::exchange(ticks_, 0);
    if (buffer.put(&taken, sizeof(taken)) < sizeof(taken)) {
        return Errno(EFAULT);
    }
    return sizeof(taken);
}

// Linux noop_llseek.
Result<std::int64_t> TimerFile::seek(std::int64_t, int) {
    return position;
}

std::uint32_t TimerFile::poll(PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(changed_);
    }
    return ticks_ != 0 ? POLLIN : 0;
}

Result<long> TimerFile::ioctl(Task&, unsigned command, unsigned long argument) {
    if (command != TFD_IOC_SET_TICKS) {
        return Errno(ENOTTY);
    }
    const auto ticks = TRY(UserIn<std::uint64_t>(UserAddress(argument)).read());
    if (ticks == 0) {
        return Errno(EINVAL);
    }
    if (is_linked() && was_canceled_) {
        was_canceled_ = false;
        return Errno(ECANCELED);
    }
    ticks_ = ticks;
    changed_.wake_all(POLLIN);
    return 0;
}

void TimerFile::realtime_was_set() {
    was_canceled_ = true;
    ++ticks_;
    changed_.wake_all(POLLIN);
}

// Linux timerfd_show.
void TimerFile::describe(TextBuffer& out) {
    const std::int64_t rest = expiry_ == 0 ? 0 : expiry_ - ClockTimer::now_on(base_);
    const Timespec value = Timespec::from_nanoseconds(rest > 0 ? rest : 0);
    const Timespec interval = Timespec::from_nanoseconds(interval_);
    out.text("clockid: ").signed_decimal(clock_);
    out.text("\nticks: ").decimal(ticks_);
    out.text("\nsettime flags: 0").octal(settime_flags_);
    out.text("\nit_value: (").signed_decimal(value.seconds).text(", ").signed_decimal(value.nanoseconds);
    out.text(")\nit_interval: (")
        .signed_decimal(interval.seconds)
        .text(", ")
        .signed_decimal(interval.nanoseconds);
    out.text(")\n");
}

}  // namespace kernel
