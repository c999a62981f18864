#include "task/elf.hpp"

#include <linux/mman.h>

#include "lib/memory.hpp"
#include "mm/limits.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::size_t kMaximumHeaderBytes = 65536;  // ELF_MIN_ALIGN's bound on e_phnum * e_phentsize in Linux

Result<void> read_exactly(File& file, void* destination, std::size_t size, std::uint64_t offset) {
    const std::size_t count = TRY(file.read_kernel({static_cast<std::byte*>(destination), size}, offset));
    Task::current().io.add({.bytes_read = count, .reads = 1});
    return count == size ? Result<void>() : Result<void>(Errno(EIO));
}

int protection_of(const Elf64_Phdr& segment) {
    return ((segment.p_flags & PF_R) != 0 ? PROT_READ : 0) |
           ((segment.p_flags & PF_W) != 0 ? PROT_WRITE : 0) | ((segment.p_flags & PF_X) != 0 ? PROT_EXEC : 0);
}

bool is_loaded(const Elf64_Phdr& segment) {
    return segment.p_type == PT_LOAD;
}

// From the first segment's page to the last one's end.
struct Extent {
    std::uint64_t start = UINT64_MAX;
    std::uint64_t end = 0;
    std::uint64_t first = 0;  // page of the segment that stands first in the file, which decides the place
    std::uint64_t alignment = kPageSize;
    bool is_empty = true;
};

Result<Extent> extent_of(const ElfFile& elf) {
    Extent extent;
    for (const Elf64_Phdr& segment : elf.program_headers) {
        if (!is_loaded(segment)) {
            continue;
        }
        std::uint64_t end = 0;
        if (__builtin_add_overflow(segment.p_vaddr, segment.p_memsz, &end) || end > AddressSpace::kUserEnd ||
            segment.p_filesz > segment.p_memsz) {
            return Errno(EINVAL);
        }
        extent.first = extent.is_empty ? page_floor(segment.p_vaddr) : extent.first;
        extent.is_empty = false;
        extent.start =
            page_floor(segment.p_vaddr) < extent.start ? page_floor(segment.p_vaddr) : extent.start;
        extent.end = end > extent.end ? end : extent.end;
        // An alignment that is not a power of two is ignored (Linux maximum_alignment).
        if ((segment.p_align & (segment.p_align - 1)) == 0 && segment.p_align > extent.alignment) {
            extent.alignment = segment.p_align;
        }
    }
    return extent;
}

// Where a position-independent file is placed, as the difference from its own addresses.
Result<std::uint64_t> choose_bias(AddressSpace& space, const Extent& extent, ElfRole role,
                                  std::uint64_t randomization) {
    if (role == ElfRole::ProgramWithInterpreter) {
        const std::uint64_t base = (kDynamicBase + randomization) & ~(extent.alignment - 1);
        return page_floor(base - extent.first);
    }
    // The highest place that is free. A program (static PIE) is then moved down to its alignment.
    const MappingAttributes probe;
    const std::uint64_t size = page_ceiling(extent.end - extent.start);
    std::uint64_t place = TRY(space.map(0, size, Placement::Hint, probe));
    TRY(space.unmap(place, size));
    if (role == ElfRole::Program) {
        place &= ~(extent.alignment - 1);
    }
    return place - extent.first;
}

Result<void> map_segment(AddressSpace& space, const ElfFile& elf, const Elf64_Phdr& segment,
                         std::uint64_t bias) {
    const std::uint64_t address = segment.p_vaddr + bias;
    const std::uint64_t in_page = address & kPageMask;
    if (in_page != (segment.p_offset & kPageMask)) {
        return Errno(EINVAL);
    }
    MappingAttributes attributes;
    attributes.protection = protection_of(segment);
    const std::uint64_t file_end = address + segment.p_filesz;
    if (segment.p_filesz > 0) {
        attributes.object = TRY(elf.file->mmap_object(Sharing::Private, attributes.protection));
        attributes.file = elf.file;
        attributes.first_page = (segment.p_offset - in_page) >> kPageShift;
        TRY(space.map(address - in_page, page_ceiling(file_end) - (address - in_page), Placement::Fixed,
                      attributes));
    }
    const std::uint64_t memory_end = address + segment.p_memsz;
    if (segment.p_memsz == segment.p_filesz) {
        return {};
    }
    // The rest of the last page is zero; like Linux, leaves it alone where the segment is not writable.
    const std::uint64_t zero_start = segment.p_filesz > 0 ? page_ceiling(file_end) : page_floor(address);
    if ((file_end & kPageMask) != 0 && (segment.p_flags & PF_W) != 0 && segment.p_filesz > 0) {
        const std::uint64_t zero_end = zero_start < memory_end ? zero_start : page_ceiling(memory_end);
        static constexpr std::array<std::byte, kPageSize> kZeroes{};
        if (space.write_remote(file_end, std::span(kZeroes).first(zero_end - file_end)) !=
            zero_end - file_end) {
            return Errno(ENOMEM);
        }
    }
    if (page_ceiling(memory_end) > zero_start) {
        if (is_obvious_overcommit(page_ceiling(memory_end) - zero_start)) {
            return Errno(ENOMEM);
        }
        MappingAttributes zero;
        zero.protection = PROT_READ | PROT_WRITE | (attributes.protection & PROT_EXEC);
        zero.first_page = zero_start >> kPageShift;
        TRY(space.map_unmerged(zero_start, page_ceiling(memory_end) - zero_start, zero));
    }
    return {};
}

void note_segment(LoadedElf& loaded, const ElfFile& elf, const Elf64_Phdr& segment) {
    const std::uint64_t address = segment.p_vaddr + loaded.bias;
    const std::uint64_t file_end = address + segment.p_filesz;
    const std::uint64_t table = elf.header.e_phoff;
    if (segment.p_offset <= table && table < segment.p_offset + segment.p_filesz) {
        loaded.program_headers = table - segment.p_offset + address;
    }
    if ((segment.p_flags & PF_X) != 0 && address < loaded.code_start) {
        loaded.code_start = address;
    }
    loaded.data_start = address > loaded.data_start ? address : loaded.data_start;
    if ((segment.p_flags & PF_X) != 0 && file_end > loaded.code_end) {
        loaded.code_end = file_end;
    }
    loaded.data_end = file_end > loaded.data_end ? file_end : loaded.data_end;
    const std::uint64_t memory_end = address + segment.p_memsz;
    loaded.end = memory_end > loaded.end ? memory_end : loaded.end;
}

}  // namespace

Result<ElfFile> ElfFile::read(Ref<File> file) {
    ElfFile elf{.file = std::move(file), .header = {}, .program_headers = {}};
    const std::size_t count =
        TRY(elf.file->read_kernel({reinterpret_cast<std::byte*>(&elf.header), sizeof(elf.header)}, 0));
    const Elf64_Ehdr& header = elf.header;
    if (count < sizeof(header) || !equal_bytes(header.e_ident, ELFMAG, SELFMAG) ||
        header.e_machine != EM_AARCH64 || (header.e_type != ET_EXEC && header.e_type != ET_DYN) ||
        header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
        header.e_phnum > kMaximumHeaderBytes / sizeof(Elf64_Phdr)) {
        return Errno(ENOEXEC);
    }
    TRY(elf.program_headers.resize(header.e_phnum));
    if (read_exactly(*elf.file, elf.program_headers.data(), header.e_phnum * sizeof(Elf64_Phdr),
                     header.e_phoff)
            .is_error()) {
        return Errno(ENOEXEC);
    }
    return elf;
}

Result<String> ElfFile::interpreter() const {
    for (const Elf64_Phdr& segment : program_headers) {
        if (segment.p_type != PT_INTERP) {
            continue;
        }
        constexpr std::size_t kMaximumPath = 4096;  // PATH_MAX
        if (segment.p_filesz < 2 || segment.p_filesz > kMaximumPath) {
            return Errno(ENOEXEC);
        }
        Vector<char> path;
        TRY(path.resize(segment.p_filesz));
        TRY(read_exactly(*file, path.data(), path.size(), segment.p_offset));
        if (path.back() != '\0') {
            return Errno(ENOEXEC);
        }
        return String::copy_of(std::string_view(path.data()));
    }
    return String();
}

bool ElfFile::wants_executable_stack() const {
    // The last of several counts (Linux fs/binfmt_elf.c, load_elf_binary).
    bool is_executable = false;
    for (const Elf64_Phdr& segment : program_headers) {
        if (segment.p_type == PT_GNU_STACK) {
            is_executable = (segment.p_flags & PF_X) != 0;
        }
    }
    return is_executable;
}

Result<LoadedElf> map_elf(AddressSpace& space, const ElfFile& elf, ElfRole role,
                          std::uint64_t randomization) {
    const Extent extent = TRY(extent_of(elf));
    if (extent.is_empty && role == ElfRole::Interpreter) {
        return Errno(EINVAL);  // a program may do without (Linux fs/binfmt_elf.c, load_elf_interp)
    }
    LoadedElf loaded;
    loaded.code_start = UINT64_MAX;
    if (elf.header.e_type == ET_DYN && !extent.is_empty) {
        loaded.bias = TRY(choose_bias(space, extent, role, randomization));
    }
    loaded.entry = elf.header.e_entry + loaded.bias;
    if (loaded.entry >= AddressSpace::kUserEnd) {
        return Errno(EINVAL);
    }
    for (const Elf64_Phdr& segment : elf.program_headers) {
        if (!is_loaded(segment)) {
            continue;
        }
        if (segment.p_memsz > 0) {
            TRY(map_segment(space, elf, segment, loaded.bias));
        }
        note_segment(loaded, elf, segment);
    }
    return loaded;
}

}  // namespace kernel
