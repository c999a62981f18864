#include "task/core_dump.hpp"

#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "fs/file.hpp"
#include "fs/namespace.hpp"
#include "lib/settings.hpp"
#include "mm/address_space.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// What a core file may have (man 5 core, coredump_filter).
enum CoreFilter : unsigned {
    kAnonymousPrivate = 1U << 0,
    kAnonymousShared = 1U << 1,
    kMappedPrivate = 1U << 2,
    kMappedShared = 1U << 3,
    kElfHeaders = 1U << 4,
};

// Writes as far as the limit reaches. What is skipped is a hole, and does not count (Linux dump_emit,
// dump_skip).
class CoreWriter {
  public:
    CoreWriter(File& file, std::uint64_t limit) : file_(file), limit_(limit) {}

    // EFBIG: beyond the limit.
    Result<void> write(const void* data, std::size_t size) {
        position_ += static_cast<std::int64_t>(hole_);
        hole_ = 0;
        if (size > limit_ - written_) {
            return Errno(EFBIG);
        }
        written_ += size;
        IoBuffer buffer = IoBuffer::kernel(const_cast<void*>(data), size);
        const std::size_t done = TRY(file_.write(buffer, position_, {}));
        return done == size ? Result<void>() : Result<void>(Errno(ENOSPC));
    }
    void skip(std::uint64_t size) { hole_ += size; }
    // A hole at the end is part of the file.
    Result<void> finish() {
        if (hole_ == 0) {
            return {};
        }
        hole_--;
        return write("", 1);
    }
    std::uint64_t place() const { return static_cast<std::uint64_t>(position_) + hole_; }

  private:
    File& file_;
    std::uint64_t limit_;
    std::uint64_t written_ = 0;
    std::int64_t position_ = 0;
    std::uint64_t hole_ = 0;
};

bool begins_as_elf(Mapping& mapping) {
    std::array<char, SELFMAG> magic{};
    const std::size_t read = mapping.space.read_remote(
        mapping.start, std::as_writable_bytes(std::span(magic)), AddressSpace::Force::Yes);
    return read == magic.size() && std::string_view(magic.data(), magic.size()) == ELFMAG;
}

// How many bytes of a region a core file has (Linux vma_dump_size).
std::uint64_t dumped_size(Mapping& mapping, unsigned filter) {
    const MappingAttributes& how = mapping.attributes;
    if (how.fixed_pages) {
        return mapping.size();
    }
    if (how.is_left_out_of_core) {
        return 0;
    }
    const File* file = file_of(how.file);
    // A shared region of a file that cannot be written is a private one to Linux (without VM_SHARED).
    if (how.sharing == Sharing::Shared && how.may_write) {
        const bool has_name = file != nullptr && file->attributes().link_count != 0;
        return (filter & (has_name ? kMappedShared : kAnonymousShared)) != 0 ? mapping.size() : 0;
    }
    if (mapping.anonymous_identity != 0 && (filter & kAnonymousPrivate) != 0) {
        return mapping.size();
    }
    if (file == nullptr) {
        return 0;
    }
    if ((filter & kMappedPrivate) != 0) {
        return mapping.size();
    }
    if ((filter & kElfHeaders) != 0 && how.first_page == 0 && (how.protection & PROT_READ) != 0) {
        constexpr std::uint32_t kAnyExecute = 0111;
        return (file->attributes().mode & kAnyExecute) != 0 || begins_as_elf(mapping) ? kPageSize : 0;
    }
    return 0;
}

// A file's pages are fetched; of memory without a file only what there is.
bool has_page(Mapping& mapping, std::uint64_t page) {
    return mapping.attributes.object || mapping.space.page_table().get(page).frame != nullptr;
}

Result<void> write_region(Mapping& mapping, std::uint64_t size, CoreWriter& out) {
    static std::array<std::byte, kPageSize> bytes;
    for (std::uint64_t page = mapping.start; page < mapping.start + size; page += kPageSize) {
        const bool is_read = mapping.attributes.name != RegionName::Vvar && has_page(mapping, page) &&
                             mapping.space.read_remote(page, bytes, AddressSpace::Force::Yes) == kPageSize;
        if (is_read) {
            TRY(out.write(bytes.data(), kPageSize));
        } else {
            out.skip(kPageSize);
        }
    }
    return {};
}

elf64_hdr file_header(std::size_t regions) {
    elf64_hdr header{};
    const std::string_view magic = ELFMAG;
    std::copy(magic.begin(), magic.end(), header.e_ident);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_CORE;
    header.e_machine = EM_AARCH64;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof(elf64_hdr);
    header.e_ehsize = sizeof(elf64_hdr);
    header.e_phentsize = sizeof(elf64_phdr);
    header.e_phnum = static_cast<Elf64_Half>(regions + 1);
    return header;
}

elf64_phdr region_header(const Mapping& mapping, std::uint64_t offset, std::uint64_t size) {
    const int protection = mapping.attributes.protection;
    elf64_phdr header{};
    header.p_type = PT_LOAD;
    header.p_offset = offset;
    header.p_vaddr = mapping.start;
    header.p_filesz = size;
    header.p_memsz = mapping.size();
    header.p_flags = ((protection & PROT_READ) != 0 ? unsigned{PF_R} : 0U) |
                     ((protection & PROT_WRITE) != 0 ? unsigned{PF_W} : 0U) |
                     ((protection & PROT_EXEC) != 0 ? unsigned{PF_X} : 0U);
    header.p_align = kPageSize;
    return header;
}

// Header, table and notes, and in `sizes` what follows of each region.
Result<void> write_front(AddressSpace& space, std::string_view notes, std::span<const std::uint64_t> sizes,
                         CoreWriter& out) {
    const std::span<Own<Mapping>> mappings = space.mappings();
    const elf64_hdr header = file_header(mappings.size());
    TRY(out.write(&header, sizeof(header)));
    elf64_phdr note_header{};
    note_header.p_type = PT_NOTE;
    note_header.p_offset = sizeof(elf64_hdr) + (mappings.size() + 1) * sizeof(elf64_phdr);
    note_header.p_filesz = notes.size();
    TRY(out.write(&note_header, sizeof(note_header)));
    std::uint64_t offset = page_ceiling(note_header.p_offset + notes.size());
    for (std::size_t i = 0; i < mappings.size(); i++) {
        const elf64_phdr region = region_header(*mappings[i], offset, sizes[i]);
        TRY(out.write(&region, sizeof(region)));
        offset += sizes[i];
    }
    TRY(out.write(notes.data(), notes.size()));
    out.skip(page_ceiling(out.place()) - out.place());
    return {};
}

Result<void> write_all(AddressSpace& space, std::string_view notes, CoreWriter& out) {
    const std::span<Own<Mapping>> mappings = space.mappings();
    Vector<std::uint64_t> sizes;
    for (const Own<Mapping>& mapping : mappings) {
        TRY(sizes.push_back(dumped_size(*mapping, space.layout.core_filter)));
    }
    TRY(write_front(space, notes, sizes.span(), out));
    for (std::size_t i = 0; i < mappings.size(); i++) {
        TRY(write_region(*mappings[i], sizes[i], out));
    }
    return out.finish();
}

// The new file, by the rights of the process, or with suid_dumpable 2 by root's (Linux do_coredump).
Result<Ref<File>> make_core_file(Task& task, std::string_view name) {
    constexpr unsigned kFlags = O_CREAT | O_RDWR | O_NOFOLLOW | O_LARGEFILE | O_EXCL;
    constexpr std::uint32_t kMode = 0600;
    const bool is_roots = task.address_space->layout.dumpable == kDumpableByRoot;
    if (is_roots) {
        if (!name.starts_with('/')) {
            return Errno(EPERM);
        }
        task.credentials.file_system_user = 0;
    } else {
        (void)remove_file(task, Fd{AT_FDCWD}, name);
    }
    Ref<File> file = TRY(open_path(task, Fd{AT_FDCWD}, name, kFlags, kMode, {}));
    constexpr std::uint32_t kOwnersAlone = 0677;  // whether it may be executed does not matter
    if ((file->attributes().mode & kOwnersAlone) != kMode) {
        return Errno(EPERM);
    }
    return file;
}

Result<void> dump(Task& task, const siginfo_t& reason) {
    const std::uint64_t limit = task.process->limit(RLIMIT_CORE).rlim_cur;
    if (task.address_space->layout.dumpable == kNotDumpable || limit < kPageSize ||
        settings().core_pattern[0] == '|') {
        return Errno(EPERM);
    }
    TextBuffer name;
    TRY(append_core_name(task, reason, name));
    const Ref<File> file = TRY(make_core_file(task, name.view()));
    TextBuffer notes;
    TRY(append_core_notes(task, reason, notes));
    // A file that the limit or the disk cuts short is a core file still.
    CoreWriter out(*file, limit);
    (void)write_all(*task.address_space, notes.view(), out);
    return {};
}

}  // namespace

bool dump_core(Task& task, const siginfo_t& reason) {
    return !dump(task, reason).is_error();
}

}  // namespace kernel
