#include "vmm/tracer/signal_frame.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kLastSignal = 64;  // _NSIG
constexpr std::uint64_t kRegistersOffset = kSignalFrameMachineContext + 8;
// There cannot be more signals pending than exist, each with one handler.
constexpr std::size_t kMostFrames = kLastSignal;

// struct sigcontext ends with 4096 bytes, aligned to 16, that hold records: each is a struct _aarch64_ctx and
// what belongs to it. A record whose magic and size are zero ends them.
constexpr std::uint64_t kRecordsOffset = kSignalFrameMachineContext + 288;
constexpr std::size_t kRecordsSize = 4096;
constexpr std::size_t kRecordAlignment = 16;
constexpr std::uint32_t kFpsimdMagic = 0x46508001;
constexpr std::uint32_t kEsrMagic = 0x45535201;

template <typename T>
T at_offset(std::span<const std::byte> bytes, std::size_t offset) {
    T result{};
    if (offset <= bytes.size() && bytes.size() - offset >= sizeof(T)) {
        std::memcpy(&result, bytes.data() + offset, sizeof(T));
    }
    return result;
}

// The records that a frame holds, one after the other.
template <typename Visit>
void for_each_record(const UserMemory& memory, GuestVirt sp, Visit visit) {
    std::vector<std::byte> area(kRecordsSize);
    area.resize(memory.read(sp + kRecordsOffset, area));
    std::size_t offset = 0;
    while (area.size() - offset >= sizeof(traces::FrameRecord)) {
        const auto record = at_offset<traces::FrameRecord>(area, offset);
        const bool malformed = record.size < sizeof(record) || record.size % kRecordAlignment != 0 ||
                               record.size > area.size() - offset;
        if (malformed) {
            return;
        }
        visit(record, std::span(area).subspan(offset, record.size));
        offset += record.size;
    }
}

std::optional<VectorRegisters> read_vectors(const UserMemory& memory, GuestVirt sp) {
    constexpr std::size_t kControlOffset = sizeof(traces::FrameRecord);
    constexpr std::size_t kVectorsOffset = kControlOffset + 2 * sizeof(std::uint32_t);
    std::optional<VectorRegisters> vectors;
    for_each_record(memory, sp, [&](const traces::FrameRecord& record, std::span<const std::byte> bytes) {
        if (record.magic == kFpsimdMagic && bytes.size() >= kVectorsOffset + sizeof(VectorRegisters::v)) {
            // struct fpsimd_context: fpsr, fpcr, vregs.
            vectors = VectorRegisters{.v = at_offset<decltype(VectorRegisters::v)>(bytes, kVectorsOffset),
                                      .fpcr = at_offset<std::uint32_t>(bytes, kControlOffset + 4),
                                      .fpsr = at_offset<std::uint32_t>(bytes, kControlOffset)};
        }
    });
    return vectors;
}

SignalContext read_context(const UserMemory& memory, GuestVirt sp) {
    // struct ucontext: uc_flags, uc_link, uc_stack (sp, flags, size), uc_sigmask; then the sigcontext, which
    // begins with fault_address.
    constexpr std::size_t kStackOffset = 16;
    constexpr std::size_t kMaskOffset = 40;
    std::array<std::byte, kSignalFrameMachineContext - kSignalFrameContext + 8> bytes{};
    memory.read(sp + kSignalFrameContext, bytes);
    SignalContext context{
        .flags = at_offset<std::uint64_t>(bytes, 0),
        .stack = {.sp = at_offset<std::uint64_t>(bytes, kStackOffset),
                  .flags = at_offset<std::int32_t>(bytes, kStackOffset + 8),
                  .size = at_offset<std::uint64_t>(bytes, kStackOffset + 16)},
        .mask = at_offset<std::uint64_t>(bytes, kMaskOffset),
        .fault_address = at_offset<std::uint64_t>(bytes, kSignalFrameMachineContext - kSignalFrameContext),
        .records = {},
        .esr = std::nullopt};
    for_each_record(memory, sp, [&](const traces::FrameRecord& record, std::span<const std::byte> all) {
        context.records.push_back(record);
        if (record.magic == kEsrMagic) {
            context.esr = at_offset<std::uint64_t>(all, sizeof(record));
        }
    });
    return context;
}

}  // namespace

std::optional<InterruptedState> read_interrupted_state(const UserMemory& memory, GuestVirt sp) {
    if (value(sp) % 16 != 0) {
        return std::nullopt;
    }
    const auto registers = read_value<GeneralRegisters>(memory, sp + kRegistersOffset);
    if (!registers) {
        return std::nullopt;
    }
    return InterruptedState{*registers, read_vectors(memory, sp)};
}

std::optional<DeliveredSignal> read_delivered_signal(const UserMemory& memory,
                                                     const GeneralRegisters& entry) {
    if (entry.x[0] == 0 || entry.x[0] > kLastSignal) {
        return std::nullopt;
    }
    auto interrupted = read_interrupted_state(memory, GuestVirt{entry.sp});
    if (!interrupted) {
        return std::nullopt;
    }
    DeliveredSignal result{.handler = entry.pc,
                           .frame = entry.sp,
                           .signal = static_cast<unsigned>(entry.x[0]),
                           .information = {},
                           .interrupted = *interrupted,
                           .context = read_context(memory, GuestVirt{entry.sp})};
    // Only with SA_SIGINFO does the kernel fill in the information and pass x1 and x2; without it those bytes
    // are what happened to be on the stack.
    const bool wants_information = entry.x[1] == entry.sp && entry.x[2] == entry.sp + kSignalFrameContext;
    if (wants_information) {
        result.information.resize(kSignalInfoSize);
        result.information.resize(memory.read(GuestVirt{entry.sp}, result.information));
    }
    return result;
}

std::vector<DeliveredSignal> delivered_signals(const UserMemory& memory, const GeneralRegisters& entry,
                                               const InterruptionPoint& point) {
    std::vector<DeliveredSignal> signals;
    GeneralRegisters at = entry;
    while (signals.size() < kMostFrames) {
        const auto delivered = read_delivered_signal(memory, at);
        if (!delivered) {
            return {};
        }
        const InterruptedState& interrupted = delivered->interrupted;
        signals.push_back(*delivered);
        if (interrupted.sp == point.sp && (interrupted.pc == point.pc || interrupted.pc == point.other_pc)) {
            std::ranges::reverse(signals);
            return signals;
        }
        at = interrupted;
    }
    return {};
}

}  // namespace levitate::vmm
