// Where a program's own code begins.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace levitate::vmm {

struct MainSymbol {
    std::uint64_t main = 0;         // addresses as the file has them: what moves the program moves both
    std::uint64_t entry_point = 0;  // of the file
};

// The function main of a Rust program's crate, because the main that C knows is std's and starts std first;
// else that one. nullopt: the file has no symbol for it (it is stripped), or is no ELF file.
std::optional<MainSymbol> find_main(const std::filesystem::path& program);

// Whether this is the mangled name of a function main at the root of a crate, in Rust's legacy form
// (_ZN5hello4main17h0123456789abcdefE) or v0 (_RNvCs1234_5hello4main; RFC 2603).
bool is_rust_main(std::string_view name);

}  // namespace levitate::vmm
