// Writes a flattened device tree with libfdt.
#pragma once

#include <fmt/format.h>
#include <libfdt.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vmm/error.hpp"
#include "vmm/machine/memory_map.hpp"

namespace levitate::vmm {

// Writes a tree in order. Keeps the first error and ignores what comes after it.
class DeviceTreeWriter {
  public:
    explicit DeviceTreeWriter(std::size_t capacity) : bytes_(capacity) {
        check(fdt_create(bytes_.data(), static_cast<int>(bytes_.size())));
        check(fdt_finish_reservemap(bytes_.data()));
    }

    void begin(const std::string& name) { check(fdt_begin_node(bytes_.data(), name.c_str())); }
    void end() { check(fdt_end_node(bytes_.data())); }

    void flag(const char* name) { property(name, {}); }
    void text(const char* name, std::string_view value) {
        // The NUL at the end belongs to the value. NULs inside separate the strings of a list.
        std::string terminated{value};
        terminated.push_back('\0');
        property(name, std::as_bytes(std::span{terminated}));
    }
    void cells(const char* name, const std::vector<std::uint32_t>& values) {
        std::vector<std::uint32_t> swapped;
        swapped.reserve(values.size());
        for (const std::uint32_t value : values) {
            swapped.push_back(cpu_to_fdt32(value));
        }
        property(name, std::as_bytes(std::span{swapped}));
    }
    // Writes regions, with two cells each for address and size.
    void regions(const char* name, const std::vector<Region>& regions) {
        std::vector<std::uint64_t> swapped;
        swapped.reserve(2 * regions.size());
        for (const Region& region : regions) {
            swapped.push_back(cpu_to_fdt64(region.base));
            swapped.push_back(cpu_to_fdt64(region.size));
        }
        property(name, std::as_bytes(std::span{swapped}));
    }
    void number64(const char* name, std::uint64_t value) {
        const std::uint64_t swapped = cpu_to_fdt64(value);
        property(name, std::as_bytes(std::span{&swapped, 1}));
    }
    void property(const char* name, std::span<const std::byte> value) {
        check(fdt_property(bytes_.data(), name, value.data(), static_cast<int>(value.size())));
    }

    Result<std::vector<std::byte>> finish() {
        check(fdt_finish(bytes_.data()));
        if (error_ != 0) {
            return failure(
                Error::Kind::Usage,
                fmt::format("cannot write the device tree: {}; is the kernel command line too long?",
                            fdt_strerror(error_)));
        }
        const void* const tree = bytes_.data();  // libfdt's macro casts it
        bytes_.resize(fdt_totalsize(tree));
        return std::move(bytes_);
    }

  private:
    void check(int result) {
        if (error_ == 0) {
            error_ = result;
        }
    }

    std::vector<std::byte> bytes_;
    int error_ = 0;
};

// "name@address"
inline std::string at(std::string_view name, std::uint64_t address) {
    return fmt::format("{}@{:x}", name, address);
}

}  // namespace levitate::vmm
