#include "tests/isa/judges/vixl_judge.hpp"

#include <sys/mman.h>

#include <cstring>

#include "tests/isa/generate/encoding.hpp"
#include "tests/isa/judges/differences.hpp"
#include "tests/isa/vixl.hpp"

namespace levitate::isa {

namespace {

namespace vixl64 = vixl::aarch64;

// VIXL's memory is this process's own.
void* at(std::uint64_t address) {
    return reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr)
}

constexpr std::uint64_t kCodeSize = JUDGE_SLOTS * JUDGE_STRIDE;
constexpr std::uint64_t kMemorySize = JUDGE_MEMORY_SIZE + JUDGE_PAGE;

bool map(std::uint64_t address, std::size_t size) {
    return mmap(at(address), size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                -1, 0) == at(address);
}

std::uint64_t word_address(std::uint64_t slot) {
    return JUDGE_CODE + slot * JUDGE_STRIDE + JUDGE_WORD_OFFSET;
}

constexpr bool is_exception_generation(std::uint32_t word) {
    return bits(word, 31, 24) == 0b11010100;
}
// VIXL has no LDTR and STTR, which at EL0 do what LDUR and STUR do (Arm ARM C6.2, "LDTR").
constexpr std::uint32_t without_unprivileged_forms(std::uint32_t word) {
    constexpr std::uint32_t kUnprivileged = 1U << 11;
    const bool is_unprivileged = (word & 0x3f200c00) == (0x38000000 | kUnprivileged);
    return is_unprivileged ? word & ~kUnprivileged : word;
}
// Scalar floating point and Advanced SIMD, which FPCR may influence (Arm ARM C4.1, op0 x111).
constexpr bool is_simd_processing(std::uint32_t word) {
    return (bits(word, 28, 25) & 7) == 7;
}

// Made before the simulator, which takes it.
struct WithDecoder {
    vixl64::Decoder decoder;
};

}  // namespace

class VixlJudge::Machine final : private WithDecoder, public vixl64::Simulator {
  public:
    Machine() : Simulator(&decoder) {
        SetCPUFeatures(vixl::CPUFeatures::All());
        SilenceExclusiveAccessWarning();
    }

    // False: VIXL does not have the instruction.
    bool step(const EmulatedStep& emulated, std::uint64_t slot, std::uint32_t word, JudgeReply& reply) {
        write_state(emulated.before);
        WritePc(static_cast<const vixl64::Instruction*>(at(word_address(slot))), NoBranchLog);
        try {
            ExecuteInstruction();
        } catch (const Unmodelled&) {
            return false;
        }
        reply = {};
        reply.outcome = JUDGE_RETIRED;
        reply.pc = reinterpret_cast<std::uint64_t>(ReadPc());
        read_state(emulated.reply.state, reply.state);
        if (judge_may_touch_memory(word) != 0) {
            reply.memory_hash = judge_hash(static_cast<const std::uint64_t*>(at(JUDGE_MEMORY)));
        }
        return true;
    }

  private:
    struct Unmodelled {};
    [[noreturn]] void VisitUnallocated(const vixl64::Instruction* /*instruction*/) override {
        throw Unmodelled{};
    }
    [[noreturn]] void VisitUnimplemented(const vixl64::Instruction* /*instruction*/) override {
        throw Unmodelled{};
    }

    void write_state(const JudgeState& state) {
        for (unsigned i = 0; i < std::size(state.v); ++i) {
            qreg_t value;
            std::memcpy(value.val, state.v[i], sizeof value.val);
            WriteQRegister(i, value, NoRegLog);
        }
        for (unsigned i = 0; i < std::size(state.x); ++i) {
            WriteXRegister(i, static_cast<std::int64_t>(state.x[i]), NoRegLog);
        }
        WriteXRegister(31, static_cast<std::int64_t>(state.sp), NoRegLog, vixl64::Reg31IsStackPointer);
        ReadNzcv().SetRawValue(static_cast<std::uint32_t>(state.pstate));
        ReadFpcr().SetRawValue(0);
    }

    // What VIXL does not model is as the emulator left it.
    void read_state(const JudgeState& emulated, JudgeState& state) {
        for (unsigned i = 0; i < std::size(state.v); ++i) {
            const auto value = ReadVRegister<qreg_t>(i);
            std::memcpy(state.v[i], value.val, sizeof value.val);
        }
        for (unsigned i = 0; i < std::size(state.x); ++i) {
            state.x[i] = static_cast<std::uint64_t>(ReadXRegister(i));
        }
        state.sp = static_cast<std::uint64_t>(ReadXRegister(31, vixl64::Reg31IsStackPointer));
        constexpr std::uint64_t kSsbs = 1 << 12;
        state.pstate = (ReadNzcv().GetRawValue() & ~kSsbs) | (emulated.pstate & kSsbs);
        state.fpcr = emulated.fpcr;
        state.fpsr = emulated.fpsr;
    }
};

VixlJudge::VixlJudge() {
    if (!map(JUDGE_CODE, kCodeSize) || !map(JUDGE_MEMORY, kMemorySize)) {
        error_ = "the addresses that the cases use are not free in this process";
        return;
    }
    judge_fill(static_cast<std::uint64_t*>(at(JUDGE_READ_ONLY)), JUDGE_PAGE, JUDGE_READ_ONLY_SEED);
    mprotect(at(JUDGE_READ_ONLY), JUDGE_PAGE, PROT_READ);
    machine_ = std::make_unique<Machine>();
}

VixlJudge::~VixlJudge() {
    if (machine_ != nullptr) {
        munmap(at(JUDGE_CODE), kCodeSize);
        munmap(at(JUDGE_MEMORY), kMemorySize);
    }
}

std::expected<void, std::string> VixlJudge::begin(const Batch& batch,
                                                  std::span<const EmulatedStep> emulated) {
    if (!error_.empty()) {
        return std::unexpected{error_};
    }
    for (std::uint64_t slot = 0; slot < JUDGE_SLOTS; ++slot) {
        const std::uint32_t word = without_unprivileged_forms(batch.steps[slot].word);
        std::memcpy(at(word_address(slot)), &word, sizeof word);
        replies_[slot].outcome = JUDGE_NOT_RUN;
    }
    for (const JudgeSequence& sequence : batch.sequences) {
        run_sequence(sequence, batch, emulated);
    }
    return {};
}

// Each step begins in the emulator's state, so that a step without an opinion does not end the sequence; but
// it does if it has been one that may have changed memory.
void VixlJudge::run_sequence(const JudgeSequence& sequence, const Batch& batch,
                             std::span<const EmulatedStep> emulated) {
    judge_fill(static_cast<std::uint64_t*>(at(JUDGE_MEMORY)), JUDGE_MEMORY_SIZE, sequence.memory_seed);
    machine_->ClearLocalMonitor();
    for (std::uint64_t i = 0; i < sequence.step_count; ++i) {
        const std::uint64_t slot = sequence.first_slot + i;
        const std::uint32_t word = batch.steps[slot].word;
        const EmulatedStep& what = emulated[slot];
        const bool has_opinion = what.reply.outcome == JUDGE_RETIRED && !is_exception_generation(word) &&
                                 (what.before.fpcr == 0 || !is_simd_processing(word)) &&
                                 !is_known_difference(name(), word, what.before) &&
                                 machine_->step(what, slot, word, replies_[slot]);
        // VIXL lets store-exclusives fail at random, as a CPU may.
        const unsigned status = bits(word, 20, 16);
        const bool has_failed =
            has_opinion && is_store_exclusive(word) &&
            (status == 31 || (replies_[slot].state.x[status] == 1 && what.reply.state.x[status] == 0));
        if (!has_opinion || has_failed) {
            replies_[slot].outcome = JUDGE_NOT_RUN;
            if (judge_may_touch_memory(word) != 0) {
                return;
            }
        }
    }
}

std::expected<std::span<const JudgeReply>, std::string> VixlJudge::verdict() {
    if (!error_.empty()) {
        return std::unexpected{error_};
    }
    return std::span<const JudgeReply>{replies_};
}

}  // namespace levitate::isa
