// A CPU in any state executes any words, at EL0 and EL1, with the MMU and without. It never harms its host
// (the sanitizers watch over it, and guest RAM has their red zones around it), and how it is told to run
// makes no difference: one CPU runs as far as it can at a time, another instruction by instruction, and they
// agree.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "emu/cpu.hpp"
#include "emu/system/pstate.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/fuzz/instruction_mutator.hpp"
#include "tests/unit/emu/assembly.hpp"

namespace levitate::fuzz {
namespace {

namespace assembly = emu::test::assembly;
namespace spsr = emu::spsr;

constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint64_t kRamBase = 0x40000000;
constexpr std::size_t kRamPages = 32;
constexpr std::uint64_t kRamBytes = kRamPages * kPageBytes;
constexpr std::uint64_t kDeviceBase = 0x09000000;
// The last pages are the translation tables, level 0 to 3, of both halves of the address space.
constexpr std::uint64_t kTables = kRamBase + (kRamPages - 4) * kPageBytes;
constexpr std::uint64_t kVectors = kRamBase + 8 * kPageBytes;
constexpr std::uint64_t kScratch = kRamBase + 16 * kPageBytes;

constexpr std::uint64_t kInstructions = 400;  // executed in each leg

// How an input begins. RAM is filled with what follows, again and again.
struct State {
    std::array<std::uint64_t, 16> values;       // of which the registers are made
    std::uint16_t addresses;                    // which of the values are turned into addresses in RAM
    std::array<std::uint8_t, kRamPages> pages;  // how each is mapped
    std::uint32_t pstate;
    std::uint32_t fpcr;
    std::uint32_t fpsr;
    std::uint16_t flags;
};
enum StateFlag : std::uint16_t {
    Mmu = 1,
    Fp = 2,
    FirstAtEl0 = 4,
    SecondAtEl0 = 8,
    Breakpoint = 16,
    Watch = 32
};

// Answers on one page; what is read depends on all that was written.
class Device final : public emu::Bus {
  public:
    std::optional<std::uint64_t> read(std::uint64_t address, unsigned /*size*/) override {
        return answers(address) ? std::optional{mix_ ^ address} : std::nullopt;
    }
    bool write(std::uint64_t address, unsigned size, std::uint64_t value) override {
        require(size == 8 || value >> 8 * size == 0, "a device is given no more bits than it was written");
        mix_ = (mix_ ^ address ^ value) * 0x9e3779b97f4a7c15 + size;
        return answers(address);
    }

  private:
    static bool answers(std::uint64_t address) { return address - kDeviceBase < kPageBytes; }
    std::uint64_t mix_ = 0;
};

// The timers' interrupts are pending as long as their lines are high.
class Controller final : public emu::InterruptController {
  public:
    std::optional<Pending> highest_pending() override {
        const auto high = std::ranges::find(lines_, true);
        if (high == lines_.end() || active_) {
            return std::nullopt;
        }
        return Pending{high == lines_.begin() ? 30U : 27U, 0xa0};
    }
    void acknowledge(std::uint32_t intid) override {
        require(intid == 30 || intid == 27, "what was pending is acknowledged");
        active_ = true;
    }
    void deactivate(std::uint32_t /*intid*/) override { active_ = false; }
    void send_sgi(std::uint64_t /*value*/) override {}
    void set_timer_output(emu::TimerOutput output, bool level) override {
        lines_[output == emu::TimerOutput::Virtual ? 1 : 0] = level;
    }

  private:
    std::array<bool, 2> lines_{};  // physical, virtual
    bool active_ = false;
};

struct Machine {
    std::vector<std::byte> memory = std::vector<std::byte>(kRamBytes);
    Device device;
    Controller controller;
    emu::Cpu cpu{emu::Config{.ram = {{kRamBase, memory}}}, device, controller};

    void put(std::uint64_t address, const void* from, std::size_t size) {
        std::memcpy(&memory.at(address - kRamBase), from, size);
    }
    void set_register(std::uint16_t encoding, std::uint64_t value) {
        const std::uint32_t word = assembly::msr(encoding, 0);
        put(kScratch, &word, sizeof word);
        cpu.invalidate_code();
        emu::Registers registers;
        registers.x[0] = value;
        registers.pc = kScratch;
        registers.pstate = spsr::kModeEl1h | spsr::kDaif;
        cpu.set_registers(registers);
        cpu.run(1);
    }
    void prepare(const State& state, std::span<const std::uint8_t> words);
    void map_ram(const State& state);
    void start_leg(const State& state, bool at_el0);
};

std::uint64_t value_of(const State& state, std::size_t number) {
    const std::size_t place = number % state.values.size();
    const std::uint64_t value = state.values[place];
    return (state.addresses >> place & 1) != 0 ? kRamBase + value % kRamBytes : value;
}

// Both halves of the address space show RAM where it is, and the device's page in place of its last one.
void Machine::map_ram(const State& state) {
    constexpr std::uint64_t kTable = 3;
    const auto put_entry = [this](std::uint64_t level, std::uint64_t index, std::uint64_t entry) {
        put(kTables + level * kPageBytes + index * sizeof entry, &entry, sizeof entry);
    };
    for (std::uint64_t level = 0; level < 4; ++level) {
        std::fill_n(memory.end() - static_cast<std::ptrdiff_t>((4 - level) * kPageBytes), kPageBytes,
                    std::byte{});
    }
    put_entry(0, 0, (kTables + kPageBytes) | kTable);
    put_entry(1, kRamBase >> 30 & 0x1ff, (kTables + 2 * kPageBytes) | kTable);
    put_entry(2, kRamBase >> 21 & 0x1ff, (kTables + 3 * kPageBytes) | kTable);
    for (std::uint64_t page = 0; page < kRamPages; ++page) {
        // User, read-only; not executable (PXN, UXN); a device; without the access flag; not global; a hole.
        const std::uint64_t how = state.pages[page];
        const std::uint64_t physical = page + 1 == kRamPages ? kDeviceBase : kRamBase + page * kPageBytes;
        put_entry(3, page,
                  physical | (how & 3) << 6 | (how >> 2 & 3) << 53 | (how >> 4 & 1) << 2 |
                      (~how >> 5 & 1) << 10 | (how >> 6 & 1) << 11 | ((how >> 7 & 1) != 0 ? 0 : kTable));
    }
}

void Machine::prepare(const State& state, std::span<const std::uint8_t> words) {
    set_register(assembly::kVbarEl1, kVectors);
    set_register(assembly::kCpacrEl1, (state.flags & Fp) != 0 ? std::uint64_t{3} << 20 : 0);
    if ((state.flags & Mmu) != 0) {
        map_ram(state);
        constexpr std::uint64_t kBoth48Bits = 16 | 16 << 16 | std::uint64_t{2} << 30 | std::uint64_t{5} << 32;
        set_register(assembly::kMairEl1, 0x00ff);
        set_register(assembly::kTcrEl1, kBoth48Bits | (value_of(state, 15) & std::uint64_t{0xff} << 36));
        set_register(assembly::kTtbr0El1, kTables);
        set_register(assembly::kTtbr1El1, kTables);
        set_register(assembly::kSctlrEl1, 0x30c50839 ^ (value_of(state, 14) & 0x0f88d41a));
    }
    const std::size_t filled = (state.flags & Mmu) != 0 ? kRamBytes - 4 * kPageBytes : kRamBytes;
    for (std::size_t at = 0; !words.empty() && at < filled; at += words.size()) {
        std::memcpy(&memory.at(at), words.data(), std::min(words.size(), filled - at));
    }
    if ((state.flags & Breakpoint) != 0) {
        const std::array<std::uint64_t, 2> addresses{kRamBase + 4 * (value_of(state, 13) % 64), kVectors};
        cpu.set_breakpoints(addresses);
    }
    if ((state.flags & Watch) != 0) {
        const std::array ranges{emu::WatchedRange{
            .table = kTables, .begin = value_of(state, 12), .end = value_of(state, 12) + 64}};
        cpu.set_watched_ranges(ranges);
    }
    cpu.set_boundary_halts((state.flags & Watch) != 0);
}

void Machine::start_leg(const State& state, bool at_el0) {
    emu::Registers registers = cpu.registers();
    for (std::size_t number = 0; number < registers.x.size(); ++number) {
        registers.x[number] = value_of(state, number);
    }
    for (std::size_t number = 0; number < registers.v.size(); ++number) {
        registers.v[number].d = {value_of(state, number), value_of(state, number * 7 + 3)};
    }
    registers.sp_el0 = value_of(state, 3);
    registers.sp_el1 = value_of(state, 4);
    registers.pc = kRamBase;
    // Also bits that are reserved or that no exception level has: those make the state illegal.
    registers.pstate = (state.pstate & ~std::uint32_t{0xf}) | (at_el0 ? spsr::kModeEl0t : spsr::kModeEl1h);
    registers.fpcr = state.fpcr;
    registers.fpsr = state.fpsr;
    cpu.invalidate_code();
    cpu.set_registers(registers);
}

// Runs until `instructions` more have retired or nothing can happen any more, at most `slice` at a time.
void run_leg(emu::Cpu& cpu, std::uint64_t slice) {
    const std::uint64_t end = cpu.retired_instructions() + kInstructions;
    while (cpu.retired_instructions() < end) {
        const std::uint64_t left = end - cpu.retired_instructions();
        if (cpu.run(std::min(slice, left)).reason == emu::HaltReason::Idle) {
            return;
        }
    }
    require(cpu.retired_instructions() == end, "no more instructions retire than were asked for");
}

bool agree(const emu::Registers& first, const emu::Registers& second) {
    const auto same_vector = [](const emu::Vector& one, const emu::Vector& other) {
        return one.d == other.d;
    };
    return first.x == second.x && first.sp_el0 == second.sp_el0 && first.sp_el1 == second.sp_el1 &&
           first.pc == second.pc && first.pstate == second.pstate && first.fpcr == second.fpcr &&
           first.fpsr == second.fpsr && first.tpidr_el0 == second.tpidr_el0 &&
           first.tpidrro_el0 == second.tpidrro_el0 && std::ranges::equal(first.v, second.v, same_vector);
}

void compare(const State& state, std::span<const std::uint8_t> words) {
    Machine at_once;
    Machine one_by_one;
    at_once.prepare(state, words);
    one_by_one.prepare(state, words);
    for (const StateFlag at_el0 : {FirstAtEl0, SecondAtEl0}) {
        at_once.start_leg(state, (state.flags & at_el0) != 0);
        one_by_one.start_leg(state, (state.flags & at_el0) != 0);
        run_leg(at_once.cpu, kInstructions);
        run_leg(one_by_one.cpu, 1);
        require(agree(at_once.cpu.registers(), one_by_one.cpu.registers()), "the registers agree");
        require(at_once.memory == one_by_one.memory, "RAM agrees");
        require(at_once.cpu.counter() == one_by_one.cpu.counter(), "time agrees");
    }
}

}  // namespace

std::size_t instructions_begin() {
    return sizeof(State::values) + sizeof(State::addresses) + sizeof(State::pages) + sizeof(State::pstate) +
           sizeof(State::fpcr) + sizeof(State::fpsr) + sizeof(State::flags);
}

}  // namespace levitate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace levitate::fuzz;
    Input input{{data, size}};
    const State state{.values = input.take<decltype(State::values)>(),
                      .addresses = input.take<std::uint16_t>(),
                      .pages = input.take<decltype(State::pages)>(),
                      .pstate = input.take<std::uint32_t>(),
                      .fpcr = input.take<std::uint32_t>(),
                      .fpsr = input.take<std::uint32_t>(),
                      .flags = input.take<std::uint16_t>()};
    compare(state, input.rest());
    return 0;
}
