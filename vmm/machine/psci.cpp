#include "vmm/machine/psci.hpp"

namespace levitate::vmm {
namespace {

// Function identifiers (DEN 0022 section 5). Bit 30 is set in the SMC64 form.
enum Function : std::uint32_t {
    kVersion = 0x8400'0000,
    kCpuSuspend = 0x8400'0001,
    kCpuOff = 0x8400'0002,
    kCpuOn = 0x8400'0003,
    kAffinityInfo = 0x8400'0004,
    kMigrateInfoType = 0x8400'0006,
    kSystemOff = 0x8400'0008,
    kSystemReset = 0x8400'0009,
    kFeatures = 0x8400'000A,
};
constexpr std::uint32_t kSmc64 = 1U << 30U;

// Return codes (DEN 0022 section 5.2.2).
enum class Status : std::int32_t {
    Success = 0,
    NotSupported = -1,
    InvalidParameters = -2,
    Denied = -3,
    AlreadyOn = -4,
};

constexpr std::uint64_t kVersion1_1 = 0x0001'0001;
constexpr std::uint64_t kPowerLevel = 3ULL << 24U;  // of the power state, in its original format
constexpr std::uint64_t kAffinityOn = 0;
constexpr std::uint64_t kNoTrustedOs = 2;
constexpr std::uint64_t kThisCpu = 0;  // MPIDR_EL1's affinity fields

PsciReply reply(Status status) {
    return {.result = static_cast<std::uint64_t>(static_cast<std::int64_t>(status)),
            .action = PowerAction::None};
}

bool is_implemented(std::uint32_t function) {
    switch (function & ~kSmc64) {
        case kCpuSuspend:
        case kCpuOn:
        case kAffinityInfo:
            return true;
        case kVersion:
        case kCpuOff:
        case kMigrateInfoType:
        case kSystemOff:
        case kSystemReset:
        case kFeatures:
            return (function & kSmc64) == 0;
        default:
            return false;
    }
}

}  // namespace

PsciReply call_psci(const std::array<std::uint64_t, 4>& arguments) {
    const auto function = static_cast<std::uint32_t>(arguments[0]);
    if (!is_implemented(function)) {
        return reply(Status::NotSupported);
    }
    switch (function & ~kSmc64) {
        case kVersion:
            return {.result = kVersion1_1, .action = PowerAction::None};
        case kCpuSuspend:
            // Only the CPU itself has power states, of which there is standby.
            if ((arguments[1] & kPowerLevel) != 0) {
                return reply(Status::InvalidParameters);
            }
            return {.result = 0, .action = PowerAction::Wait};
        case kCpuOff:
            return reply(Status::Denied);  // it is the only one
        case kCpuOn:
            return reply(arguments[1] == kThisCpu ? Status::AlreadyOn : Status::InvalidParameters);
        case kAffinityInfo:
            if (arguments[1] != kThisCpu || arguments[2] != 0) {
                return reply(Status::InvalidParameters);
            }
            return {.result = kAffinityOn, .action = PowerAction::None};
        case kMigrateInfoType:
            return {.result = kNoTrustedOs, .action = PowerAction::None};
        case kSystemOff:
            return {.result = 0, .action = PowerAction::Off};
        case kSystemReset:
            return {.result = 0, .action = PowerAction::Reset};
        case kFeatures:
            return reply(is_implemented(static_cast<std::uint32_t>(arguments[1])) ? Status::Success
                                                                                  : Status::NotSupported);
        default:
            return reply(Status::NotSupported);
    }
}

}  // namespace levitate::vmm
