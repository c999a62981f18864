#include "vmm/tracer/initial_stack.hpp"

#include <algorithm>

#include "traces/abi/constants.hpp"

namespace levitate::vmm {
namespace {

// Linux gives argv and envp together at most 3/4 of _STK_LIM (8 MiB), pointers included (fs/exec.c,
// bprm_stack_limits), and one string 32 pages (MAX_ARG_STRLEN).
constexpr std::size_t kMostStringBytes = 6U << 20;
constexpr std::size_t kMostPointers = kMostStringBytes / sizeof(std::uint64_t);
constexpr std::size_t kLongestString = std::size_t{32} * 4096;
// Linux keeps the vector in mm_struct::saved_auxv, which has room for about 50 words.
constexpr std::size_t kMostAuxvEntries = 64;
constexpr auto kAtNull = static_cast<std::uint64_t>(traces::abi::constant("AT_NULL"));
constexpr std::size_t kRandomBytes = 16;  // man 3 getauxval, AT_RANDOM
constexpr auto kAtPlatform = static_cast<std::uint64_t>(traces::abi::constant("AT_PLATFORM"));
constexpr auto kAtRandom = static_cast<std::uint64_t>(traces::abi::constant("AT_RANDOM"));
constexpr auto kAtExecfn = static_cast<std::uint64_t>(traces::abi::constant("AT_EXECFN"));

// Walks upwards through the vector word by word.
class Cursor {
  public:
    Cursor(const UserMemory& memory, GuestVirt at) : memory_(memory), at_(at) {}

    std::optional<std::uint64_t> next() {
        const auto word = read_value<std::uint64_t>(memory_, at_);
        at_ = at_ + sizeof(std::uint64_t);
        return word;
    }
    GuestVirt position() const { return at_; }

    // Reads strings, each through a pointer, up to a null pointer.
    std::optional<std::vector<std::string>> strings() {
        std::vector<std::string> result;
        while (pointers_ < kMostPointers) {
            const auto pointer = next();
            ++pointers_;
            if (!pointer) {
                return std::nullopt;
            }
            if (*pointer == 0) {
                return result;
            }
            auto text = read_string(memory_, GuestVirt{*pointer}, kLongestString);
            if (!text) {
                return std::nullopt;
            }
            string_bytes_ += text->size() + 1;
            if (string_bytes_ > kMostStringBytes) {
                return std::nullopt;
            }
            result.push_back(*std::move(text));
        }
        return std::nullopt;
    }

  private:
    const UserMemory& memory_;
    GuestVirt at_;
    std::size_t pointers_ = 0;
    std::size_t string_bytes_ = 0;
};

}  // namespace

std::optional<std::uint64_t> auxv_value(const std::vector<traces::AuxvEntry>& auxv, std::uint64_t type) {
    const auto entry = std::ranges::find(auxv, type, &traces::AuxvEntry::type);
    return entry == auxv.end() ? std::nullopt : std::optional(entry->value);
}

namespace {

void read_what_auxv_points_to(const UserMemory& memory, InitialStack& stack) {
    if (const auto name = auxv_value(stack.auxv, kAtExecfn)) {
        stack.executable = read_string(memory, GuestVirt{*name}, kLongestString).value_or("");
    }
    if (const auto name = auxv_value(stack.auxv, kAtPlatform)) {
        stack.platform = read_string(memory, GuestVirt{*name}, kLongestString).value_or("");
    }
    if (const auto bytes = auxv_value(stack.auxv, kAtRandom)) {
        stack.random.emplace(kRandomBytes);
        stack.random->resize(memory.read(GuestVirt{*bytes}, *stack.random));
    }
}

}  // namespace

std::optional<InitialStack> read_initial_stack(const UserMemory& memory, GuestVirt sp) {
    if (value(sp) % 16 != 0) {
        return std::nullopt;
    }
    Cursor cursor(memory, sp);
    const auto argc = cursor.next();
    auto argv = cursor.strings();
    if (!argc || !argv || argv->size() != *argc) {
        return std::nullopt;
    }
    auto envp = cursor.strings();
    if (!envp) {
        return std::nullopt;
    }
    InitialStack stack{.argv = *std::move(argv),
                       .envp = *std::move(envp),
                       .auxv = {},
                       .executable = {},
                       .platform = {},
                       .random = {},
                       .auxv_range = {.begin = cursor.position(), .end = {}}};
    while (stack.auxv.size() < kMostAuxvEntries) {
        const auto type = cursor.next();
        const auto entry_value = cursor.next();
        if (!type || !entry_value) {
            return std::nullopt;
        }
        if (*type == kAtNull) {
            stack.auxv_range.end = cursor.position();
            read_what_auxv_points_to(memory, stack);
            return stack;
        }
        stack.auxv.push_back({.type = *type, .value = *entry_value});
    }
    return std::nullopt;
}

}  // namespace levitate::vmm
