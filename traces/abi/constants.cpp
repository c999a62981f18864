#include "traces/abi/constants.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>

namespace levitate::traces::abi {
namespace {

enum class SetKind { Flags, Enum };

struct Set {
    std::string_view name;
    SetKind kind = SetKind::Enum;
    std::uint64_t field_mask = 0;
    std::uint64_t tail_mask = 0;
    std::string_view tail_set;
};

constexpr Set kSets[] = {
#define SET(name, kind, field_mask, tail_mask, tail_set) \
    {#name, SetKind::kind, field_mask, tail_mask, tail_set},
#define VALUE(set, name, value)
#define FIELD_VALUE(set, name, value)
#include "traces/abi/generated/sets.inc"
#undef SET
#undef VALUE
#undef FIELD_VALUE
};

std::string hex(std::uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "%#llx", static_cast<unsigned long long>(value));
    return text;
}

void append_flag(std::string& text, std::string_view flag) {
    if (!text.empty()) {
        text += '|';
    }
    text += flag;
}

std::string decode_flags(const Set& set, std::uint64_t value) {
    std::string text;
    std::uint64_t rest = value & ~set.field_mask & ~set.tail_mask;
    std::string_view none;
    const std::uint64_t flags = rest;
    for (const NamedValue& named : kNamedValues) {
        if (named.set != set.name) {
            continue;
        }
        const auto bits = static_cast<std::uint64_t>(named.value);
        if (named.in_field) {
            if ((value & set.field_mask) == bits) {
                append_flag(text, named.name);
            }
        } else if (bits == 0) {
            none = named.name;
        } else if ((rest & bits) == bits) {
            append_flag(text, named.name);
            rest &= ~bits;
        }
    }
    if (flags == 0 && text.empty() && !none.empty()) {
        text = none;
    }
    if (set.field_mask != 0 && text.empty() && (value & set.field_mask) != 0) {
        text = hex(value & set.field_mask);
    }
    if (rest != 0) {
        append_flag(text, hex(rest));
    }
    if (const std::uint64_t tail = value & set.tail_mask; tail != 0) {
        append_flag(text, decode(set.tail_set, tail));
    }
    return text.empty() ? "0" : text;
}

}  // namespace

const NamedError* find_error(std::int64_t number) {
    const auto* found = std::ranges::find(kErrors, number, &NamedError::number);
    return found != std::end(kErrors) ? found : nullptr;
}

bool set_exists(std::string_view set) {
    return std::ranges::find(kSets, set, &Set::name) != std::end(kSets);
}

std::optional<std::string_view> find_name(std::string_view set, std::int64_t value) {
    for (const NamedValue& named : kNamedValues) {
        if (named.set == set && named.value == value) {
            return named.name;
        }
    }
    return std::nullopt;
}

std::string decode(std::string_view set, std::uint64_t value) {
    const auto* found = std::ranges::find(kSets, set, &Set::name);
    if (found == std::end(kSets)) {
        return hex(value);
    }
    if (found->kind == SetKind::Flags) {
        return decode_flags(*found, value);
    }
    // An enum argument is an int for the kernel, except that ioctl requests fill all 32 bits.
    for (const NamedValue& named : kNamedValues) {
        if (named.set == set &&
            static_cast<std::uint32_t>(named.value) == static_cast<std::uint32_t>(value)) {
            return std::string(named.name);
        }
    }
    return hex(value & 0xffffffffU);
}

std::string signal_name(std::int64_t number) {
    if (const auto name = find_name("signals", number)) {
        return std::string(*name);
    }
    constexpr std::int64_t kFirstRealTime = constant("SIGRTMIN");
    constexpr std::int64_t kLastSignal = 64;
    if (number >= kFirstRealTime && number <= kLastSignal) {
        return number == kFirstRealTime ? "SIGRTMIN" : "SIGRT_" + std::to_string(number - kFirstRealTime);
    }
    return std::to_string(number);
}

std::string signal_mask(std::uint64_t mask) {
    constexpr int kSignals = 64;
    // Where more than two thirds are set, strace names the ones that are missing.
    const bool inverted = std::popcount(mask) > kSignals * 2 / 3;
    std::string text = inverted ? "~[" : "[";
    const std::size_t empty = text.size();
    for (int number = 1; number <= kSignals; ++number) {
        const bool set = ((mask >> (number - 1)) & 1U) != 0;
        if (set == inverted) {
            continue;
        }
        const std::string name = signal_name(number);
        if (text.size() != empty) {
            text += ' ';
        }
        text += name.substr(name.starts_with("SIG") ? 3 : 0);
    }
    return text + "]";
}

}  // namespace levitate::traces::abi
