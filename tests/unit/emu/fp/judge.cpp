#include "tests/unit/emu/fp/judge.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "emu/cpu.hpp"

namespace levitate::emu::test {

namespace {

// --- qemu-aarch64 ------------------------------------------------------------------------------------------

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

// Runs the judge with these files as its standard input and output; its exit status, or -1.
int run_judge(std::FILE* input, std::FILE* output) {
    const pid_t child = fork();
    if (child == 0) {
        dup2(fileno(input), STDIN_FILENO);
        dup2(fileno(output), STDOUT_FILENO);
        execl(LEVITATE_QEMU, LEVITATE_QEMU, "-cpu", "neoverse-n1", LEVITATE_JUDGE, nullptr);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        return -1;
    }
    return WEXITSTATUS(status);
}

// --- The emulator ------------------------------------------------------------------------------------------

class NoBus : public Bus {
  public:
    std::optional<std::uint64_t> read(std::uint64_t /*address*/, unsigned /*size*/) override {
        return std::nullopt;
    }
    bool write(std::uint64_t /*address*/, unsigned /*size*/, std::uint64_t /*value*/) override {
        return false;
    }
};

class NoInterrupts : public InterruptController {
  public:
    std::optional<Pending> highest_pending() override { return std::nullopt; }
    void acknowledge(std::uint32_t /*intid*/) override {}
    void deactivate(std::uint32_t /*intid*/) override {}
    void send_sgi(std::uint64_t /*value*/) override {}
    void set_timer_output(TimerOutput /*output*/, bool /*level*/) override {}
};

constexpr std::uint64_t ram_base = 0x40000000;
constexpr std::uint64_t ram_size = 0x300000;
constexpr std::uint64_t vectors = 0x40290000;
constexpr std::uint64_t synchronous_vector = vectors + 0x200;
constexpr std::uint64_t setup = 0x402a0000;
constexpr std::uint64_t page_table = 0x402b0000;
constexpr std::uint64_t el1h_masked = 0x3c5;
constexpr std::uint32_t branch_to_self = 0x14000000;

class Bench {
  public:
    Bench() : ram_(ram_size), cpu_{{.ram = {{ram_base, ram_}}}, bus_, interrupts_} { set_up(); }

    std::vector<JudgeReply> run(std::span<const JudgeRequest> cases) {
        for (std::size_t i = 0; i < cases.size(); ++i) {
            put(word_address(i), cases[i].word);
        }
        cpu_.invalidate_code();
        std::vector<JudgeReply> replies;
        for (std::size_t i = 0; i < cases.size(); ++i) {
            replies.push_back(run_one(cases[i], word_address(i)));
        }
        return replies;
    }

  private:
    static std::uint64_t word_address(std::size_t i) { return JUDGE_CODE + i * JUDGE_STRIDE + 4; }

    template <class T>
    void put(std::uint64_t address, T value) {
        std::memcpy(&ram_[address - ram_base], &value, sizeof value);
    }

    // Maps the gigabyte of RAM onto itself as normal memory, lets FP be used, and leaves exceptions in a
    // loop.
    void set_up() {
        constexpr std::uint64_t block = ram_base | 1 << 10 | 3 << 8 | 1;  // AF, inner shareable
        put(page_table + 8, block);
        put(synchronous_vector, branch_to_self);
        constexpr std::array<std::uint32_t, 9> code{
            0xd518a200,  // msr mair_el1, x0
            0xd5182041,  // msr tcr_el1, x1
            0xd5182002,  // msr ttbr0_el1, x2
            0xd5033fdf,  // isb
            0xd5181044,  // msr cpacr_el1, x4
            0xd518c005,  // msr vbar_el1, x5
            0xd5181003,  // msr sctlr_el1, x3
            0xd5033fdf,  // isb
            0xd503201f,  // nop
        };
        put(setup, code);
        Registers registers;
        registers.x[0] = 0xff;                                       // attribute 0: write-back
        registers.x[1] = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23;  // 39 bits, cached, TTBR1 off
        registers.x[2] = page_table;
        registers.x[3] = 0x30d00800 | 1 | 1 << 2 | 1 << 12;  // reserved ones, MMU and caches on
        registers.x[4] = 3 << 20;
        registers.x[5] = vectors;
        registers.pc = setup;
        registers.pstate = el1h_masked;
        cpu_.set_registers(registers);
        cpu_.run(code.size());
    }

    JudgeReply run_one(const JudgeRequest& request, std::uint64_t address) {
        std::array<std::uint64_t, JUDGE_MEMORY_SIZE / 8> memory;
        if (request.memory_seed != 0) {
            judge_fill(memory.data(), request.memory_seed);
            std::memcpy(&ram_[JUDGE_MEMORY - ram_base], memory.data(), sizeof memory);
        }
        cpu_.set_registers(to_registers(request.state, address));
        cpu_.run(1);
        JudgeReply reply{};
        const Registers after = cpu_.registers();
        if (after.pc == synchronous_vector) {
            reply.outcome = outcome_of_exception();
        } else {
            reply.state = from_registers(after);
        }
        if (request.memory_seed != 0) {
            std::memcpy(memory.data(), &ram_[JUDGE_MEMORY - ram_base], sizeof memory);
            reply.memory_hash = judge_hash(memory.data());
        }
        return reply;
    }

    std::uint32_t outcome_of_exception() const {
        constexpr std::uint16_t esr_el1 = 3 << 14 | 5 << 7 | 2 << 3;
        switch (cpu_.system_register(esr_el1).value_or(0) >> 26) {
            case 0:
                return JUDGE_UNDEFINED;
            case 0x25:
                return JUDGE_MEMORY_FAULT;
            default:
                return JUDGE_OTHER;
        }
    }

    static Registers to_registers(const JudgeState& state, std::uint64_t pc) {
        Registers registers;
        std::ranges::copy(state.x, registers.x.begin());
        for (std::size_t i = 0; i < registers.v.size(); ++i) {
            registers.v[i].d = {state.v[i][0], state.v[i][1]};
        }
        registers.sp_el1 = state.sp;
        registers.pc = pc;
        registers.pstate = el1h_masked | state.nzcv;
        registers.fpcr = static_cast<std::uint32_t>(state.fpcr);
        registers.fpsr = static_cast<std::uint32_t>(state.fpsr);
        return registers;
    }

    static JudgeState from_registers(const Registers& registers) {
        JudgeState state{};
        std::ranges::copy(registers.x, std::begin(state.x));
        for (std::size_t i = 0; i < registers.v.size(); ++i) {
            state.v[i][0] = registers.v[i].d[0];
            state.v[i][1] = registers.v[i].d[1];
        }
        state.sp = registers.sp_el1;
        state.nzcv = registers.pstate & 0xf0000000;
        state.fpcr = registers.fpcr;
        state.fpsr = registers.fpsr;
        return state;
    }

    std::vector<std::byte> ram_;
    NoBus bus_;
    NoInterrupts interrupts_;
    Cpu cpu_;
};

// --- Comparison --------------------------------------------------------------------------------------------

std::string describe_outcome(std::uint32_t outcome) {
    switch (outcome) {
        case JUDGE_RETIRED:
            return "retired";
        case JUDGE_UNDEFINED:
            return "undefined";
        case JUDGE_MEMORY_FAULT:
            return "memory fault";
        default:
            return "another exception";
    }
}

std::string vector_text(const std::uint64_t (&vector)[2]) {
    return fmt::format("{:016x}_{:016x}", vector[1], vector[0]);
}

}  // namespace

bool judge_available() {
    return access(LEVITATE_QEMU, X_OK) == 0 && access(LEVITATE_JUDGE, R_OK) == 0;
}

std::expected<std::vector<JudgeReply>, std::string> judge(std::span<const JudgeRequest> cases) {
    const File input{std::tmpfile()};
    const File output{std::tmpfile()};
    if (input == nullptr || output == nullptr) {
        return std::unexpected{"cannot make temporary files"};
    }
    if (std::fwrite(cases.data(), sizeof(JudgeRequest), cases.size(), input.get()) != cases.size() ||
        std::fflush(input.get()) != 0) {
        return std::unexpected{"cannot write the cases"};
    }
    std::rewind(input.get());
    if (const int status = run_judge(input.get(), output.get()); status != 0) {
        return std::unexpected{fmt::format("the judge ended with status {}", status)};
    }
    std::rewind(output.get());
    std::vector<JudgeReply> replies(cases.size());
    if (std::fread(replies.data(), sizeof(JudgeReply), replies.size(), output.get()) != replies.size()) {
        return std::unexpected{"the judge answered too little"};
    }
    return replies;
}

std::vector<JudgeReply> emulate(std::span<const JudgeRequest> cases) {
    return Bench{}.run(cases);
}

std::string difference(const JudgeRequest& request, const JudgeReply& emulated, const JudgeReply& judged) {
    std::string text;
    const auto note = [&](std::string_view what, const std::string& ours, const std::string& theirs) {
        if (ours != theirs) {
            text += fmt::format("  {}: emulator {}, judge {}\n", what, ours, theirs);
        }
    };
    note("outcome", describe_outcome(emulated.outcome), describe_outcome(judged.outcome));
    if (emulated.outcome == JUDGE_RETIRED && judged.outcome == JUDGE_RETIRED) {
        const JudgeState& ours = emulated.state;
        const JudgeState& theirs = judged.state;
        for (std::size_t i = 0; i < std::size(ours.v); ++i) {
            note(fmt::format("V{}", i), vector_text(ours.v[i]), vector_text(theirs.v[i]));
        }
        for (std::size_t i = 0; i < std::size(ours.x); ++i) {
            note(fmt::format("X{}", i), fmt::format("{:x}", ours.x[i]), fmt::format("{:x}", theirs.x[i]));
        }
        note("SP", fmt::format("{:x}", ours.sp), fmt::format("{:x}", theirs.sp));
        note("NZCV", fmt::format("{:x}", ours.nzcv), fmt::format("{:x}", theirs.nzcv));
        note("FPCR", fmt::format("{:x}", ours.fpcr), fmt::format("{:x}", theirs.fpcr));
        note("FPSR", fmt::format("{:x}", ours.fpsr), fmt::format("{:x}", theirs.fpsr));
        note("memory", fmt::format("{:x}", emulated.memory_hash), fmt::format("{:x}", judged.memory_hash));
    }
    if (!text.empty()) {
        const std::uint32_t word = request.word;
        const auto operand = [&](char letter, std::uint32_t number) {
            return fmt::format("  V{} ({}) = {}\n", number, letter, vector_text(request.state.v[number]));
        };
        text = fmt::format("{:08x} {} FPCR {:x} FPSR {:x} NZCV {:x}\n", word, row_name(word),
                           request.state.fpcr, request.state.fpsr, request.state.nzcv) +
               operand('d', word & 31) + operand('n', word >> 5 & 31) + operand('m', word >> 16 & 31) +
               operand('a', word >> 10 & 31) + text;
    }
    return text;
}

}  // namespace levitate::emu::test
