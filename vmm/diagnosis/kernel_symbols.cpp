#include "vmm/diagnosis/kernel_symbols.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <memory>
#include <string_view>

#include "vmm/debugger/demangle.hpp"
#include "vmm/descriptor.hpp"
#include "vmm/elf_handle.hpp"

namespace levitate::vmm {
namespace {

// Further from a symbol without a size an address has nothing to do with it.
constexpr std::uint64_t kReach = 1U << 20U;

bool is_elf(const std::filesystem::path& file) {
    std::string magic(SELFMAG, '\0');
    std::ifstream{file, std::ios::binary}.read(magic.data(), SELFMAG);
    return magic == ELFMAG;
}

Error not_symbols(const std::filesystem::path& file, std::string_view what) {
    return {
        .kind = Error::Kind::Usage,
        .message = fmt::format("--kernel-symbols {}: {}; give the kernel's ELF (vmlinux) or its System.map",
                               file.string(), what)};
}

// Marks of code and data in AArch64 objects ("$x", "$d.1"; AAELF64 5.5) name nothing.
bool is_name(std::string_view name) {
    return !name.empty() && !name.starts_with('$');
}

}  // namespace

Result<KernelSymbols> KernelSymbols::load(const std::filesystem::path& file) {
    return is_elf(file) ? from_elf(file) : from_map(file);
}

KernelSymbols KernelSymbols::of_kernel(const std::filesystem::path& kernel) {
    if (!is_elf(kernel)) {
        return {};
    }
    return from_elf(kernel).value_or(KernelSymbols{});
}

Result<KernelSymbols> KernelSymbols::from_elf(const std::filesystem::path& file) {
    elf_version(EV_CURRENT);
    const Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    const ElfHandle elf{descriptor.is_open() ? elf_begin(descriptor.get(), ELF_C_READ, nullptr) : nullptr};
    if (!elf || gelf_getclass(elf.get()) != ELFCLASS64) {
        return std::unexpected(not_symbols(file, "cannot be read as a 64-bit ELF"));
    }
    KernelSymbols result;
    std::size_t segments = 0;
    elf_getphdrnum(elf.get(), &segments);
    for (std::size_t i = 0; i < segments; ++i) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf.get(), static_cast<int>(i), &segment) != nullptr && segment.p_type == PT_LOAD) {
            result.loaded_.push_back({.begin = segment.p_paddr,
                                      .end = segment.p_paddr + segment.p_memsz,
                                      .address = segment.p_vaddr});
        }
    }
    for (Elf_Scn* section = elf_nextscn(elf.get(), nullptr); section != nullptr;
         section = elf_nextscn(elf.get(), section)) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_SYMTAB) {
            continue;
        }
        Elf_Data* const data = elf_getdata(section, nullptr);
        const std::uint64_t count = header.sh_entsize == 0 ? 0 : header.sh_size / header.sh_entsize;
        for (std::uint64_t i = 0; i < count; ++i) {
            GElf_Sym symbol;
            if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) {
                break;
            }
            const auto type = GELF_ST_TYPE(symbol.st_info);
            const char* const name = elf_strptr(elf.get(), header.sh_link, symbol.st_name);
            if (name != nullptr && is_name(name) && symbol.st_shndx != SHN_UNDEF &&
                symbol.st_shndx != SHN_ABS &&
                (type == STT_FUNC || type == STT_NOTYPE || type == STT_OBJECT)) {
                result.symbols_.push_back(
                    {.address = symbol.st_value, .size = symbol.st_size, .name = demangle(name)});
            }
        }
    }
    if (result.symbols_.empty()) {
        return std::unexpected(not_symbols(file, "holds no symbols (it is stripped)"));
    }
    result.sort();
    return result;
}

// "ffff800008000000 T _text", a line a symbol.
Result<KernelSymbols> KernelSymbols::from_map(const std::filesystem::path& file) {
    std::ifstream stream{file};
    if (!stream) {
        return std::unexpected(not_symbols(file, "cannot be read"));
    }
    KernelSymbols result;
    std::string line;
    while (std::getline(stream, line)) {
        std::uint64_t address = 0;
        const char* const end = line.data() + line.size();
        const auto [rest, error] = std::from_chars(line.data(), end, address, 16);
        constexpr std::ptrdiff_t kLetter = 3;  // " T "
        if (error != std::errc{} || end - rest <= kLetter || rest[0] != ' ' || rest[2] != ' ') {
            return std::unexpected(
                not_symbols(file, "is no ELF, and this is no line of a System.map: " + line.substr(0, 80)));
        }
        const std::string_view name{rest + kLetter, end};
        if (is_name(name)) {
            result.symbols_.push_back({.address = address, .size = 0, .name = demangle(std::string{name})});
        }
    }
    if (result.symbols_.empty()) {
        return std::unexpected(not_symbols(file, "holds no symbols"));
    }
    result.sort();
    return result;
}

// Of several at one address a function, which has a size, says most.
void KernelSymbols::sort() {
    std::ranges::stable_sort(symbols_, [](const Symbol& first, const Symbol& second) {
        return first.address != second.address ? first.address < second.address : first.size < second.size;
    });
}

void KernelSymbols::set_loaded_at(GuestPhys start) {
    const auto text = std::ranges::find(symbols_, "_text", &Symbol::name);
    if (!loaded_.empty() || text == symbols_.end()) {
        return;
    }
    const std::uint64_t size = symbols_.back().address - text->address + kReach;
    loaded_.push_back({.begin = value(start), .end = value(start) + size, .address = text->address});
}

std::string KernelSymbols::name_at(std::uint64_t address) const {
    const auto after = std::ranges::upper_bound(symbols_, address, {}, &Symbol::address);
    if (after == symbols_.begin()) {
        return {};
    }
    const Symbol& symbol = *std::prev(after);
    const std::uint64_t offset = address - symbol.address;
    if (offset >= (symbol.size == 0 ? kReach : symbol.size)) {
        return {};
    }
    return offset == 0 ? symbol.name : fmt::format("{}+{:#x}", symbol.name, offset);
}

std::string KernelSymbols::name(GuestVirt address) const {
    std::string found = name_at(value(address));
    for (const Loaded& part : loaded_) {
        if (found.empty() && value(address) >= part.begin && value(address) < part.end) {
            found = name_at(value(address) - part.begin + part.address);
        }
    }
    return found;
}

std::string KernelSymbols::place(GuestVirt address) const {
    const std::string found = name(address);
    return found.empty() ? fmt::format("{:#x}", value(address))
                         : fmt::format("{:#x} <{}>", value(address), found);
}

}  // namespace levitate::vmm
