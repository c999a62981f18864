#include "traces/compare/layout.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <variant>

#include "traces/abi/auxv.hpp"
#include "traces/compare/pages.hpp"

namespace levitate::traces::detail {
namespace {

// Of what a kernel puts beside the strings and vectors, nothing is as large as this.
constexpr std::uint64_t kMostAboveSp = 1U << 20U;

bool is_linux(std::string_view kernel) {
    const auto number = kernel.find('#');
    if (!kernel.starts_with("Linux ") || number == std::string_view::npos) {
        return false;
    }
    const std::string_view version = kernel.substr(number);
    return version.find(" SMP") != std::string_view::npos ||
           version.find(" PREEMPT") != std::string_view::npos;
}

bool is_own(std::string_view kernel) {
    return kernel.find("Levitate guest-kernel") != std::string_view::npos;
}

std::uint64_t size_of_strings(const std::vector<std::string>& strings) {
    constexpr std::uint64_t kPointer = 8;
    std::uint64_t size = kPointer;
    for (const std::string& string : strings) {
        size += kPointer + string.size() + 1;
    }
    return size;
}

const ExecEvent* first_exec(const Trace& trace) {
    for (const Event& event : trace.events) {
        if (const auto* const exec = std::get_if<ExecEvent>(&event.body)) {
            return exec;
        }
    }
    return nullptr;
}

// Linux's sizes of a user address space on arm64 (CONFIG_ARM64_VA_BITS), and that of other architectures'
// kernels: the least that holds the address.
unsigned bits_for(std::uint64_t address) {
    constexpr std::array kSizes{39U, 42U, 47U, 48U};
    const auto* const found =
        std::ranges::find_if(kSizes, [&](unsigned bits) { return address >> bits == 0; });
    return found != kSizes.end() ? *found : 52U;
}

}  // namespace

bool places_freely(const Header& header) {
    return !header.kernel.empty() && !is_linux(header.kernel) && !is_own(header.kernel);
}

AddressMode address_mode(const Header& golden, const Header& actual, Layout layout) {
    const bool random = golden.randomize_addresses || actual.randomize_addresses;
    const bool free = layout == Layout::ByKernel && (places_freely(golden) || places_freely(actual));
    return random || free ? AddressMode::Random : AddressMode::Exact;
}

std::optional<std::string> smaller_address_space(const Trace& golden, const Trace& actual) {
    const ExecEvent* const one = first_exec(golden);
    const ExecEvent* const other = first_exec(actual);
    if (one == nullptr || other == nullptr || bits_for(other->sp) >= bits_for(one->sp)) {
        return std::nullopt;
    }
    return "stack below 2^" + std::to_string(bits_for(other->sp)) + ", not 2^" +
           std::to_string(bits_for(one->sp));
}

StackPlace stack_place(const ExecEvent& exec) {
    constexpr std::uint64_t kEntry = 16;
    std::uint64_t end = exec.sp + kEntry * (exec.auxv.size() + 1);
    for (const AuxvEntry& entry : exec.auxv) {
        const bool is_on_stack = abi::auxv_kind(entry.type) == abi::AuxvKind::Stack &&
                                 entry.value >= exec.sp && entry.value - exec.sp < kMostAboveSp;
        end = is_on_stack ? std::max(end, entry.value) : end;
    }
    end += size_of_strings(exec.argv) + size_of_strings(exec.envp) + exec.path.size() + 1;
    return {.sp = exec.sp, .end = whole_pages(end)};
}

}  // namespace levitate::traces::detail
