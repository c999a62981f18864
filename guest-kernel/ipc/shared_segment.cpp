#include "ipc/shared_segment.hpp"

#include "fs/memfd.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

namespace {

constexpr unsigned kMarked = 01000;  // SHM_DEST (Linux include/linux/shm.h)

}  // namespace

IpcTable<SharedSegment>& shared_segments() {
    static IpcTable<SharedSegment> table;
    return table;
}

SharedSegment::SharedSegment(std::int32_t its_key, unsigned its_mode, std::size_t size, Ref<File> file)
    : IpcObject(its_key, its_mode),
      changed(current_time().seconds),
      creator(Task::current().process_id()),
      size_(size),
      file_(std::move(file)),
      raw_file_(file_.get()) {
    raw_file_->add_close_listener(*this);
}

Result<Ref<SharedSegment>> SharedSegment::make(std::int32_t its_key, unsigned its_mode, std::size_t size) {
    String name;
    TRY(name.append("SYSV"));
    TRY(name.append_hex(static_cast<std::uint32_t>(its_key), 8));
    Ref<File> file = TRY(make_unlinked_file(name.view(), size));
    return make_ref<SharedSegment>(its_key, its_mode, size, std::move(file));
}

void SharedSegment::mark_removed() {
    const Ref<IpcObject> keep(this);
    mode |= kMarked;
    key = IPC_PRIVATE;
    file_ = nullptr;
}

// The last attachment has gone.
void SharedSegment::file_closed() {
    shared_segments().remove(*this);
}

}  // namespace kernel
