#include "vmm/debugger/main_symbol.hpp"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>
#include <system_error>

#include "vmm/descriptor.hpp"
#include "vmm/elf_handle.hpp"

namespace levitate::vmm {
namespace {

bool take(std::string_view& text, std::string_view prefix) {
    const bool has = text.starts_with(prefix);
    text.remove_prefix(has ? prefix.size() : 0);
    return has;
}

// Takes an identifier with its length before it: "5hello". v0 has an underscore between the two if the
// identifier begins with a digit or an underscore.
bool take_identifier(std::string_view& text) {
    std::size_t length = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (error != std::errc{}) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    if (length > 0 && text.size() > length && text.front() == '_') {
        text.remove_prefix(1);
    }
    const bool fits = length > 0 && length <= text.size();
    text.remove_prefix(fits ? length : 0);
    return fits;
}

bool is_legacy_hash(std::string_view text) {
    constexpr std::size_t kDigits = 16;
    return take(text, "17h") && text.size() == kDigits + 1 && text.back() == 'E' &&
           std::ranges::all_of(text.substr(0, kDigits),
                               [](unsigned char digit) { return std::isxdigit(digit) != 0; });
}

// Takes the disambiguator of a crate, "s1234_", if there is one.
void take_disambiguator(std::string_view& text) {
    if (text.starts_with('s')) {
        const auto end = text.find('_');
        text.remove_prefix(end == std::string_view::npos ? 0 : end + 1);
    }
}

// Calls `visit` with the name and address of each function of the symbol table.
template <typename Visit>
void for_each_function(Elf* elf, Visit visit) {
    for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
         section = elf_nextscn(elf, section)) {
        GElf_Shdr header{};
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_SYMTAB ||
            header.sh_entsize == 0) {
            continue;
        }
        Elf_Data* const data = elf_getdata(section, nullptr);
        const std::size_t count = data != nullptr ? data->d_size / header.sh_entsize : 0;
        for (std::size_t i = 0; i < count; ++i) {
            GElf_Sym symbol{};
            if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr ||
                GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) {
                continue;
            }
            if (const char* const name = elf_strptr(elf, header.sh_link, symbol.st_name)) {
                visit(std::string_view{name}, symbol.st_value);
            }
        }
    }
}

}  // namespace

bool is_rust_main(std::string_view name) {
    if (take(name, "_ZN")) {
        return take_identifier(name) && take(name, "4main") && is_legacy_hash(name);
    }
    if (!take(name, "_RNvC")) {
        return false;
    }
    take_disambiguator(name);
    return take_identifier(name) && take(name, "4main") && (name.empty() || name.starts_with('.'));
}

std::optional<MainSymbol> find_main(const std::filesystem::path& program) {
    elf_version(EV_CURRENT);
    const Descriptor descriptor{::open(program.c_str(), O_RDONLY | O_CLOEXEC)};
    const ElfHandle elf{elf_begin(descriptor.get(), ELF_C_READ, nullptr)};
    GElf_Ehdr header{};
    if (!elf || gelf_getehdr(elf.get(), &header) == nullptr) {
        return std::nullopt;
    }
    std::optional<std::uint64_t> of_c;
    std::optional<std::uint64_t> of_rust;
    for_each_function(elf.get(), [&](std::string_view name, std::uint64_t address) {
        if (name == "main") {
            of_c = address;
        } else if (is_rust_main(name)) {
            of_rust = address;
        }
    });
    const std::optional<std::uint64_t> main = of_rust ? of_rust : of_c;
    return main ? std::optional{MainSymbol{.main = *main, .entry_point = header.e_entry}} : std::nullopt;
}

}  // namespace levitate::vmm
