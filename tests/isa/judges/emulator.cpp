#include "tests/isa/judges/emulator.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <span>

namespace levitate::isa {

namespace {

using emu::Registers;

// The machine: system code and tables in the first 2 MiB, which EL0 cannot see, and what the protocol names
// above.
constexpr std::uint64_t kRamBase = 0x40000000;
constexpr std::uint64_t kRamSize = 0x380000;
constexpr std::uint64_t kVectors = 0x40010000;
constexpr std::uint64_t kSetup = 0x40020000;
constexpr std::uint64_t kLevel1Table = 0x40030000;
constexpr std::uint64_t kLevel2Table = 0x40031000;
constexpr std::uint64_t kLevel3Table = 0x40032000;
constexpr std::uint64_t kBlockSize = 0x200000;
// Of run_straight(): some pieces of code lie across a page border.
constexpr std::uint64_t kStraightCode = 0x40300000;
constexpr std::uint64_t kStraightStride = 0x1f0;

// PSTATE as in SPSR_EL1: DAIF set.
constexpr std::uint64_t kEl1h = 0x3c5;
constexpr std::uint64_t kEl0t = 0x3c0;

// System registers, as Cpu::system_register() takes them.
constexpr std::uint16_t kEsrEl1 = 3 << 14 | 5 << 7 | 2 << 3;
constexpr std::uint16_t kFarEl1 = 3 << 14 | 6 << 7;
constexpr std::uint16_t kElrEl1 = 3 << 14 | 4 << 7 | 1;
constexpr std::uint16_t kSpsrEl1 = 3 << 14 | 4 << 7;

JudgeState to_state(const Registers& registers) {
    JudgeState state{};
    std::ranges::copy(registers.x, std::begin(state.x));
    for (std::size_t i = 0; i < registers.v.size(); ++i) {
        state.v[i][0] = registers.v[i].d[0];
        state.v[i][1] = registers.v[i].d[1];
    }
    state.sp = registers.sp_el0;
    state.pstate = registers.pstate & JUDGE_PSTATE;
    state.fpcr = registers.fpcr;
    state.fpsr = registers.fpsr;
    return state;
}

Registers to_registers(const JudgeState& state, std::uint64_t pc) {
    Registers registers;
    std::ranges::copy(state.x, registers.x.begin());
    for (std::size_t i = 0; i < registers.v.size(); ++i) {
        registers.v[i].d = {state.v[i][0], state.v[i][1]};
    }
    registers.sp_el0 = state.sp;
    registers.pc = pc;
    registers.pstate = kEl0t | state.pstate;
    registers.fpcr = static_cast<std::uint32_t>(state.fpcr);
    registers.fpsr = static_cast<std::uint32_t>(state.fpsr);
    registers.tpidr_el0 = state.x[30];  // as linux_judge.c has it
    return registers;
}

constexpr std::uint64_t word_address(std::uint64_t slot) {
    return JUDGE_CODE + slot * JUDGE_STRIDE + JUDGE_WORD_OFFSET;
}

constexpr std::uint64_t straight_address(const JudgeSequence& sequence) {
    return kStraightCode + sequence.first_slot / JUDGE_STEPS * kStraightStride;
}

constexpr bool is_memory_fault(std::uint32_t outcome) {
    return outcome == JUDGE_UNMAPPED || outcome == JUDGE_FORBIDDEN || outcome == JUDGE_MISALIGNED;
}

// What Linux makes of an exception from EL0 (arch/arm64/kernel/entry-common.c, arch/arm64/mm/fault.c).
JudgeOutcome outcome_of(std::uint64_t esr) {
    constexpr unsigned kTrappedSystemRegister = 0x18;
    constexpr unsigned kDataAbort = 0x24;
    constexpr unsigned kSpAlignment = 0x26;
    constexpr unsigned kBreakpoint = 0x3c;
    switch (esr >> 26) {
        case 0:
        case kTrappedSystemRegister:
            return JUDGE_UNDEFINED;
        case kDataAbort:
            switch (esr & 0x3c) {
                case 0x04:
                    return JUDGE_UNMAPPED;
                case 0x0c:
                    return JUDGE_FORBIDDEN;
                default:
                    return JUDGE_MISALIGNED;
            }
        case kSpAlignment:
            return JUDGE_MISALIGNED;
        case kBreakpoint:
            return JUDGE_TRAPPED;
        default:
            return JUDGE_NOT_RUN;
    }
}

}  // namespace

std::optional<std::uint64_t> Emulator::NoBus::read(std::uint64_t /*address*/, unsigned /*size*/) {
    return std::nullopt;
}

bool Emulator::NoBus::write(std::uint64_t /*address*/, unsigned /*size*/, std::uint64_t /*value*/) {
    return false;
}

Emulator::Emulator() : ram_(kRamSize), cpu_{{.ram = {{kRamBase, ram_}}}, bus_, interrupts_} {
    for (std::uint64_t slot = 0; slot < JUDGE_SLOTS; ++slot) {
        put(JUDGE_CODE + slot * JUDGE_STRIDE + JUDGE_LANDING_OFFSET, std::uint32_t{JUDGE_LANDING});
    }
    std::array<std::uint64_t, JUDGE_PAGE / 8> read_only;
    judge_fill(read_only.data(), sizeof read_only, JUDGE_READ_ONLY_SEED);
    put(JUDGE_READ_ONLY, read_only);
    map_pages();
    set_up_system();
}

template <class T>
void Emulator::put(std::uint64_t address, const T& value) {
    std::memcpy(&ram_[address - kRamBase], &value, sizeof value);
}

// 39-bit addresses, 4 KiB pages (Arm ARM D8.3).
void Emulator::map_pages() {
    constexpr std::uint64_t kTable = 3;
    constexpr std::uint64_t kBlock = 1 << 10 | 3 << 8 | 1;  // AF, inner shareable, for EL1 alone
    constexpr std::uint64_t kPage = kBlock | 3;
    constexpr std::uint64_t kReadWrite = 1 << 6;
    constexpr std::uint64_t kReadOnly = 3 << 6;
    constexpr std::uint64_t kNeverExecuted = std::uint64_t{3} << 53;
    put(kLevel1Table + 8, kLevel2Table | kTable);
    put(kLevel2Table, kRamBase | kBlock);
    put(kLevel2Table + 8, kLevel3Table | kTable);
    const auto map = [&](std::uint64_t begin, std::uint64_t size, std::uint64_t attributes) {
        for (std::uint64_t at = begin; at < begin + size; at += JUDGE_PAGE) {
            put(kLevel3Table + (at - kRamBase - kBlockSize) / JUDGE_PAGE * 8, at | kPage | attributes);
        }
    };
    map(JUDGE_CODE, JUDGE_SLOTS * JUDGE_STRIDE, kReadOnly);
    map(kStraightCode, JUDGE_SEQUENCES * kStraightStride, kReadOnly);
    map(JUDGE_MEMORY, JUDGE_MEMORY_SIZE, kReadWrite | kNeverExecuted);
    map(JUDGE_READ_ONLY, JUDGE_PAGE, kReadOnly | kNeverExecuted);
}

// System registers as Linux 6.1 sets them (arch/arm64/mm/proc.S, INIT_SCTLR_EL1_MMU_ON), as far as EL0 sees
// it.
void Emulator::set_up_system() {
    constexpr std::array<std::uint32_t, 11> kCode{
        0xd518a200,  // msr mair_el1, x0
        0xd5182041,  // msr tcr_el1, x1
        0xd5182002,  // msr ttbr0_el1, x2
        0xd5181044,  // msr cpacr_el1, x4
        0xd518c005,  // msr vbar_el1, x5
        0xd5184606,  // msr icc_pmr_el1, x6
        0xd518cce7,  // msr icc_igrpen1_el1, x7
        0xd5033fdf,  // isb
        0xd5181003,  // msr sctlr_el1, x3
        0xd5033fdf,  // isb
        0xd5033f5f,  // clrex
    };
    constexpr std::uint64_t kTopByteIgnored = std::uint64_t{1} << 37;
    put(kSetup, kCode);
    Registers registers;
    registers.x[0] = 0xff;                                                         // attribute 0: write-back
    registers.x[1] = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | kTopByteIgnored;  // cached, TTBR1 off
    registers.x[2] = kLevel1Table;
    // Reserved ones; UCI, nTWE, nTWI, UCT, DZE; I, SA0, SA, C, M.
    registers.x[3] =
        0x30d00800 | 1 << 26 | 1 << 18 | 1 << 16 | 1 << 15 | 1 << 14 | 1 << 12 | 1 << 4 | 1 << 3 | 1 << 2 | 1;
    registers.x[4] = 3 << 20;
    registers.x[5] = kVectors;
    registers.x[6] = 0xff;
    registers.x[7] = 1;
    registers.pc = kSetup;
    registers.pstate = kEl1h;
    cpu_.set_registers(registers);
    cpu_.run(kCode.size());
    cpu_.set_boundary_halts(true);
}

void Emulator::clear_exclusive_monitor() {
    constexpr std::uint64_t kClrex = kSetup + 40;  // the code's last word
    Registers registers;
    registers.pc = kClrex;
    registers.pstate = kEl1h;
    cpu_.set_registers(registers);
    cpu_.run(1);
}

void Emulator::run(const Batch& batch, std::vector<EmulatedStep>& emulated) {
    emulated.resize(JUDGE_SLOTS);
    for (std::uint64_t slot = 0; slot < JUDGE_SLOTS; ++slot) {
        put(word_address(slot), batch.steps[slot].word);
        emulated[slot].reply.outcome = JUDGE_NOT_RUN;
    }
    cpu_.invalidate_code();
    for (const JudgeSequence& sequence : batch.sequences) {
        run_sequence(sequence, batch, emulated);
    }
}

void Emulator::prepare_memory(const JudgeSequence& sequence) {
    std::array<std::uint64_t, JUDGE_MEMORY_SIZE / 8> memory;
    judge_fill(memory.data(), sizeof memory, sequence.memory_seed);
    put(JUDGE_MEMORY, memory);
    clear_exclusive_monitor();
}

void Emulator::run_sequence(const JudgeSequence& sequence, const Batch& batch,
                            std::vector<EmulatedStep>& emulated) {
    prepare_memory(sequence);
    const JudgeState* state = &sequence.state;
    std::uint64_t slot = sequence.first_slot;
    for (const JudgeStep& step : batch.steps_of(sequence)) {
        EmulatedStep& result = emulated[slot];
        result.before = patched(*state, step);
        result.reply = run_step(result.before, step, slot);
        if (is_memory_fault(result.reply.outcome)) {
            return;
        }
        state = &result.reply.state;
        ++slot;
    }
}

JudgeReply Emulator::run(std::size_t instructions) {
    if (cpu_.run(instructions).reason == emu::HaltReason::ExceptionFromEl0) {
        return exception_reply();
    }
    const Registers after = cpu_.registers();
    JudgeReply reply{};
    reply.outcome = JUDGE_RETIRED;
    reply.pc = after.pc;
    reply.state = to_state(after);
    return reply;
}

JudgeReply Emulator::run_step(const JudgeState& before, const JudgeStep& step, std::uint64_t slot) {
    const std::uint64_t address = word_address(slot);
    cpu_.set_registers(to_registers(before, address));
    JudgeReply reply = run(1);
    if (judge_may_touch_memory(step.word) != 0) {
        reply.memory_hash = memory_hash();
    }
    return reply;
}

void Emulator::lay_out_straight(const JudgeSequence& sequence, std::span<const std::uint32_t> code) {
    std::memcpy(&ram_[straight_address(sequence) - kRamBase], code.data(), code.size_bytes());
}

JudgeReply Emulator::run_straight(const JudgeSequence& sequence, std::size_t instructions) {
    prepare_memory(sequence);
    cpu_.set_registers(to_registers(sequence.state, straight_address(sequence)));
    JudgeReply reply = run(instructions);
    reply.memory_hash = memory_hash();
    return reply;
}

JudgeReply Emulator::exception_reply() const {
    const auto read = [this](std::uint16_t encoding) { return cpu_.system_register(encoding).value_or(0); };
    const Registers after = cpu_.registers();
    const std::uint64_t esr = read(kEsrEl1);
    JudgeReply reply{};
    reply.pc = read(kElrEl1);
    reply.state = to_state(after);
    reply.state.pstate = read(kSpsrEl1) & JUDGE_PSTATE;
    constexpr unsigned kSupervisorCall = 0x15;
    if (esr >> 26 == kSupervisorCall) {
        reply.outcome = JUDGE_RETIRED;
        reply.state.x[0] = static_cast<std::uint64_t>(-ENOSYS);
        return reply;
    }
    reply.outcome = outcome_of(esr);
    constexpr std::uint64_t kWithoutTag = (std::uint64_t{1} << 56) - 1;
    const bool has_address = reply.outcome == JUDGE_UNMAPPED || reply.outcome == JUDGE_FORBIDDEN;
    reply.fault_address = has_address ? read(kFarEl1) & kWithoutTag : 0;
    return reply;
}

std::uint64_t Emulator::memory_hash() const {
    std::array<std::uint64_t, JUDGE_MEMORY_SIZE / 8> memory;
    std::memcpy(memory.data(), &ram_[JUDGE_MEMORY - kRamBase], sizeof memory);
    return judge_hash(memory.data());
}

}  // namespace levitate::isa
