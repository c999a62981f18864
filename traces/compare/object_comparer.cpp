#include "traces/compare/object_comparer.hpp"

#include <algorithm>

#include "traces/abi/text.hpp"
#include "traces/compare/contents.hpp"
#include "traces/compare/domain.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::traces::detail {
namespace {

constexpr std::size_t kShownBytes = 64;
// Linux's default for net.ipv4.ip_local_port_range.
constexpr std::uint64_t kFirstEphemeralPort = 32768;
constexpr std::uint64_t kLastEphemeralPort = 60999;

bool is_ephemeral(std::uint64_t network_port) {
    const std::uint64_t port = (network_port & 0xffU) << 8U | network_port >> 8U;
    return port >= kFirstEphemeralPort && port <= kLastEphemeralPort;
}

// A time consists of two fields. This is their name without the part that tells them apart.
std::string time_name(const std::string& name) {
    for (const std::string_view suffix : {"_nsec", ".tv_sec", ".tv_nsec", ".tv_usec"}) {
        if (name.ends_with(suffix)) {
            return name.substr(0, name.size() - suffix.size());
        }
    }
    return name;
}

// What Linux counts in ticks may be the same in every recording, and yet nothing that a program has set.
// Debian's kernel has 250 in a second.
bool is_within_tick(const abi::Struct& layout, std::span<const std::byte> golden,
                    std::span<const std::byte> actual) {
    constexpr Nanoseconds kTick = 4'000'000;
    const Nanoseconds difference = nanoseconds_in(layout, actual) - nanoseconds_in(layout, golden);
    return difference >= -kTick && difference <= kTick;
}

// Which device an inode of the structure is on, encoded as st_dev (include/linux/kdev_t.h, new_encode_dev),
// which statx gives in two parts.
FilesOf device_of(const abi::Struct& layout, std::span<const std::byte> bytes) {
    const auto read = [&](std::string_view name) -> FilesOf {
        const abi::Field* const field = layout.field(name);
        return field != nullptr ? abi::read_field(bytes, *field) : std::nullopt;
    };
    const auto major = read("stx_dev_major");
    const auto minor = read("stx_dev_minor");
    if (major && minor) {
        return (*minor & 0xffU) | *major << 8U | (*minor & ~std::uint64_t{0xff}) << 12U;
    }
    return read("st_dev");
}

}  // namespace

void ObjectComparer::fixed(const std::string& name, std::string golden, std::string actual,
                           DivergenceKind kind) {
    differences_.push_back({.shown = {name, std::move(golden), std::move(actual)},
                            .kind = kind,
                            .value_class = ValueClass::Fixed,
                            .golden_bytes = {},
                            .actual_bytes = {}});
}

void ObjectComparer::address(const std::string& name, std::uint64_t golden, std::uint64_t actual,
                             DivergenceKind kind) {
    if (!equivalence_.addresses_equal(pair_.space(), golden, actual, pair_.stacks())) {
        fixed(name, abi::format_address(golden), abi::format_address(actual), kind);
        // A null pointer or a small number is not an address that could lie elsewhere, and neither is an
        // address with another alignment.
        const bool both = golden >= 4096 && actual >= 4096 && ((golden ^ actual) & 15U) == 0;
        differences_.back().value_class =
            equivalence_.space(pair_.space()).in_own_stack(golden, actual, pair_.stacks()) ? ValueClass::Bound
            : both ? ValueClass::Address
                   : ValueClass::Fixed;
    }
}

void ObjectComparer::number(const std::string& name, std::uint64_t golden, std::uint64_t actual,
                            DivergenceKind kind) {
    fixed(name, std::to_string(golden), std::to_string(actual), kind);
    differences_.back().value_class = ValueClass::Number;
}

void ObjectComparer::token(Token token, const std::string& name, std::uint64_t golden, std::uint64_t actual,
                           DivergenceKind kind) {
    if (!equivalence_.tokens_equal(token, golden, actual)) {
        number(name, golden, actual, kind);
    }
}

void ObjectComparer::inode(const std::string& name, FilesOf device, std::uint64_t golden,
                           std::uint64_t actual, DivergenceKind kind) {
    if (!inodes_vary_) {
        if (!equivalence_.inodes_equal(device, golden, actual)) {
            number(name, golden, actual, kind);
        }
    } else if ((golden == 0) != (actual == 0)) {
        fixed(name, std::to_string(golden), std::to_string(actual), kind);
    } else if (golden != actual) {
        equivalence_.normalised("inode numbers");
    }
}

void ObjectComparer::pid(const std::string& name, std::int64_t golden, std::int64_t actual,
                         DivergenceKind kind) {
    const bool plain = golden > 0 && actual > 0;
    const bool group = golden < -1 && actual < -1;
    if (plain || group) {
        const auto magnitude = [](std::int64_t value) {
            return static_cast<std::uint64_t>(value < 0 ? -value : value);
        };
        token(Token::Pid, name, magnitude(golden), magnitude(actual), kind);
    } else if (golden != actual) {
        fixed(name, std::to_string(golden), std::to_string(actual), kind);
    }
}

void ObjectComparer::time(const std::string& name, const std::string& golden, const std::string& actual) {
    fixed(time_name(name), golden, actual, DivergenceKind::Data);
    differences_.back().value_class = ValueClass::Time;
}

void ObjectComparer::reading(std::string_view type, const std::string& name, Bytes golden, Bytes actual) {
    if (std::ranges::equal(golden, actual)) {
        return;
    }
    const std::string golden_text = abi::format_object(type, golden);
    const std::string actual_text = abi::format_object(type, actual);
    const auto is_none = [](Bytes bytes) {
        return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
    };
    const abi::Struct* layout = abi::find_struct(type);
    const bool same_interval =
        layout == nullptr || std::ranges::all_of(layout->fields, [&](const abi::Field& field) {
            return !field.name.starts_with("it_interval") ||
                   abi::read_field(golden, field) == abi::read_field(actual, field);
        });
    const bool is_possible = golden.size() == actual.size() && is_time(type, actual) &&
                             is_none(golden) == is_none(actual) && same_interval;
    if (is_possible && layout != nullptr && is_within_tick(*layout, golden, actual)) {
        equivalence_.normalised("times");
    } else if (is_possible) {
        time(name, golden_text, actual_text);
    } else {
        fixed(name, is_none(golden) ? "none" : golden_text, is_none(actual) ? "none" : actual_text,
              DivergenceKind::Data);
    }
}

void ObjectComparer::bytes(const std::string& name, Bytes golden, Bytes actual, DivergenceKind kind) {
    if (std::ranges::equal(golden, actual)) {
        return;
    }
    if (differ_in_pids_only(golden, actual)) {
        equivalence_.normalised("process and thread numbers");
        return;
    }
    const auto first = static_cast<std::size_t>(std::ranges::mismatch(golden, actual).in1 - golden.begin());
    // Shows the differing place and not the beginning, which is the same.
    constexpr std::size_t kContext = 16;
    const std::size_t start = first < kShownBytes ? 0 : first - kContext;
    const auto show = [&](Bytes bytes) {
        const auto from = std::min(start, bytes.size());
        return (from != 0 ? "…" : "") + abi::format_string(bytes.subspan(from), kShownBytes) + " (" +
               std::to_string(bytes.size()) + " bytes)";
    };
    fixed(name, show(golden), show(actual), kind);
    differences_.back().shown.first_byte = first;
    differences_.back().value_class = ValueClass::Bytes;
    differences_.back().golden_bytes.assign(golden.begin(), golden.end());
    differences_.back().actual_bytes.assign(actual.begin(), actual.end());
}

bool ObjectComparer::differ_in_pids_only(Bytes golden, Bytes actual) const {
    return equal_but_for_numbers(as_string_view(golden), as_string_view(actual),
                                 [&](std::uint64_t one, std::uint64_t other) {
                                     return equivalence_.tokens_known_equal(Token::Pid, one, other);
                                 });
}

void ObjectComparer::object(std::string_view type, const std::string& name, Bytes golden, Bytes actual,
                            DivergenceKind kind) {
    if (type == "siginfo_t") {
        structure(abi::siginfo_view(golden), name, golden, actual, kind);
        return;
    }
    if (const abi::Struct* layout = abi::find_struct(type)) {
        structure(*layout, name, golden, actual, kind);
        return;
    }
    const std::size_t size = abi::type_size(type);
    const auto golden_number = abi::read_number(golden, 0, size);
    const auto actual_number = abi::read_number(actual, 0, size);
    if (!golden_number || !actual_number) {
        bytes(name, golden, actual, kind);
    } else if (type == "pid") {
        pid(name, static_cast<std::int32_t>(*golden_number), static_cast<std::int32_t>(*actual_number), kind);
    } else if (*golden_number != *actual_number) {
        fixed(name, abi::format_object(type, golden), abi::format_object(type, actual), kind);
        differences_.back().value_class = ValueClass::Number;
    }
}

void ObjectComparer::structure(const abi::Struct& layout, const std::string& name, Bytes golden, Bytes actual,
                               DivergenceKind kind) {
    if (golden.size() != actual.size()) {
        fixed(name + " (length)", std::to_string(golden.size()), std::to_string(actual.size()), kind);
        return;
    }
    device_ = device_of(layout, golden);
    for (const abi::Field& member : layout.fields) {
        field(member, name + "." + std::string(member.name), golden, actual, kind);
    }
    device_.reset();
}

void ObjectComparer::array(std::string_view type, const std::string& name, Bytes golden, Bytes actual,
                           DivergenceKind kind) {
    const std::size_t size = abi::type_size(type);
    if (size == 0 || golden.size() != actual.size() || golden.size() % size != 0) {
        bytes(name, golden, actual, kind);
        return;
    }
    for (std::size_t at = 0; at < golden.size(); at += size) {
        object(type, name + "[" + std::to_string(at / size) + "]", golden.subspan(at, size),
               actual.subspan(at, size), kind);
    }
}

void ObjectComparer::directory(const std::string& name, Bytes golden, Bytes actual) {
    const auto golden_entries = parse_directory(golden);
    const auto actual_entries = parse_directory(actual);
    for (std::size_t i = 0; i < std::max(golden_entries.size(), actual_entries.size()); ++i) {
        const std::string entry = name + "[" + std::to_string(i) + "]";
        if (i >= golden_entries.size() || i >= actual_entries.size()) {
            fixed(entry, i < golden_entries.size() ? golden_entries[i].name : "",
                  i < actual_entries.size() ? actual_entries[i].name : "", DivergenceKind::Data);
            return;
        }
        const bool is_same = golden_entries[i].name == actual_entries[i].name;
        if (!is_same && differ_in_pids_only(std::as_bytes(std::span{golden_entries[i].name}),
                                            std::as_bytes(std::span{actual_entries[i].name}))) {
            equivalence_.normalised("process and thread numbers");
        } else if (!is_same) {
            fixed(entry + ".d_name", golden_entries[i].name, actual_entries[i].name, DivergenceKind::Data);
        }
        if (golden_entries[i].type != actual_entries[i].type) {
            fixed(entry + ".d_type", std::to_string(golden_entries[i].type),
                  std::to_string(actual_entries[i].type), DivergenceKind::Data);
        }
        if (is_same && golden_entries[i].size != actual_entries[i].size) {
            fixed(entry + ".d_reclen", std::to_string(golden_entries[i].size),
                  std::to_string(actual_entries[i].size), DivergenceKind::Data);
        }
        inode(entry + ".d_ino", {}, golden_entries[i].inode, actual_entries[i].inode, DivergenceKind::Data);
    }
}

void ObjectComparer::field(const abi::Field& field, const std::string& name, Bytes golden, Bytes actual,
                           DivergenceKind kind) {
    const auto part = [&](Bytes bytes) {
        const auto from = std::min(field.offset, bytes.size());
        return bytes.subspan(from, std::min(field.size, bytes.size() - from));
    };
    if (field.kind == abi::FieldKind::Padding) {
        return;
    }
    const auto golden_number = abi::read_field(golden, field);
    const auto actual_number = abi::read_field(actual, field);
    const bool numbers = golden_number && actual_number;
    if (numbers && varying_field(field, name, *golden_number, *actual_number, kind)) {
        return;
    }
    if (std::ranges::equal(part(golden), part(actual))) {
        return;
    }
    const std::string golden_text = abi::format_field(field, golden);
    const std::string actual_text = abi::format_field(field, actual);
    switch (field.kind) {
        case abi::FieldKind::Kernel:
            zeroness(name, field, part(golden), part(actual), "names of the kernel");
            return;
        case abi::FieldKind::Amount:
            zeroness(name, field, part(golden), part(actual), "resource usage");
            return;
        case abi::FieldKind::String:
            if (golden_text == actual_text) {
                return;
            }
            break;
        default:
            break;
    }
    fixed(name, golden_text, actual_text, kind);
    const bool number = field.kind == abi::FieldKind::Int || field.kind == abi::FieldKind::Uint;
    differences_.back().value_class = numbers && number ? ValueClass::Number : ValueClass::Fixed;
}

// Compares a time or an amount, which differs from run to run. It has to be possible, and an amount must not
// be 0 where Linux has some. The fraction of a second may be 0 by chance.
void ObjectComparer::moment(const abi::Field& field, const std::string& name, std::uint64_t golden,
                            std::uint64_t actual) {
    if (golden == actual) {
        return;
    }
    const std::uint64_t limit = abi::is_nanoseconds(field)    ? 1'000'000'000U
                                : abi::is_microseconds(field) ? 1'000'000U
                                                              : std::uint64_t{1} << 63U;
    const bool fraction = limit != std::uint64_t{1} << 63U;
    if (actual >= limit) {
        fixed(name, std::to_string(golden), std::to_string(actual), DivergenceKind::Data);
    } else if (actual == 0 && field.kind == abi::FieldKind::Usage && !fraction) {
        // Where something is counted in steps, a little more work may bring it to the first step, but nothing
        // at all is wrong where Linux has some. A clock's zero is a time like any other: it is the time of
        // what was made before the clock was set.
        fixed(name, golden == 0 ? "0" : "not 0", actual == 0 ? "0" : "not 0", DivergenceKind::Data);
    } else if (field.kind == abi::FieldKind::Time) {
        time(name, std::to_string(golden), std::to_string(actual));
    } else {
        equivalence_.normalised("resource usage");
    }
}

// For what differs from run to run or from kernel to kernel, compares only whether there is anything.
void ObjectComparer::zeroness(const std::string& name, const abi::Field& field, Bytes golden, Bytes actual,
                              const char* what) {
    const auto is_zero = [](Bytes bytes) {
        return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
    };
    const auto text = [&](Bytes bytes) {
        return is_zero(bytes) ? std::string(field.kind == abi::FieldKind::Kernel ? "nothing" : "0")
                              : std::string("not 0");
    };
    if (is_zero(golden) != is_zero(actual)) {
        fixed(name, text(golden), text(actual), DivergenceKind::Data);
    } else {
        equivalence_.normalised(what);
    }
}

// Compares the field if its kind has a way of its own. False: it has none, and the field is compared exactly.
bool ObjectComparer::varying_field(const abi::Field& field, const std::string& name, std::uint64_t golden,
                                   std::uint64_t actual, DivergenceKind kind) {
    switch (field.kind) {
        case abi::FieldKind::Address:
        case abi::FieldKind::Handler:
            address(name, golden, actual, kind);
            return true;
        case abi::FieldKind::Pid:
            pid(name, static_cast<std::int32_t>(golden), static_cast<std::int32_t>(actual), kind);
            return true;
        case abi::FieldKind::Inode:
            inode(name, device_, golden, actual, kind);
            return true;
        case abi::FieldKind::Device:
            token(Token::Device, name, golden, actual, kind);
            return true;
        case abi::FieldKind::Port:
            if (is_ephemeral(golden) && is_ephemeral(actual)) {
                token(Token::Port, name, golden, actual, kind);
                return true;
            }
            return false;
        case abi::FieldKind::Time:
        case abi::FieldKind::Usage:
        case abi::FieldKind::Count:
            moment(field, name, golden, actual);
            return true;
        default:
            return false;
    }
}

}  // namespace levitate::traces::detail
