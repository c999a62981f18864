// What a run that came to a bad end leaves behind, for people.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/diagnosis/kernel_symbols.hpp"
#include "vmm/diagnosis/loop_watch.hpp"
#include "vmm/engine/engine.hpp"

namespace levitate::vmm {

// What a task is called where the tracer knows it ("task 3"); else nullopt.
using TaskName = std::function<std::optional<std::string>(const LastCall&)>;

struct Evidence {
    const Engine& engine;
    const KernelSymbols& symbols;
    std::optional<std::string_view> console;  // all that is kept of it; nullopt: people have seen it
    std::span<const std::string> access;      // that nothing answered, one each
    std::optional<EndlessLoop> loop;
    bool is_idle = false;  // the CPU waits for an interrupt, so it tells nothing where it is
    // How often the kernel was seen at each address, at even intervals over the last of the run.
    std::map<std::uint64_t, std::size_t> seen_at;
    TaskName task_name;
};

// A paragraph each, indented by two spaces: the console's last lines, exceptions, what nothing answered, the
// loop or where the CPU is, and the calls that tasks are in. What there is nothing of is left out.
std::string describe(const Evidence& evidence);

// What ended the run, where a loop did: "the kernel takes the same exception for ever: BRK at 0x40080010",
// "the kernel loops for ever at 0x40080010".
std::string describe_end(const EndlessLoop& loop, const Engine& engine, const KernelSymbols& symbols);

// "EL1, PC 0x40080010 <spin+0x4>, interrupts masked; last call: read(0, 0x7000, 64)".
std::string describe_place(const Engine& engine, const KernelSymbols& symbols);

// The last lines of the console, as they came, without empty ones at the end.
std::string last_lines(std::string_view console, std::size_t count);

}  // namespace levitate::vmm
