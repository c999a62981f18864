#include "vmm/tracer/vdso.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace levitate::vmm {
namespace {

constexpr std::size_t kLargestImage = 64U << 10;  // the image of Linux has two pages
constexpr std::size_t kMostSymbols = 256;
constexpr std::size_t kLongestName = 64;
constexpr std::string_view kSignalReturn = "__kernel_rt_sigreturn";

// One copy of the image, in which every access is checked.
class Image {
  public:
    Image(const UserMemory& memory, GuestVirt base) : bytes_(kLargestImage) {
        bytes_.resize(memory.read(base, bytes_));
    }

    template <typename T>
    std::optional<T> at(std::uint64_t offset) const {
        if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) {
            return std::nullopt;
        }
        T result;
        std::memcpy(&result, bytes_.data() + offset, sizeof(T));
        return result;
    }

    std::string string_at(std::uint64_t offset) const {
        std::string text;
        while (text.size() < kLongestName) {
            const auto character = at<char>(offset + text.size());
            if (!character || *character == '\0') {
                break;
            }
            text.push_back(*character);
        }
        return text;
    }

  private:
    std::vector<std::byte> bytes_;
};

struct DynamicTables {
    std::uint64_t symbols = 0;
    std::uint64_t strings = 0;
    std::uint64_t hash = 0;
    std::uint64_t gnu_hash = 0;
};

bool is_image(const Elf64_Ehdr& header) {
    return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
           header.e_ident[EI_DATA] == ELFDATA2LSB && header.e_machine == EM_AARCH64 &&
           header.e_phentsize == sizeof(Elf64_Phdr);
}

std::optional<Elf64_Phdr> find_segment(const Image& image, const Elf64_Ehdr& header, std::uint32_t type) {
    for (std::uint64_t index = 0; index < header.e_phnum; ++index) {
        const auto segment = image.at<Elf64_Phdr>(header.e_phoff + index * sizeof(Elf64_Phdr));
        if (segment && segment->p_type == type) {
            return segment;
        }
    }
    return std::nullopt;
}

// Offsets into the image of the tables that PT_DYNAMIC names; `link_base` is the image's link-time address.
DynamicTables read_dynamic(const Image& image, std::uint64_t offset, std::uint64_t link_base) {
    constexpr std::uint64_t kMostEntries = 128;
    DynamicTables tables;
    for (std::uint64_t index = 0; index < kMostEntries; ++index) {
        const auto entry = image.at<Elf64_Dyn>(offset + index * sizeof(Elf64_Dyn));
        if (!entry || entry->d_tag == DT_NULL) {
            break;
        }
        const std::uint64_t at = entry->d_un.d_ptr - link_base;
        switch (entry->d_tag) {
            case DT_SYMTAB:
                tables.symbols = at;
                break;
            case DT_STRTAB:
                tables.strings = at;
                break;
            case DT_HASH:
                tables.hash = at;
                break;
            case DT_GNU_HASH:
                tables.gnu_hash = at;
                break;
            default:
                break;
        }
    }
    return tables;
}

// DT_HASH says the number of symbols (System V ABI, "Hash Table": nchain). DT_GNU_HASH does not say it, but
// every linker lays out the tables so that the symbol table ends where the string table begins.
std::uint64_t symbol_count(const Image& image, const DynamicTables& tables) {
    std::uint64_t count = 0;
    if (tables.hash != 0) {
        count = image.at<std::uint32_t>(tables.hash + sizeof(std::uint32_t)).value_or(0);
    } else if (tables.gnu_hash != 0 && tables.strings > tables.symbols) {
        count = (tables.strings - tables.symbols) / sizeof(Elf64_Sym);
    }
    return std::min<std::uint64_t>(count, kMostSymbols);
}

// All that the image has. To Linux, __kernel_rt_sigreturn is code but no function (arch/arm64/kernel/vdso/
// sigreturn.S).
std::vector<VdsoFunction> all_code(const UserMemory& memory, GuestVirt base) {
    const Image image(memory, base);
    const auto header = image.at<Elf64_Ehdr>(0);
    if (!header || !is_image(*header)) {
        return {};
    }
    const auto load = find_segment(image, *header, PT_LOAD);
    const auto dynamic = find_segment(image, *header, PT_DYNAMIC);
    if (!load || !dynamic) {
        return {};
    }
    const std::uint64_t link_base = load->p_vaddr - load->p_offset;
    const DynamicTables tables = read_dynamic(image, dynamic->p_offset, link_base);
    std::vector<VdsoFunction> functions;
    const std::uint64_t count = symbol_count(image, tables);
    for (std::uint64_t index = 0; index < count; ++index) {
        const auto symbol = image.at<Elf64_Sym>(tables.symbols + index * sizeof(Elf64_Sym));
        if (!symbol || symbol->st_shndx == SHN_UNDEF) {
            continue;
        }
        std::string name = image.string_at(tables.strings + symbol->st_name);
        if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC ? !name.empty() : name == kSignalReturn) {
            functions.push_back({.name = std::move(name), .address = base + (symbol->st_value - link_base)});
        }
    }
    return functions;
}

}  // namespace

std::vector<VdsoFunction> vdso_functions(const UserMemory& memory, GuestVirt base) {
    std::vector<VdsoFunction> functions = all_code(memory, base);
    std::erase_if(functions, [](const VdsoFunction& function) { return function.name == kSignalReturn; });
    return functions;
}

std::optional<GuestVirt> vdso_signal_return(const UserMemory& memory, GuestVirt base) {
    for (const VdsoFunction& function : all_code(memory, base)) {
        if (function.name == kSignalReturn) {
            return function.address;
        }
    }
    return std::nullopt;
}

}  // namespace levitate::vmm
