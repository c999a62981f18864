#include "tests/isa/generate/generator.hpp"

#include <array>
#include <bit>

#include "emu/decode/table.hpp"
#include "tests/isa/generate/encoding.hpp"
#include "tests/isa/generate/lead.hpp"
#include "tests/isa/generate/values.hpp"

namespace levitate::isa {

namespace {

using emu::decode::Row;

// Register fields lie at the same places in nearly every encoding; now and then two of them are the same,
// or 31.
std::uint32_t with_overlapping_registers(std::uint32_t word, const Row& row, Random& random) {
    constexpr std::array<unsigned, 4> kPlaces{0, 5, 16, 10};
    constexpr std::uint32_t kFieldMask = 0x1f;
    const unsigned to = kPlaces[random.below(kPlaces.size())];
    const unsigned from = kPlaces[random.below(kPlaces.size())];
    const std::uint32_t number = random.one_in(2) ? kFieldMask : word >> from & kFieldMask;
    const std::uint32_t mask = kFieldMask << to;
    return (row.mask & mask) != 0 ? word : (word & ~mask) | number << to;
}

// Bits 18:5 of MRS, MSR and SYS: of the registers that EL0 may name some, and of the others few.
std::uint32_t with_system_name(std::uint32_t word, Random& random) {
    constexpr auto kName = [](unsigned op1, unsigned crn, unsigned crm, unsigned op2) {
        return op1 << 16 | crn << 12 | crm << 8 | op2 << 5;
    };
    constexpr auto kRegisters = std::to_array<std::uint32_t>({
        kName(3, 4, 2, 0),   // NZCV
        kName(3, 4, 2, 1),   // DAIF
        kName(3, 4, 2, 6),   // SSBS
        kName(3, 4, 4, 0),   // FPCR
        kName(3, 4, 4, 1),   // FPSR
        kName(3, 13, 0, 2),  // TPIDR_EL0
        kName(3, 13, 0, 3),  // TPIDRRO_EL0
        kName(3, 0, 0, 1),   // CTR_EL0
        kName(3, 0, 0, 7),   // DCZID_EL0
        kName(0, 13, 0, 4),  // TPIDR_EL1
    });
    constexpr auto kInstructions = std::to_array<std::uint32_t>({
        kName(3, 7, 4, 1),   // DC ZVA
        kName(3, 7, 10, 1),  // DC CVAC
        kName(3, 7, 11, 1),  // DC CVAU
        kName(3, 7, 12, 1),  // DC CVAP
        kName(3, 7, 14, 1),  // DC CIVAC
        kName(3, 7, 5, 1),   // IC IVAU
    });
    constexpr std::uint32_t kNameBits = 0x7ffe0;
    switch (word >> 19) {
        case 0xd5080000U >> 19:
            return (word & ~kNameBits) | kInstructions[random.below(kInstructions.size())];
        case 0xd5180000U >> 19:
        case 0xd5380000U >> 19:
            return (word & ~kNameBits) | kRegisters[random.below(kRegisters.size())];
        default:
            return word;
    }
}

constexpr bool matches(const Row& row, std::uint32_t word) {
    return (word & row.mask) == row.value;
}

std::uint32_t word_of_row(const Row& row, Random& random) {
    std::uint32_t word = row.value | (static_cast<std::uint32_t>(random()) & ~row.mask);
    if (random.one_in(4)) {
        word = with_overlapping_registers(word, row, random);
    }
    if (!random.one_in(8)) {
        const std::uint32_t named = with_system_name(word, random);
        word = matches(row, named) ? named : word;
    }
    return word;
}

// Sometimes any word, sometimes one that differs from a row's in a bit that the row fixes.
std::uint32_t stray_word(const Row& row, Random& random) {
    if (random.one_in(2)) {
        return static_cast<std::uint32_t>(random());
    }
    const std::uint32_t bit = std::uint32_t{1} << random.below(32);
    return word_of_row(row, random) ^ (row.mask & bit);
}

class SequenceMaker {
  public:
    SequenceMaker(JudgeSequence& sequence, Batch& batch, Random& random)
        : sequence_(sequence), batch_(batch), random_(random) {}

    bool is_full() const { return sequence_.step_count == JUDGE_STEPS; }

    // `make` gives a word; another one each time it is asked.
    template <class Make>
    void add(Make make) {
        JudgeStep step{};
        do {
            step.word = make();
        } while (is_unpredictable(step.word) || !lead(step, next_slot(), random_));
        if (is_store_exclusive(step.word)) {
            add_exclusive_pair(step);
        } else {
            push(step);
        }
    }

  private:
    std::uint64_t next_slot() const { return sequence_.first_slot + sequence_.step_count; }

    void push(const JudgeStep& step) {
        if (!is_full()) {
            batch_.steps[next_slot()] = step;
            ++sequence_.step_count;
        }
    }

    // A store-exclusive says nothing without the load of the same address and size before it; or with CLREX
    // between them, after which it must fail.
    void add_exclusive_pair(const JudgeStep& store) {
        constexpr std::uint32_t kLoadBit = 1U << 22;
        constexpr std::uint32_t kStatusField = 0x1fU << 16;
        constexpr std::uint32_t kOtherRegister = 1;  // so that the store changes what was loaded
        constexpr std::uint32_t kClrex = 0xd5033f5f;
        JudgeStep load = store;
        load.word = (load.word | kLoadBit | kStatusField) ^ kOtherRegister;
        while (is_unpredictable(load.word)) {
            load.word ^= 1U << 10;  // Rt2
        }
        const bool is_cleared = random_.one_in(8);
        const std::uint64_t needed = is_cleared ? 3 : 2;
        if (sequence_.step_count + needed > JUDGE_STEPS) {
            sequence_.step_count = static_cast<std::uint32_t>(JUDGE_STEPS - needed);
        }
        push(load);
        if (is_cleared) {
            push({.word = kClrex, .patch_count = 0, .patches = {}});
        }
        push(store);
    }

    JudgeSequence& sequence_;
    Batch& batch_;
    Random& random_;
};

}  // namespace

void Generator::add_sequence(std::uint64_t number, Batch& batch) const {
    Random random{seed_, number};
    JudgeSequence sequence{.memory_seed = random() | 1,
                           .first_slot = static_cast<std::uint32_t>(number % JUDGE_SEQUENCES * JUDGE_STEPS),
                           .step_count = 0,
                           .state = random_state(random)};
    SequenceMaker maker{sequence, batch, random};
    const auto add_of_row = [&](const Row& row) { maker.add([&] { return word_of_row(row, random); }); };
    add_of_row(rows_[number % rows_.size()]);
    while (!maker.is_full()) {
        const Row& row = rows_[random.below(rows_.size())];
        if (random.one_in(16)) {
            maker.add([&] { return stray_word(row, random); });
        } else {
            add_of_row(row);
        }
    }
    batch.numbers.push_back(number);
    batch.sequences.push_back(sequence);
}

}  // namespace levitate::isa
