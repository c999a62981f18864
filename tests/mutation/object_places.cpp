// Places inside of structs.
#include <algorithm>
#include <string_view>

#include "tests/mutation/place_collector.hpp"
#include "traces/abi/layouts.hpp"

namespace levitate::traces::mutation {
namespace {

// Of an array, so many elements are changed: what holds for them holds for the rest.
constexpr std::size_t kMostElements = 4;

void write_number(std::span<std::byte> bytes, std::size_t offset, std::size_t size, std::uint64_t value) {
    for (std::size_t i = 0; i < size; ++i) {
        bytes[offset + i] = static_cast<std::byte>(value >> (8 * i));
    }
}

NumberKind kind_of(abi::FieldKind kind) {
    switch (kind) {
        case abi::FieldKind::Flags:
        case abi::FieldKind::Mask:
        case abi::FieldKind::Mode:
        case abi::FieldKind::Hex:
            return NumberKind::Flags;
        default:
            return NumberKind::Plain;
    }
}

bool is_number(std::size_t size) {
    return size == 1 || size == 2 || size == 4 || size == 8;
}

void collect_number(PlaceCollector& collector, const std::string& name, NumberKind kind, std::size_t offset,
                    std::size_t size, const std::vector<std::byte>& bytes, const Memory& memory) {
    const auto value = abi::read_number(bytes, offset, size);
    if (value) {
        collector.number(name, size, *value, kind, [=](Event& event, std::uint64_t changed) {
            write_number(memory(event), offset, size, changed);
        });
    }
}

// What stands behind a string's end is padding.
std::size_t text_size(std::span<const std::byte> bytes, abi::FieldKind kind) {
    if (kind != abi::FieldKind::String && kind != abi::FieldKind::Kernel) {
        return bytes.size();
    }
    return static_cast<std::size_t>(std::ranges::find(bytes, std::byte{0}) - bytes.begin());
}

void collect_bytes(PlaceCollector& collector, const std::string& name, std::size_t offset, std::size_t size,
                   const Memory& memory) {
    collector.bytes(name, size, [=](Event& event) { return std::span(memory(event)).subspan(offset, size); });
}

void collect_struct(PlaceCollector& collector, const std::string& name, const abi::Struct& layout,
                    std::size_t base, const std::vector<std::byte>& bytes, const Memory& memory) {
    for (const abi::Field& field : layout.fields) {
        const std::size_t offset = base + field.offset;
        if (field.kind == abi::FieldKind::Padding || offset + field.size > bytes.size()) {
            continue;
        }
        const std::string field_name = name + "." + std::string(field.name);
        if (is_number(field.size) && field.kind != abi::FieldKind::String) {
            collect_number(collector, field_name, kind_of(field.kind), offset, field.size, bytes, memory);
        } else {
            const auto text = std::span(bytes).subspan(offset, field.size);
            collect_bytes(collector, field_name, offset, text_size(text, field.kind), memory);
        }
    }
}

// The records of getdents64 (man 2 getdents): each says how long it is.
void collect_directory(PlaceCollector& collector, const std::string& name,
                       const std::vector<std::byte>& bytes, const Memory& memory) {
    const abi::Struct& layout = *abi::find_struct("linux_dirent64");
    const abi::Field& length_field = *layout.field("d_reclen");
    const std::size_t name_offset = layout.field("d_name")->offset;
    std::size_t base = 0;
    while (const auto length = abi::read_number(bytes, base + length_field.offset, length_field.size)) {
        if (*length <= name_offset || base + *length > bytes.size()) {
            break;
        }
        collect_struct(collector, name, layout, base, bytes, memory);
        const auto text = std::span(bytes).subspan(base + name_offset, *length - name_offset);
        collect_bytes(collector, name + ".d_name", base + name_offset,
                      text_size(text, abi::FieldKind::String), memory);
        base += *length;
    }
}

}  // namespace

void collect_objects(PlaceCollector& collector, const std::string& name, std::string_view type,
                     const std::vector<std::byte>& bytes, const Memory& memory) {
    if (type == "linux_dirent64") {
        collect_directory(collector, name, bytes, memory);
        return;
    }
    const abi::Struct* layout = type == "siginfo_t"  ? &abi::siginfo_view(bytes)
                                : type == "sockaddr" ? &abi::sockaddr_view(bytes)
                                                     : abi::find_struct(type);
    const std::size_t size = layout != nullptr ? layout->size : abi::type_size(type);
    if (size == 0 || size > bytes.size()) {
        collect_bytes(collector, name, 0, bytes.size(), memory);
        return;
    }
    const std::size_t elements = std::min(bytes.size() / size, kMostElements);
    for (std::size_t i = 0; i < elements; ++i) {
        if (layout != nullptr) {
            collect_struct(collector, name, *layout, i * size, bytes, memory);
        } else {
            collect_number(collector, name, NumberKind::Plain, i * size, size, bytes, memory);
        }
    }
}

}  // namespace levitate::traces::mutation
