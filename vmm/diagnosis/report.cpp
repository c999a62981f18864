#include "vmm/diagnosis/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "vmm/arch/aarch64.hpp"
#include "vmm/diagnosis/call_text.hpp"
#include "vmm/diagnosis/exception_text.hpp"

namespace levitate::vmm {
namespace {

constexpr std::size_t kConsoleLines = 20;
constexpr std::size_t kMostExceptions = 8;
constexpr std::size_t kMostAccesses = 16;
constexpr std::size_t kMostPlaces = 5;
constexpr std::size_t kMostCalls = 16;

std::string console_text(std::optional<std::string_view> console) {
    if (!console) {
        return {};
    }
    const std::string lines = last_lines(*console, kConsoleLines);
    if (lines.empty()) {
        return "  the console is silent: no byte came from the kernel\n";
    }
    std::string text = "  the console's last lines:\n";
    std::string_view rest = lines;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        text += fmt::format("    | {}\n", rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    return text;
}

std::string exception_line(const TakenException& exception, const KernelSymbols& symbols) {
    std::string line = fmt::format("    {} from EL{}, ESR {:#x}, ELR {}", exception_name(exception.esr),
                                   exception.from_el0 ? 0 : 1, exception.esr, symbols.place(exception.elr));
    if (exception.has_far) {
        line += fmt::format(", FAR {}", symbols.place(exception.far));
    }
    constexpr std::uint64_t kAlignment = 15;
    if ((exception.sp & kAlignment) != 0) {
        line += fmt::format(", SP {:#x} (not a multiple of 16)", exception.sp);
    }
    if (exception.count > 1) {
        line += fmt::format(", {} times in a row", exception.count);
    }
    return line + "\n";
}

// One of EL0 is worth a line if the kernel did not resolve it: it came again.
std::string exceptions_text(const Engine& engine, const KernelSymbols& symbols) {
    auto exceptions = engine.recent_exceptions();
    std::erase_if(exceptions, [](const TakenException& one) { return one.from_el0 && one.count == 1; });
    if (exceptions.empty()) {
        return {};
    }
    std::string text = "  the last exceptions, handled ones too, oldest first:\n";
    const std::size_t shown = std::min(exceptions.size(), kMostExceptions);
    std::string_view hint;
    for (const TakenException& exception : std::span{exceptions}.last(shown)) {
        text += exception_line(exception, symbols);
        if (const auto says = exception_hint(exception.esr); !says.empty()) {
            hint = says;
        }
    }
    return hint.empty() ? text : text + fmt::format("    ({})\n", hint);
}

std::string accesses_text(std::span<const std::string> accesses) {
    if (accesses.empty()) {
        return {};
    }
    std::string text = "  nothing answers these accesses:\n";
    for (const std::string& access : accesses.first(std::min(accesses.size(), kMostAccesses))) {
        text += fmt::format("    {}\n", access);
    }
    if (accesses.size() > kMostAccesses) {
        text += fmt::format("    and {} more\n", accesses.size() - kMostAccesses);
    }
    return text;
}

std::string loop_text(const EndlessLoop& loop, const KernelSymbols& symbols) {
    std::string text =
        fmt::format("  the loop, {} instruction{}:\n", loop.length, loop.length == 1 ? "" : "s");
    text += list_code(loop.lines, symbols);
    if (loop.length > loop.lines.size()) {
        text += "    …\n";
    }
    return text;
}

// Where the CPU is, with the instructions around it, and where else it was.
std::string place_text(const Evidence& evidence) {
    std::string text = fmt::format("  the CPU {} at {}\n", evidence.is_idle ? "waits" : "is",
                                   describe_place(evidence.engine, evidence.symbols));
    if (evidence.is_idle) {
        return text;
    }
    constexpr std::uint64_t kBefore = 3;
    constexpr std::uint64_t kAfter = 3;
    const std::uint64_t pc = value(evidence.engine.program_counter());
    std::vector<CodeLine> lines;
    for (std::uint64_t at = pc - kBefore * kInstructionSize; at != pc + kAfter * kInstructionSize;
         at += kInstructionSize) {
        const CodeLine line = code_at(evidence.engine, GuestVirt{at});
        if (line.word || at == pc) {
            lines.push_back(line);
        }
    }
    text += list_code(lines, evidence.symbols);
    // A few looks do not tell where it spends its time.
    constexpr std::size_t kEnough = 8;
    std::size_t looks = 0;
    std::vector<std::pair<std::size_t, std::uint64_t>> places;
    for (const auto& [address, times] : evidence.seen_at) {
        places.emplace_back(times, address);
        looks += times;
    }
    std::ranges::sort(places, std::greater{});
    places.resize(std::min(places.size(), kMostPlaces));
    std::string seen;
    for (const auto& [times, address] : places) {
        seen += fmt::format("    {:>4}× {}\n", times, evidence.symbols.place(GuestVirt{address}));
    }
    return looks < kEnough ? text : text + "  the kernel was seen at, most often first:\n" + seen;
}

std::string calls_text(const Evidence& evidence) {
    const auto all = evidence.engine.last_calls();
    const auto waiting = calls_in_progress(all);
    if (waiting.empty()) {
        return {};
    }
    std::string text = "  calls that have not returned, oldest first:\n";
    const std::size_t shown = std::min(waiting.size(), kMostCalls);
    for (const LastCall& call : std::span{waiting}.last(shown)) {
        const auto name = evidence.task_name ? evidence.task_name(call) : std::nullopt;
        text +=
            fmt::format("    {}: {} from {:#x}\n",
                        name.value_or(fmt::format("the task with TTBR0 {:#x}, SP_EL1 {:#x}, TPIDR_EL0 {:#x}",
                                                  call.table, call.sp_el1, call.tpidr_el0)),
                        call_text(call), value(call.pc) - kInstructionSize);
    }
    return text;
}

}  // namespace

std::string last_lines(std::string_view console, std::size_t count) {
    std::string text;
    for (const char byte : console) {
        if (byte != '\r') {
            text.push_back(byte);
        }
    }
    text.erase(text.find_last_not_of('\n') + 1);
    std::size_t begin = text.size();
    for (std::size_t newlines = 0; begin > 0; --begin) {
        if (text[begin - 1] == '\n' && ++newlines == count) {
            break;
        }
    }
    return text.substr(begin);
}

std::string describe_place(const Engine& engine, const KernelSymbols& symbols) {
    const VcpuRegisters registers = engine.registers();
    const bool at_el0 = is_at_el0(registers.pstate);
    std::string text =
        fmt::format("EL{}, PC {}", at_el0 ? 0 : 1,
                    at_el0 ? fmt::format("{:#x}", registers.pc) : symbols.place(GuestVirt{registers.pc}));
    constexpr std::uint64_t kInterruptsMasked = 1U << 7;
    if ((registers.pstate & kInterruptsMasked) != 0) {
        text += ", interrupts masked";
    }
    const auto calls = engine.last_calls();
    const auto last = std::ranges::max_element(calls, {}, &LastCall::retired);
    if (last != calls.end()) {
        text +=
            fmt::format("; last call: {}{}", call_text(*last), last->returned ? ", which has returned" : "");
    }
    return text;
}

std::string describe_end(const EndlessLoop& loop, const Engine& engine, const KernelSymbols& symbols) {
    const auto at = [&](const TakenException& exception) {
        return fmt::format("{} at {}", exception_name(exception.esr), symbols.place(exception.elr));
    };
    if (loop.exception) {
        return "the kernel takes the same exception for ever: " + at(*loop.exception);
    }
    std::string text = "the kernel loops for ever at " + symbols.place(loop.lines.front().address);
    const auto exceptions = engine.recent_exceptions();
    if (!exceptions.empty() && !exceptions.back().from_el0) {
        text += "; its last exception was " + at(exceptions.back());
    }
    return text;
}

std::string describe(const Evidence& evidence) {
    return console_text(evidence.console) + exceptions_text(evidence.engine, evidence.symbols) +
           accesses_text(evidence.access) +
           (evidence.loop ? loop_text(*evidence.loop, evidence.symbols) : place_text(evidence)) +
           calls_text(evidence);
}

}  // namespace levitate::vmm
