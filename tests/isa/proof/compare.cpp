#include "tests/isa/proof/compare.hpp"

#include <fmt/format.h>

#include <cstring>
#include <iterator>
#include <string_view>

#include "emu/cpu.hpp"
#include "tests/isa/generate/encoding.hpp"

namespace levitate::isa {

namespace {

std::string vector_text(const std::uint64_t (&vector)[2]) {
    return fmt::format("{:016x}_{:016x}", vector[1], vector[0]);
}

bool is_partly_done(const JudgeStep& step, const JudgeReply& emulated) {
    const bool has_faulted = emulated.outcome == JUDGE_UNMAPPED || emulated.outcome == JUDGE_FORBIDDEN;
    const auto operand = memory_operand(step.word);
    return has_faulted && operand.has_value() && !operand->is_single;
}

// What an access that faulted half-way may have changed.
void take_data(const JudgeStep& step, const JudgeReply& from, JudgeReply& into) {
    std::memcpy(into.state.v, from.state.v, sizeof into.state.v);
    for (const std::uint32_t number : {bits(step.word, 4, 0), bits(step.word, 14, 10)}) {
        if (number != 31) {
            into.state.x[number] = from.state.x[number];
        }
    }
    into.memory_hash = from.memory_hash;
}

class Notes {
  public:
    void note(std::string_view what, std::string_view ours, std::string_view theirs) {
        if (ours != theirs) {
            text_ += fmt::format("  {}: emulator {}, judge {}\n", what, ours, theirs);
        }
    }
    void note(std::string_view what, std::uint64_t ours, std::uint64_t theirs) {
        if (ours != theirs) {
            note(what, fmt::format("{:x}", ours), fmt::format("{:x}", theirs));
        }
    }
    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

std::string differing_parts(const JudgeReply& emulated, const JudgeReply& judged) {
    Notes notes;
    notes.note("outcome", outcome_name(emulated.outcome), outcome_name(judged.outcome));
    notes.note("PC", emulated.pc, judged.pc);
    notes.note("fault address", emulated.fault_address, judged.fault_address);
    const JudgeState& ours = emulated.state;
    const JudgeState& theirs = judged.state;
    for (std::size_t i = 0; i < std::size(ours.v); ++i) {
        notes.note(fmt::format("V{}", i), vector_text(ours.v[i]), vector_text(theirs.v[i]));
    }
    for (std::size_t i = 0; i < std::size(ours.x); ++i) {
        notes.note(fmt::format("X{}", i), ours.x[i], theirs.x[i]);
    }
    notes.note("SP", ours.sp, theirs.sp);
    notes.note("PSTATE", ours.pstate, theirs.pstate);
    notes.note("FPCR", ours.fpcr, theirs.fpcr);
    notes.note("FPSR", ours.fpsr, theirs.fpsr);
    notes.note("memory", emulated.memory_hash, judged.memory_hash);
    return notes.take();
}

bool is_same(const JudgeReply& emulated, const JudgeReply& judged) {
    return emulated.outcome == judged.outcome && emulated.pc == judged.pc &&
           emulated.fault_address == judged.fault_address && emulated.memory_hash == judged.memory_hash &&
           std::memcmp(&emulated.state, &judged.state, offsetof(JudgeState, unused)) == 0;
}

}  // namespace

std::string_view outcome_name(std::uint32_t outcome) {
    switch (outcome) {
        case JUDGE_RETIRED:
            return "retired";
        case JUDGE_UNDEFINED:
            return "undefined";
        case JUDGE_UNMAPPED:
            return "translation fault";
        case JUDGE_FORBIDDEN:
            return "permission fault";
        case JUDGE_MISALIGNED:
            return "alignment fault";
        case JUDGE_TRAPPED:
            return "breakpoint";
        default:
            return "not run";
    }
}

std::string difference(const JudgeStep& step, const JudgeReply& emulated, const JudgeReply& judged) {
    if (is_same(emulated, judged)) {
        return {};
    }
    if (is_partly_done(step, emulated)) {
        JudgeReply whole = judged;
        take_data(step, emulated, whole);
        return is_same(emulated, whole) ? std::string{} : differing_parts(emulated, whole);
    }
    return differing_parts(emulated, judged);
}

std::string describe(const JudgeStep& step, const JudgeState& before) {
    std::string text =
        fmt::format("{:08x} {} FPCR {:x} FPSR {:x} PSTATE {:x} SP {:x}\n", step.word,
                    emu::row_name(step.word), before.fpcr, before.fpsr, before.pstate, before.sp);
    for (const unsigned place : {0U, 5U, 16U, 10U}) {
        const std::uint32_t number = bits(step.word, place + 4, place);
        const std::uint64_t x = number == 31 ? 0 : before.x[number];
        text += fmt::format("  V{} = {}, X{} = {:x}\n", number, vector_text(before.v[number]), number, x);
    }
    return text;
}

}  // namespace levitate::isa
