#include "tty/tty_file.hpp"

#include "fs/device.hpp"
#include "fs/devtmpfs.hpp"
#include "fs/file_owner.hpp"
#include "fs/mount.hpp"
#include "task/task.hpp"
#include "tty/console_tty.hpp"

namespace kernel {

TtyFile::TtyFile(Path path, unsigned flags, Ref<Tty> tty, TtyOrigin origin)
    : File(std::move(path), flags), tty_(std::move(tty)), origin_(origin), hangups_(tty_->hangups()) {
    tty_->file_opened();
}

TtyFile::~TtyFile() {
    tty_->file_closed();
}

// Without an owner it is the foreground group, or whoever asks (Linux drivers/tty/tty_io.c, __tty_fasync).
bool TtyFile::watch_async(AsyncNotice& notice) {
    if (owner.id == 0) {
        const int group = tty_->foreground_group();
        owner.kind = group != 0 ? FileOwner::Kind::Group : FileOwner::Kind::Process;
        owner.id = group != 0 ? group : Task::current().process_id();
    }
    return !notice.follow_polls().is_error();
}

Result<long> TtyFile::ioctl(Task& task, unsigned command, unsigned long argument) {
    if (is_hung_up()) {  // Linux hung_up_tty_ioctl
        return Errno(command == TIOCSPGRP ? ENOTTY : EIO);
    }
    return tty_->ioctl(task, *this, command, argument);
}

Result<Ref<File>> open_terminal(const Path& path, unsigned flags, Tty& tty) {
    TRY(tty.check_open());
    Ref<File> file = TRY(make_ref<TtyFile>(path, flags, Ref<Tty>(&tty), TtyOrigin::Terminal));
    Process& process = *Task::current().process;
    const bool may_control = (flags & O_NOCTTY) == 0 && file->is_readable();
    if (may_control && process.session == process.id && !process.controlling_terminal && tty.session() == 0) {
        tty.control(process);
    }
    return file;
}

Result<Ref<File>> open_tty(const Path& path, unsigned flags) {
    const DeviceNumber device = path.inode().attributes.device;
    if (device == devices::kTty) {
        const Ref<Tty> own = Task::current().process->controlling_terminal;
        if (!own) {
            return Errno(ENXIO);
        }
        return open_terminal(path, flags, *own);
    }
    if (device == devices::kConsole) {
        return TRY(make_ref<TtyFile>(path, flags, Ref<Tty>(&console_tty()), TtyOrigin::Console));
    }
    return open_terminal(path, flags, console_tty());
}

Result<Ref<File>> open_console() {
    const Ref<Dentry> devices = TRY(devtmpfs_root({}));
    constexpr unsigned kOpenFlags = O_RDWR | O_LARGEFILE;
    Dentry* node = devices->find_child("console");
    if (node == nullptr) {
        return Errno(ENOENT);
    }
    return TRY(make_ref<TtyFile>(Path(nullptr, Ref<Dentry>(node)), kOpenFlags, Ref<Tty>(&console_tty()),
                                 TtyOrigin::Console));
}

}  // namespace kernel
