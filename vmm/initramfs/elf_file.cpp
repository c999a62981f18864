#include "vmm/initramfs/elf_file.hpp"

#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "vmm/elf_handle.hpp"

namespace levitate::vmm {
namespace {

struct Segment {
    std::uint64_t offset = 0;
    std::uint64_t address = 0;
    std::uint64_t file_size = 0;
    std::uint32_t type = 0;
    std::uint64_t alignment = 0;
};

constexpr std::string_view kBuildHint =
    "build it for aarch64, for example with rustc --target aarch64-unknown-linux-gnu or "
    "aarch64-linux-gnu-gcc";

std::string machine_name(unsigned machine) {
    switch (machine) {
        case EM_X86_64:
            return "x86-64";
        case EM_386:
            return "32-bit x86";
        case EM_ARM:
            return "32-bit Arm";
        case EM_RISCV:
            return "RISC-V";
        case EM_PPC64:
            return "PowerPC";
        default:
            return fmt::format("machine {}", machine);
    }
}

bool starts_with(std::span<const std::byte> bytes, std::string_view text) {
    return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

// Why AArch64 Linux would not execute the file, judged by its first bytes. Empty: it might.
std::string refuse_header(std::span<const std::byte> bytes) {
    if (starts_with(bytes, "#!")) {
        return "a script; give its interpreter as the program and the script with --file";
    }
    if (!starts_with(bytes, ELFMAG)) {
        return bytes.empty() ? "an empty file" : "not an ELF file; " + std::string{kBuildHint};
    }
    if (bytes.size() < sizeof(Elf64_Ehdr)) {
        return "a truncated ELF file; copy or build it again";
    }
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    const bool little = header.e_ident[EI_DATA] == ELFDATA2LSB;
    const unsigned machine = little ? header.e_machine : __builtin_bswap16(header.e_machine);
    if (machine != EM_AARCH64) {
        return fmt::format("built for {}, not for AArch64; {}", machine_name(machine), kBuildHint);
    }
    if (header.e_ident[EI_CLASS] != ELFCLASS64) {
        return "a 32-bit (ILP32) ELF file; only 64-bit AArch64 is supported";
    }
    if (!little) {
        return "a big-endian ELF file; only little-endian AArch64 is supported";
    }
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
        return header.e_type == ET_REL ? "an object file; link it into an executable first"
                                       : "an ELF file, but no executable";
    }
    return {};
}

// Reads one file. Every offset and size in it is checked against the file's bytes before use.
class Reader {
  public:
    Reader(std::string_view name, std::span<const std::byte> bytes) : name_(name), bytes_(bytes) {}

    Result<ElfFile> read() {
        if (std::string why = refuse_header(bytes_); !why.empty()) {
            return refuse(why);
        }
        elf_version(EV_CURRENT);
        // SAFETY: libelf takes a mutable image but only writes to one that it is asked to update.
        elf_.reset(elf_memory(reinterpret_cast<char*>(const_cast<std::byte*>(bytes_.data())), bytes_.size()));
        if (!elf_ || !read_segments()) {
            return refuse(
                "a truncated or damaged ELF file (its program headers lie outside it); copy or "
                "build it again");
        }
        for (const Segment& segment : segments_) {
            if (segment.type == PT_LOAD && !chunk(segment.offset, segment.file_size)) {
                return refuse("a truncated ELF file (a segment lies beyond its end); copy or build it again");
            }
        }
        for (const Segment& segment : segments_) {
            if (segment.type == PT_INTERP && !read_interpreter(segment)) {
                return refuse("damaged: its PT_INTERP is no path; build it again");
            }
            if (segment.type == PT_DYNAMIC && !read_dynamic(segment)) {
                return refuse("damaged: its dynamic section points outside the file; build it again");
            }
            if (segment.type == PT_NOTE) {
                read_notes(segment);
            }
        }
        return std::move(result_);
    }

  private:
    std::unexpected<Error> refuse(std::string_view why) const {
        return failure(Error::Kind::NotExecutable, fmt::format("{}: {}", name_, why));
    }

    std::optional<std::span<const std::byte>> chunk(std::uint64_t offset, std::uint64_t size) const {
        if (offset > bytes_.size() || size > bytes_.size() - offset) {
            return std::nullopt;
        }
        return bytes_.subspan(offset, size);
    }

    bool read_segments() {
        std::size_t count = 0;
        if (elf_getphdrnum(elf_.get(), &count) != 0) {
            return false;
        }
        for (std::size_t index = 0; index < count; ++index) {
            GElf_Phdr header;
            if (gelf_getphdr(elf_.get(), static_cast<int>(index), &header) == nullptr) {
                return false;
            }
            segments_.push_back({.offset = header.p_offset,
                                 .address = header.p_vaddr,
                                 .file_size = header.p_filesz,
                                 .type = header.p_type,
                                 .alignment = header.p_align});
        }
        return std::ranges::any_of(segments_, [](const Segment& one) { return one.type == PT_LOAD; });
    }

    bool read_interpreter(const Segment& segment) {
        const auto text = chunk(segment.offset, segment.file_size);
        if (!text || text->size() < 2) {
            return false;
        }
        const auto* const characters = reinterpret_cast<const char*>(text->data());
        result_.interpreter.assign(characters, ::strnlen(characters, text->size()));
        return result_.interpreter.starts_with('/') && result_.interpreter.size() < text->size();
    }

    // The file's bytes that are loaded at `address`.
    std::optional<std::span<const std::byte>> loaded_at(std::uint64_t address, std::uint64_t size) const {
        for (const Segment& segment : segments_) {
            if (segment.type == PT_LOAD && address >= segment.address &&
                address - segment.address < segment.file_size) {
                const std::uint64_t into = address - segment.address;
                return size <= segment.file_size - into ? chunk(segment.offset + into, size) : std::nullopt;
            }
        }
        return std::nullopt;
    }

    std::optional<std::string> string_at(std::uint64_t offset) const {
        if (offset >= strings_.size()) {
            return std::nullopt;
        }
        const auto rest = strings_.subspan(offset);
        const auto* const characters = reinterpret_cast<const char*>(rest.data());
        const std::size_t length = ::strnlen(characters, rest.size());
        return length == rest.size() ? std::nullopt : std::optional{std::string(characters, length)};
    }

    bool read_dynamic(const Segment& segment) {
        const auto table = chunk(segment.offset, segment.file_size);
        if (!table) {
            return false;
        }
        std::vector<Elf64_Dyn> entries(table->size() / sizeof(Elf64_Dyn));
        if (!entries.empty()) {
            std::memcpy(entries.data(), table->data(), entries.size() * sizeof(Elf64_Dyn));
        }
        entries.erase(std::ranges::find(entries, DT_NULL, &Elf64_Dyn::d_tag), entries.end());
        const auto value_of = [&entries](Elf64_Sxword tag) {
            const auto found = std::ranges::find(entries, tag, &Elf64_Dyn::d_tag);
            return found == entries.end() ? 0 : found->d_un.d_val;
        };
        if (const auto strings = loaded_at(value_of(DT_STRTAB), value_of(DT_STRSZ))) {
            strings_ = *strings;
        }
        return std::ranges::all_of(entries, [this](const Elf64_Dyn& entry) { return take_entry(entry); });
    }

    bool take_entry(const Elf64_Dyn& entry) {
        if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_RPATH && entry.d_tag != DT_RUNPATH) {
            return true;
        }
        auto text = string_at(entry.d_un.d_val);
        if (!text) {
            return false;
        }
        if (entry.d_tag == DT_NEEDED) {
            result_.needed.push_back(std::move(*text));
        } else {
            append_directories(*text, entry.d_tag == DT_RPATH ? result_.rpath : result_.runpath);
        }
        return true;
    }

    static void append_directories(std::string_view list, std::vector<std::string>& directories) {
        while (!list.empty()) {
            const auto colon = list.find(':');
            if (colon != 0) {
                directories.emplace_back(list.substr(0, colon));
            }
            list = colon == std::string_view::npos ? std::string_view{} : list.substr(colon + 1);
        }
    }

    // A note that cannot be read is no reason to refuse a program that runs.
    void read_notes(const Segment& segment) {
        if (!chunk(segment.offset, segment.file_size)) {
            return;
        }
        Elf_Data* const data =
            elf_getdata_rawchunk(elf_.get(), static_cast<std::int64_t>(segment.offset), segment.file_size,
                                 segment.alignment == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
        GElf_Nhdr header;
        std::size_t name = 0;
        std::size_t description = 0;
        for (std::size_t offset = 0;
             data != nullptr && (offset = gelf_getnote(data, offset, &header, &name, &description)) > 0;) {
            const auto* const base = static_cast<const unsigned char*>(data->d_buf);
            if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == sizeof ELF_NOTE_GNU &&
                std::memcmp(base + name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0) {
                result_.build_id = fmt::format(
                    "{:02x}", fmt::join(base + description, base + description + header.n_descsz, ""));
                return;
            }
        }
    }

    std::string_view name_;
    std::span<const std::byte> bytes_;
    ElfHandle elf_;
    std::vector<Segment> segments_;
    std::span<const std::byte> strings_;
    ElfFile result_;
};

}  // namespace

Result<ElfFile> read_elf(std::string_view name, std::span<const std::byte> bytes) {
    return Reader{name, bytes}.read();
}

bool is_aarch64_elf(std::span<const std::byte> bytes) {
    return refuse_header(bytes).empty();
}

}  // namespace levitate::vmm
