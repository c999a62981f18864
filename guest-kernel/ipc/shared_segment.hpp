// System V shared memory (man 2 shmat; Linux ipc/shm.c).
#pragma once

#include <cstdint>

#include "fs/file.hpp"
#include "ipc/ipc_table.hpp"

namespace kernel {

// A segment is an unlinked file that nobody has opened. Each region that shows it is one attachment.
class SharedSegment final : public IpcObject, public File::CloseListener {
  public:
    static Result<Ref<SharedSegment>> make(std::int32_t key, unsigned mode, std::size_t size);
    SharedSegment(std::int32_t key, unsigned mode, std::size_t size, Ref<File> file);

    // While there is no attachment, only a segment that is not marked to go has a file.
    Ref<File> file() const { return Ref<File>(raw_file_); }
    bool is_file(const MappedFile* file) const { return file == raw_file_; }
    std::size_t size() const { return size_; }
    std::uint64_t attachments() const { return raw_file_->reference_count() - (file_ ? 1U : 0U); }
    // IPC_RMID: it goes now, or with its last attachment.
    void mark_removed();
    void file_closed() override;
    Epoll* watching_set() override { return nullptr; }

    std::int64_t attached = 0;  // s since 1970
    std::int64_t detached = 0;
    std::int64_t changed = 0;
    int creator = 0;
    int last_process = 0;

  private:
    std::size_t size_;
    Ref<File> file_;
    File* raw_file_;
};

IpcTable<SharedSegment>& shared_segments();

}  // namespace kernel
