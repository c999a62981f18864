#include "fs/file_table.hpp"

#include <linux/resource.h>

#include <array>
#include <bit>

#include "fs/directory_notice.hpp"
#include "fs/file_lock.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

std::uint64_t descriptor_limit() {
    return Task::current().process->limit(RLIMIT_NOFILE).rlim_cur;
}

}  // namespace

Result<Ref<FileTable>> FileTable::create() {
    return make_ref<FileTable>();
}

Result<Ref<FileTable>> FileTable::clone() {
    Ref<FileTable> copy = TRY(make_ref<FileTable>());
    TRY(copy->slots_.resize(slots_.size()));
    for (std::size_t i = 0; i < slots_.size(); i++) {
        copy->slots_[i] = slots_[i];
    }
    return copy;
}

FileTable::~FileTable() {
    close_range(0, ~0U);
}

Result<Ref<File>> FileTable::get(Fd fd) const {
    auto index = static_cast<std::size_t>(fd.number);
    if (fd.number < 0 || !is_open(index)) {
        return Errno(EBADF);
    }
    return slots_[index].file;
}

Result<Ref<File>> FileTable::get_for_io(Fd fd) const {
    Ref<File> file = TRY(get(fd));
    if (file->is_path_only()) {
        return Errno(EBADF);
    }
    return file;
}

Result<Ref<File>> FileTable::get_readable(Fd fd) const {
    Ref<File> file = TRY(get_for_io(fd));
    if (!file->is_readable()) {
        return Errno(EBADF);
    }
    return file;
}

Result<Ref<File>> FileTable::get_writable(Fd fd) const {
    Ref<File> file = TRY(get_for_io(fd));
    if (!file->is_writable()) {
        return Errno(EBADF);
    }
    return file;
}

std::size_t FileTable::lowest_free(std::size_t minimum) const {
    std::size_t fd = minimum;
    while (is_open(fd)) {
        fd++;
    }
    return fd;
}

Result<int> FileTable::install(Ref<File> file, CloseOnExec close_on_exec, int minimum) {
    const std::size_t fd = lowest_free(static_cast<std::size_t>(minimum));
    if (fd >= descriptor_limit()) {
        return Errno(EMFILE);
    }
    if (fd >= slots_.size()) {
        TRY(slots_.resize(fd + 1));
    }
    slots_[fd].file = std::move(file);
    slots_[fd].close_on_exec = close_on_exec;
    return static_cast<int>(fd);
}

Result<void> FileTable::install_at(Fd fd, Ref<File> file, CloseOnExec close_on_exec) {
    auto index = static_cast<std::size_t>(fd.number);
    if (fd.number < 0 || index >= descriptor_limit()) {
        return Errno(EBADF);
    }
    if (index >= slots_.size()) {
        TRY(slots_.resize(index + 1));
    }
    close_slot(index);
    slots_[index].file = std::move(file);
    slots_[index].close_on_exec = close_on_exec;
    return {};
}

Result<void> FileTable::check_room(unsigned count) const {
    std::size_t fd = lowest_free(0);
    while (--count > 0) {
        fd = lowest_free(fd + 1);
    }
    if (fd >= descriptor_limit()) {
        return Errno(EMFILE);
    }
    return {};
}

std::size_t FileTable::capacity() const {
    constexpr std::size_t kInitial = 64;
    constexpr std::size_t kUnit = 128;
    if (slots_.size() <= kInitial) {
        return kInitial;
    }
    return std::bit_ceil((slots_.size() - 1) / kUnit + 1) * kUnit;
}

void FileTable::close_slot(std::size_t fd) {
    if (!is_open(fd)) {
        return;
    }
    const Ref<File> file = std::move(slots_[fd].file);
    slots_[fd].file = nullptr;
    // Closing any descriptor of a file drops this process's record locks on it (man 2 fcntl).
    release_record_locks(file->inode(), *this);
    stop_watching_directory(*this, *file);
    file->descriptor_closed();
}

Result<void> FileTable::close(Fd fd) {
    TRY(get(fd));
    close_slot(static_cast<std::size_t>(fd.number));
    return {};
}

void FileTable::close_on_exec() {
    for (std::size_t i = 0; i < slots_.size(); i++) {
        if (slots_[i].close_on_exec == CloseOnExec::Yes) {
            close_slot(i);
        }
    }
}

void FileTable::close_range(unsigned first, unsigned last) {
    for (std::size_t i = first; i < slots_.size() && i <= last; i++) {
        close_slot(i);
    }
}

void FileTable::mark_range(unsigned first, unsigned last) {
    for (std::size_t i = first; i < slots_.size() && i <= last; i++) {
        slots_[i].close_on_exec = CloseOnExec::Yes;
    }
}

Result<CloseOnExec> FileTable::close_on_exec_of(Fd fd) const {
    TRY(get(fd));
    return slots_[static_cast<std::size_t>(fd.number)].close_on_exec;
}

Result<void> FileTable::set_close_on_exec(Fd fd, CloseOnExec close_on_exec) {
    TRY(get(fd));
    slots_[static_cast<std::size_t>(fd.number)].close_on_exec = close_on_exec;
    return {};
}

}  // namespace kernel
