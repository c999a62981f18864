#include "tty/tty_file.hpp"

#include "fs/device.hpp"
#include "fs/devtmpfs.hpp"
#include "fs/mount.hpp"
#include "task/task.hpp"
#include "tty/tty.hpp"

namespace kernel {

namespace {

class TtyFile final : public File {
  public:
    TtyFile(Path path, unsigned flags, Ref<Tty> tty) : File(std::move(path), flags), tty_(std::move(tty)) {}

    bool can_splice_from() const override { return true; }
    bool can_splice_to() const override { return true; }
    Result<std::size_t> read(IoBuffer& buffer, std::int64_t&, TransferMode mode) override {
        return tty_->read(buffer, mode);
    }
    Result<std::size_t> write(IoBuffer& buffer, std::int64_t&, TransferMode) override {
        return tty_->write(buffer);
    }
    std::uint32_t poll(PollRegistrar* registrar) override { return tty_->poll(registrar); }
    Result<long> ioctl(Task& task, unsigned command, unsigned long argument) override {
        return tty_->ioctl(task, *this, command, argument);
    }

  private:
    Ref<Tty> tty_;
};

}  // namespace

Result<Ref<File>> make_tty_file(const Path& path, unsigned flags, Tty& tty) {
    return TRY(make_ref<TtyFile>(path, flags, Ref<Tty>(&tty)));
}

Result<Ref<File>> open_tty(const Path& path, unsigned flags) {
    const DeviceNumber device = path.inode().attributes.device;
    Process& process = *Task::current().process;
    if (device == devices::kTty) {
        if (!process.controlling_terminal) {
            return Errno(ENXIO);
        }
        return make_tty_file(path, flags, *process.controlling_terminal);
    }
    Tty& tty = console_tty();
    Ref<File> file = TRY(make_tty_file(path, flags, tty));
    const bool may_control = (flags & O_NOCTTY) == 0 && device != devices::kConsole && file->is_readable();
    if (may_control && process.session == process.id && !process.controlling_terminal && !tty.is_in_use()) {
        tty.control(process);
    }
    return file;
}

Result<Ref<File>> open_console() {
    const Ref<Dentry> devices = TRY(devtmpfs_root({}));
    Dentry* node = devices->find_child("console");
    if (node == nullptr) {
        return Errno(ENOENT);
    }
    return make_tty_file(Path(nullptr, Ref<Dentry>(node)), O_RDWR | O_LARGEFILE, console_tty());
}

}  // namespace kernel
