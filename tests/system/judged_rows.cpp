// Holds tests/isa's table of judges to its word: the bare-metal guests, whose transcripts are compared with
// qemu-system-aarch64's, execute every row of the decode table that it says they judge.
//   judged_rows IMAGE...
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string_view>

#include "emu/decode/table.hpp"
#include "tests/isa/proof/tally.hpp"
#include "vmm/engine/emu/emu_engine.hpp"
#include "vmm/machine/machine.hpp"

namespace levitate::vmm {
namespace {

using Rows = std::set<std::string_view>;

// As bare_machine.cpp has it.
constexpr std::uint64_t kMemoryBytes = std::uint64_t{256} << 20U;
// After so many a guest only repeats what it did before.
constexpr std::uint64_t kMostInstructions = 20'000'000;

Rows rows_judged_here() {
    const auto is_here = [](const isa::OtherJudge& other) { return other.test == "tests/system"; };
    Rows rows;
    for (const emu::decode::Row& row : emu::decode::all_rows()) {
        if (std::ranges::any_of(isa::other_judges_of(row), is_here)) {
            rows.insert(row.name);
        }
    }
    return rows;
}

std::uint32_t next_instruction(const Engine& engine) {
    std::uint32_t word = 0;
    const GuestVirt pc{engine.registers().pc};
    engine.read_memory(pc, std::as_writable_bytes(std::span(&word, 1)), View::Kernel);
    return word;
}

// Takes out of `missing` what the guest executes. False: it cannot be started.
bool run_image(const char* path, Rows& missing) {
    auto machine = Machine::create({.memory_bytes = kMemoryBytes,
                                    .kernel = path,
                                    .initramfs = {},
                                    .boot_arguments = "",
                                    .hardware = {},
                                    .board = {.console = [](std::byte) {}}});
    if (!machine) {
        fmt::print(stderr, "judged_rows: {}\n", machine.error().message);
        return false;
    }
    const auto engine = make_emu_engine(**machine, 0);
    Exit exit;
    while (!missing.empty() && exit.reason == ExitReason::Budget &&
           engine->retired_instructions() < kMostInstructions) {
        const std::uint32_t word = next_instruction(*engine);
        const std::uint64_t before = engine->retired_instructions();
        exit = engine->run(1);
        const emu::decode::Row* const row = emu::decode::find(word);
        if (row != nullptr && engine->retired_instructions() > before) {
            missing.erase(row->name);
        }
    }
    return true;
}

}  // namespace
}  // namespace levitate::vmm

int main(int argc, char** argv) {
    levitate::vmm::Rows missing = levitate::vmm::rows_judged_here();
    const std::size_t all = missing.size();
    for (const char* const image : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
        if (!levitate::vmm::run_image(image, missing)) {
            return 2;
        }
    }
    for (const std::string_view row : missing) {
        fmt::print("no guest executes {}\n", row);
    }
    fmt::print("{} of {} rows executed\n", all - missing.size(), all);
    return missing.empty() && all != 0 ? 0 : 1;
}
