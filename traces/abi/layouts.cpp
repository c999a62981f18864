#include "traces/abi/layouts.hpp"

#include <algorithm>
#include <array>

#include "traces/abi/constants.hpp"

namespace levitate::traces::abi {
namespace {

constexpr Field kFields[] = {
#define STRUCT(name, size)
#define FIELD(owner, name, offset, size, kind, set) {owner, name, offset, size, FieldKind::kind, set},
#include "traces/abi/generated/layouts.inc"
#undef STRUCT
#undef FIELD
};

struct Size {
    std::string_view name;
    std::size_t size = 0;
};

constexpr Size kSizes[] = {
#define STRUCT(name, size) {name, size},
#define FIELD(owner, name, offset, size, kind, set)
#include "traces/abi/generated/layouts.inc"
#undef STRUCT
#undef FIELD
};

// The fields of a struct are next to one another in kFields.
constexpr std::span<const Field> fields_of(std::string_view owner) {
    const auto* first = std::ranges::find(kFields, owner, &Field::owner);
    const auto* last =
        std::find_if(first, std::end(kFields), [&](const Field& f) { return f.owner != owner; });
    return {first, last};
}

constexpr auto kStructs = [] {
    std::array<Struct, std::size(kSizes)> structs{};
    for (std::size_t i = 0; i < structs.size(); ++i) {
        structs[i] = {kSizes[i].name, kSizes[i].size, fields_of(kSizes[i].name)};
    }
    return structs;
}();

constexpr const Struct& must_find(std::string_view name) {
    return *std::ranges::find(kStructs, name, &Struct::name);
}

}  // namespace

bool is_nanoseconds(const Field& field) {
    return field.name.ends_with("nsec");
}

bool is_microseconds(const Field& field) {
    return field.name.ends_with("usec");
}

const Field* Struct::field(std::string_view field_name) const {
    const auto found = std::ranges::find(fields, field_name, &Field::name);
    return found != fields.end() ? &*found : nullptr;
}

const Struct* find_struct(std::string_view name) {
    const auto* found = std::ranges::find(kStructs, name, &Struct::name);
    return found != kStructs.end() ? found : nullptr;
}

std::size_t type_size(std::string_view type) {
    if (type == "int" || type == "unsigned" || type == "pid") {
        return 4;
    }
    if (type == "int64_t" || type == "uint64_t") {
        return 8;
    }
    const Struct* layout = find_struct(type);
    return layout != nullptr ? layout->size : 0;
}

std::optional<std::uint64_t> read_number(std::span<const std::byte> bytes, std::size_t offset,
                                         std::size_t size) {
    if (offset > bytes.size() || size > bytes.size() - offset || size > sizeof(std::uint64_t)) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    for (std::size_t i = size; i > 0; --i) {
        value = value << 8U | std::to_integer<std::uint64_t>(bytes[offset + i - 1]);
    }
    return value;
}

std::optional<std::uint64_t> read_field(std::span<const std::byte> bytes, const Field& field) {
    return read_number(bytes, field.offset, field.size);
}

const Struct& siginfo_view(std::span<const std::byte> siginfo) {
    const Struct& plain = must_find("siginfo_t");
    const auto signal = read_field(siginfo, *plain.field("si_signo"));
    const auto raw_code = read_field(siginfo, *plain.field("si_code"));
    if (!signal || !raw_code) {
        return plain;
    }
    const auto number = static_cast<std::int64_t>(*signal);
    const auto code = static_cast<std::int32_t>(*raw_code);
    // kernel/signal.c, siginfo_layout: codes up to 0 come from a sender, those above say what the kernel saw.
    if (code == constant("SI_USER") || code == constant("SI_TKILL")) {
        return must_find("siginfo_kill");
    }
    if (code == constant("SI_TIMER")) {
        return must_find("siginfo_timer");
    }
    if (code == constant("SI_SIGIO")) {
        return must_find("siginfo_poll");
    }
    if (code < 0) {
        return must_find("siginfo_queue");
    }
    if (code == constant("SI_KERNEL")) {
        return plain;
    }
    switch (number) {
        case constant("SIGILL"):
        case constant("SIGFPE"):
        case constant("SIGSEGV"):
        case constant("SIGBUS"):
        case constant("SIGTRAP"):
            return must_find("siginfo_fault");
        case constant("SIGCHLD"):
            return must_find("siginfo_child");
        case constant("SIGIO"):
            return must_find("siginfo_poll");
        case constant("SIGSYS"):
            return must_find("siginfo_system");
        default:
            return plain;
    }
}

const Struct& sockaddr_view(std::span<const std::byte> address) {
    const Struct& plain = must_find("sockaddr");
    const auto family = read_field(address, *plain.field("sa_family"));
    switch (static_cast<std::int64_t>(family.value_or(0))) {
        case constant("AF_UNIX"):
            return must_find("sockaddr_un");
        case constant("AF_INET"):
            return must_find("sockaddr_in");
        case constant("AF_INET6"):
            return must_find("sockaddr_in6");
        case constant("AF_NETLINK"):
            return must_find("sockaddr_nl");
        default:
            return plain;
    }
}

}  // namespace levitate::traces::abi
