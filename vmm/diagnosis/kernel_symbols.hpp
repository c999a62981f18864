// Names of places in a kernel, from its ELF or a System.map.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/arch/address.hpp"
#include "vmm/error.hpp"

namespace levitate::vmm {

class KernelSymbols {
  public:
    // None: every place is a number.
    KernelSymbols() = default;

    // An Error names the file and what it should be.
    static Result<KernelSymbols> load(const std::filesystem::path& file);
    // The kernel itself is asked: it may be an ELF. None if it is not.
    static KernelSymbols of_kernel(const std::filesystem::path& kernel);

    // Where _text, the Image's first byte, was loaded: before the MMU is on the kernel runs there. What an
    // ELF says of its segments comes first.
    void set_loaded_at(GuestPhys start);

    bool empty() const { return symbols_.empty(); }
    // "start_kernel+0x1c"; empty: no symbol is near. An address is looked for as it is, and then as a
    // physical one.
    std::string name(GuestVirt address) const;
    // "0xffff800008001234 <start_kernel+0x1c>".
    std::string place(GuestVirt address) const;

  private:
    struct Symbol {
        std::uint64_t address = 0;
        std::uint64_t size = 0;  // 0: up to the next one
        std::string name;
    };
    // Physical addresses from `begin` to `end` are the virtual ones from `address` on.
    struct Loaded {
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        std::uint64_t address = 0;
    };

    static Result<KernelSymbols> from_elf(const std::filesystem::path& file);
    static Result<KernelSymbols> from_map(const std::filesystem::path& file);
    void sort();
    std::string name_at(std::uint64_t address) const;

    std::vector<Symbol> symbols_;  // by address
    std::vector<Loaded> loaded_;
};

}  // namespace levitate::vmm
