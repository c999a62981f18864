// adjtimex, clock_adjtime.
#include <linux/timex.h>

#include "syscalls/clock.hpp"
#include "syscalls/handlers.hpp"
#include "time/clock.hpp"
#include "time/clock_setup.hpp"
#include "time/discipline.hpp"

namespace kernel {

namespace {

constexpr std::int64_t kMaximumFrequency = 500 << 16;  // ppm, 16 binary places: MAXFREQ_SCALED / PPM_SCALE
constexpr std::int64_t kMaximumConstant = 10;          // MAXTC
// Parts of ADJ_OFFSET_SINGLESHOT and ADJ_OFFSET_SS_READ that Linux has names for within the kernel
// (include/linux/timex.h).
constexpr std::uint32_t kSingleShot = 0x8000;        // ADJ_ADJTIME
constexpr std::uint32_t kOffsetReadOnly = 0x2000;    // ADJ_OFFSET_READONLY
constexpr std::uint32_t kOffsetSingleShot = 0x0001;  // ADJ_OFFSET_SINGLESHOT
constexpr std::uint32_t kReadOnlyStatus = STA_RONLY;

std::int64_t clamp(std::int64_t value, std::int64_t least, std::int64_t most) {
    return value < least ? least : value > most ? most : value;
}

// Linux kernel/time/timekeeping.c, timekeeping_validate_timex. EINVAL, EPERM.
Result<void> check(const Task& task, const __kernel_timex& request) {
    const bool may_set = task.credentials.has(CAP_SYS_TIME);
    if ((request.modes & kSingleShot) != 0) {
        if ((request.modes & kOffsetSingleShot) == 0) {
            return Errno(EINVAL);
        }
        if ((request.modes & kOffsetReadOnly) == 0 && !may_set) {
            return Errno(EPERM);
        }
    } else {
        if (request.modes != 0 && !may_set) {
            return Errno(EPERM);
        }
        if ((request.modes & ADJ_TICK) != 0 && (request.tick < 9'000 || request.tick > 11'000)) {
            return Errno(EINVAL);
        }
    }
    if ((request.modes & ADJ_SETOFFSET) != 0) {
        if (!may_set) {
            return Errno(EPERM);
        }
        const long unit = (request.modes & ADJ_NANO) != 0 ? 1'000'000'000 : 1'000'000;
        if (request.time.tv_usec < 0 || request.time.tv_usec >= unit) {
            return Errno(EINVAL);
        }
    }
    return {};
}

// Linux ntp_update_offset, without the loop that would turn the offset into a frequency.
void set_offset(ClockDiscipline& discipline, std::int64_t offset) {
    constexpr std::int64_t kMaximumPhase = 500'000'000;  // ns
    if ((discipline.status & STA_PLL) != 0) {
        const bool is_nanoseconds = (discipline.status & STA_NANO) != 0;
        discipline.offset = clamp(is_nanoseconds ? offset : clamp(offset, -1'000'000, 1'000'000) * 1000,
                                  -kMaximumPhase, kMaximumPhase);
    }
}

// Linux kernel/time/ntp.c, process_adjtimex_modes.
void apply(ClockDiscipline& discipline, const __kernel_timex& request) {
    const std::uint32_t modes = request.modes;
    if ((modes & ADJ_STATUS) != 0) {
        discipline.status = (discipline.status & kReadOnlyStatus) |
                            (static_cast<std::uint32_t>(request.status) & ~kReadOnlyStatus);
    }
    if ((modes & ADJ_NANO) != 0) {
        discipline.status |= STA_NANO;
    }
    if ((modes & ADJ_MICRO) != 0) {
        discipline.status &= ~static_cast<std::uint32_t>(STA_NANO);
    }
    if ((modes & ADJ_FREQUENCY) != 0) {
        discipline.frequency = clamp(request.freq, -kMaximumFrequency, kMaximumFrequency);
    }
    if ((modes & ADJ_MAXERROR) != 0) {
        discipline.maximum_error = clamp(request.maxerror, 0, ClockDiscipline::kMaximumError);
        discipline.maximum_error_set = monotonic_now();
    }
    if ((modes & ADJ_ESTERROR) != 0) {
        discipline.estimated_error = clamp(request.esterror, 0, ClockDiscipline::kMaximumError);
    }
    if ((modes & ADJ_TIMECONST) != 0) {
        const long constant = request.constant + ((discipline.status & STA_NANO) == 0 ? 4 : 0);
        discipline.time_constant = clamp(constant, 0, kMaximumConstant);
    }
    if ((modes & ADJ_TAI) != 0 && request.constant >= 0 && request.constant <= 100'000) {
        discipline.tai_offset = static_cast<int>(request.constant);
    }
    if ((modes & ADJ_OFFSET) != 0) {
        set_offset(discipline, request.offset);
    }
    if ((modes & ADJ_TICK) != 0) {
        discipline.tick = request.tick;
    }
}

// The error grows by 500 ppm until somebody says how large it is (Linux second_overflow).
std::int64_t error_now(ClockDiscipline& discipline) {
    const std::int64_t seconds = (monotonic_now() - discipline.maximum_error_set) / kNanosecondsPerSecond;
    const std::int64_t error = discipline.maximum_error + seconds * 500;
    if (error > ClockDiscipline::kMaximumError) {
        discipline.maximum_error = ClockDiscipline::kMaximumError;
        discipline.status |= STA_UNSYNC;
        return ClockDiscipline::kMaximumError;
    }
    return error;
}

void describe(ClockDiscipline& discipline, __kernel_timex& result) {
    const bool is_nanoseconds = (discipline.status & STA_NANO) != 0;
    result.maxerror = error_now(discipline);
    result.freq = discipline.frequency;
    result.esterror = discipline.estimated_error;
    result.status = static_cast<int>(discipline.status);
    result.constant = discipline.time_constant;
    result.precision = 1;
    result.tolerance = kMaximumFrequency;
    result.tick = discipline.tick;
    result.tai = discipline.tai_offset;
    result.ppsfreq = result.jitter = result.stabil = 0;
    result.shift = 0;
    result.jitcnt = result.calcnt = result.errcnt = result.stbcnt = 0;
    const Timespec now = current_time();
    result.time.tv_sec = now.seconds;
    result.time.tv_usec = is_nanoseconds ? now.nanoseconds : now.nanoseconds / 1000;
}

Result<long> adjust(const Task& task, UserInOut<__kernel_timex> buffer) {
    __kernel_timex request = TRY(buffer.read());
    TRY(check(task, request));
    ClockDiscipline& discipline = clock_discipline();
    if ((request.modes & kSingleShot) != 0) {
        const std::int64_t left = discipline.single_shot;
        if ((request.modes & kOffsetReadOnly) == 0) {
            discipline.single_shot = request.offset;
        }
        request.offset = left;
    } else {
        if ((request.modes & ADJ_SETOFFSET) != 0) {
            const std::int64_t fraction =
                (request.modes & ADJ_NANO) != 0 ? request.time.tv_usec : request.time.tv_usec * 1000;
            set_realtime(realtime_now() + request.time.tv_sec * kNanosecondsPerSecond + fraction);
            discipline.forget_exactness();
        }
        apply(discipline, request);
        request.offset = (discipline.status & STA_NANO) != 0 ? discipline.offset : discipline.offset / 1000;
    }
    describe(discipline, request);
    TRY(buffer.write(request));
    constexpr std::uint32_t kErrors = STA_UNSYNC | STA_CLOCKERR;
    return (discipline.status & kErrors) != 0 ? TIME_ERROR : TIME_OK;
}

}  // namespace

Result<long> sys_adjtimex(Task& task, UserInOut<__kernel_timex> buffer) {
    return adjust(task, buffer);
}

Result<long> sys_clock_adjtime(Task& task, int clock, UserInOut<__kernel_timex> buffer) {
    TRY(buffer.read());
    if (clock == CLOCK_REALTIME) {
        return adjust(task, buffer);
    }
    constexpr int kKindMask = 7;
    constexpr int kDescriptorClock = 3;
    const bool is_clock =
        clock >= 0 ? clock <= CLOCK_TAI && clock != CLOCK_SGI_CYCLE : (clock & kKindMask) != kDescriptorClock;
    return Errno(is_clock ? EOPNOTSUPP : EINVAL);
}

}  // namespace kernel
