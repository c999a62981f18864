// getdents64.
#include <array>

#include <linux/inotify.h>

#include "fs/file_table.hpp"
#include "fs/notify.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Writes struct linux_dirent64 records to the program (man 2 getdents).
class UserDirectoryEmitter final : public DirectoryEmitter {
  public:
    UserDirectoryEmitter(UserBuffer buffer, std::size_t size, const File& directory)
        : buffer_(buffer), size_(size), directory_(directory) {}

    bool emit(std::string_view name, std::uint64_t inode_number, FileType type) override {
        constexpr std::size_t kNameOffset = 19;
        const std::size_t record_size = (kNameOffset + name.size() + 1 + 7) & ~std::size_t{7};
        if (record_size > size_ - used_) {
            is_too_small_ = used_ == 0;
            return false;
        }
        std::array<char, kNameOffset + 256 + 8> record{};
        std::int64_t next = directory_.position + 1;
        auto short_size = static_cast<std::uint16_t>(record_size);
        __builtin_memcpy(record.data(), &inode_number, 8);
        __builtin_memcpy(record.data() + 8, &next, 8);
        __builtin_memcpy(record.data() + 16, &short_size, 2);
        // DT_* are the type bits of a mode.
        record[18] = static_cast<char>(static_cast<std::uint32_t>(type) >> 12);
        __builtin_memcpy(record.data() + kNameOffset, name.data(), name.size());
        if (copy_to_user(buffer_.address() + used_, record.data(), record_size).is_error()) {
            faulted_ = true;
            return false;
        }
        used_ += record_size;
        return true;
    }

    Result<long> result() const {
        if (used_ == 0 && faulted_) {
            return Errno(EFAULT);
        }
        if (is_too_small_) {
            return Errno(EINVAL);
        }
        return static_cast<long>(used_);
    }

  private:
    UserBuffer buffer_;
    std::size_t size_;
    const File& directory_;
    std::size_t used_ = 0;
    bool is_too_small_ = false;
    bool faulted_ = false;
};

}  // namespace

Result<long> sys_getdents64(Task& task, Fd fd, UserBuffer dirp, unsigned count) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    UserDirectoryEmitter emitter(dirp, count, *file);
    TRY(file->read_directory(emitter));
    file->inode().touch_accessed();
    notify_file(*file, IN_ACCESS);
    return emitter.result();
}

}  // namespace kernel
