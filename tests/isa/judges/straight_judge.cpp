#include "tests/isa/judges/straight_judge.hpp"

#include <cstring>
#include <utility>

#include "tests/isa/generate/encoding.hpp"

namespace levitate::isa {

namespace {

// MOVZ and MOVK of the four halfwords.
void append_move(std::vector<std::uint32_t>& code, std::uint32_t number, std::uint64_t value) {
    constexpr std::uint32_t kMovz = 0xd2800000;
    constexpr std::uint32_t kMovk = 0xf2800000;
    for (std::uint32_t i = 0; i < 4; ++i) {
        const auto halfword = static_cast<std::uint32_t>(value >> (16 * i) & 0xffff);
        code.push_back((i == 0 ? kMovz : kMovk) | i << 21 | halfword << 5 | number);
    }
}

bool is_straight(const JudgeStep& step) {
    const std::uint32_t word = step.word;
    constexpr std::uint32_t kAdr = 0x10000000;
    constexpr std::uint32_t kTpidrEl0 = 0xd51bd040;  // MSR; with bit 21 MRS
    const bool is_address = (word & 0x1f000000) == kAdr || is_literal_load(word);
    const bool is_thread_pointer = (word & 0xffdfffe0) == kTpidrEl0;
    bool needs_sp = false;
    for (std::size_t i = 0; i < step.patch_count; ++i) {
        needs_sp = needs_sp || step.patches[i].number == 31;
    }
    // SVC retires for Linux, but not here.
    constexpr std::uint32_t kSvc = 0xd4000001;
    const bool is_call = (word & 0xffe0001f) == kSvc;
    return !is_address && !is_call && !is_thread_pointer && !needs_sp && !branch_offset(word).has_value() &&
           !branch_register(word).has_value();
}

}  // namespace

// The steps of a sequence that can be laid out.
StraightJudge::Piece StraightJudge::make_piece(const JudgeSequence& sequence, const Batch& batch,
                                               std::span<const EmulatedStep> emulated) {
    Piece piece{.sequence = &sequence, .code = {}};
    for (const JudgeStep& step : batch.steps_of(sequence)) {
        const std::size_t slot = sequence.first_slot + piece.steps;
        if (!is_straight(step) || emulated[slot].reply.outcome != JUDGE_RETIRED) {
            break;
        }
        for (std::size_t i = 0; i < step.patch_count; ++i) {
            append_move(piece.code, static_cast<std::uint32_t>(step.patches[i].number),
                        step.patches[i].value);
        }
        piece.code.push_back(step.word);
        ++piece.steps;
    }
    return piece;
}

// Once as the CPU meets the code, once as it has kept it.
JudgeReply StraightJudge::run(const Piece& piece, const JudgeReply& expected) {
    const JudgeReply cold = emulator_.run_straight(*piece.sequence, piece.code.size());
    const JudgeReply warm = emulator_.run_straight(*piece.sequence, piece.code.size());
    JudgeReply reply = std::memcmp(&cold.state, &expected.state, sizeof cold.state) == 0 ? warm : cold;
    if (reply.outcome == JUDGE_RETIRED) {
        reply.pc = expected.pc;
    }
    if (expected.memory_hash == 0) {
        reply.memory_hash = 0;
    }
    return reply;
}

std::expected<void, std::string> StraightJudge::begin(const Batch& batch,
                                                      std::span<const EmulatedStep> emulated) {
    for (JudgeReply& reply : replies_) {
        reply.outcome = JUDGE_NOT_RUN;
    }
    std::vector<Piece> pieces;
    for (const JudgeSequence& sequence : batch.sequences) {
        Piece piece = make_piece(sequence, batch, emulated);
        if (piece.steps > 1) {
            emulator_.lay_out_straight(sequence, piece.code);
            pieces.push_back(std::move(piece));
        }
    }
    emulator_.finish_layout();
    for (const Piece& piece : pieces) {
        const std::size_t last = piece.sequence->first_slot + piece.steps - 1;
        replies_[last] = run(piece, emulated[last].reply);
    }
    return {};
}

std::expected<std::span<const JudgeReply>, std::string> StraightJudge::verdict() {
    return std::span<const JudgeReply>{replies_};
}

}  // namespace levitate::isa
