#include "tty/pty.hpp"

#include <linux/fcntl.h>

#include "fs/device.hpp"
#include "fs/file_table.hpp"
#include "fs/mount.hpp"
#include "task/task.hpp"
#include "tty/tty_file.hpp"

namespace kernel {

namespace {

termios2 slave_settings() {
    termios2 settings = standard_settings();
    settings.c_cflag = B38400 | CS8 | CREAD;
    return settings;
}

termios2 master_settings() {
    termios2 settings = slave_settings();
    settings.c_iflag = settings.c_oflag = settings.c_lflag = 0;
    return settings;
}

// Do these settings make ^S and ^Q stop and start the output?
bool has_standard_flow_control(const termios2& settings) {
    return (settings.c_iflag & IXON) != 0 && settings.c_cc[VSTOP] == 'S' - '@' &&
           settings.c_cc[VSTART] == 'Q' - '@';
}

}  // namespace

void PtyEnd::transmit(const char* bytes, std::size_t size) {
    if (other_ != nullptr) {
        other_->waiting_.push({bytes, size});
        other_->take_waiting_input();
    }
}

void PtyEnd::take_waiting_input() {
    while (!waiting_.is_empty()) {
        const std::size_t taken = line().receive(waiting_.front());
        if (taken == 0) {
            break;
        }
        waiting_.pop(taken);
    }
    if (line().take_arrived()) {
        wake_readers(kPollReadable);
    }
}

void PtyEnd::drop_waiting_input() {
    waiting_.clear();
}

void PtyEnd::flush_output() {
    if (other_ != nullptr) {
        other_->waiting_.clear();
        tell_packet(TIOCPKT_FLUSHWRITE, 0);
    }
}

void PtyEnd::set_other_end_closed(bool is_closed) {
    is_other_end_closed_ = is_closed;
    if (is_closed) {
        wake_everybody();
    }
}

PtySlave::PtySlave(Ref<DevptsFileSystem> file_system, unsigned index)
    : PtyEnd(DeviceNumber{.major = kSlaveMajor, .minor = index}, slave_settings()),
      file_system_(std::move(file_system)),
      index_(index) {}

PtySlave::~PtySlave() {
    file_system_->release_index(index_);
}

PtyMaster* PtySlave::master() const {
    return static_cast<PtyMaster*>(other());
}

Result<void> PtySlave::check_open() {
    if (master() == nullptr || master()->is_locked_) {
        return Errno(EIO);
    }
    return Tty::check_open();
}

void PtySlave::file_opened() {
    Tty::file_opened();
    if (PtyMaster* other = master()) {
        other->set_other_end_closed(false);
    }
}

void PtySlave::file_closed() {
    Tty::file_closed();
    if (open_files() == 0 && master() != nullptr) {
        master()->set_other_end_closed(true);
    }
}

void PtySlave::output_started() {
    tell_packet(TIOCPKT_START, TIOCPKT_STOP);
    Tty::output_started();
}

void PtySlave::tell_packet(unsigned added, unsigned removed) {
    if (PtyMaster* other = master(); other != nullptr && other->is_packet_) {
        packet_status_ = static_cast<std::uint8_t>((packet_status_ & ~removed) | added);
        other->wake_readers(POLLPRI | kPollReadable);
    }
}

void PtySlave::settings_changed(const termios2& old) {
    const termios2& now = line().settings();
    const bool had = has_standard_flow_control(old);
    const bool has = has_standard_flow_control(now);
    if (had != has) {
        tell_packet(has ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP, TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
    }
    if (((old.c_lflag | now.c_lflag) & EXTPROC) != 0) {
        tell_packet(TIOCPKT_IOCTL, 0);
    }
}

// There is no line whose parity or size of characters could be chosen.
termios2 PtySlave::supported(const termios2& wanted) const {
    termios2 settings = wanted;
    settings.c_cflag = (settings.c_cflag & ~tcflag_t{CSIZE | PARENB}) | CS8 | CREAD;
    return settings;
}

PtyMaster::PtyMaster(Ref<PtySlave> slave)
    : PtyEnd(devices::kPtmx, master_settings()), slave_(std::move(slave)) {
    connect(slave_.get());
    slave_->connect(this);
}

// There is one file of a master: /dev/ptmx makes another pair each time. Its end hangs the slave up.
void PtyMaster::file_closed() {
    Tty::file_closed();
    is_packet_ = false;
    if (node_) {
        node_->unlink();
        node_ = nullptr;
    }
    slave_->set_other_end_closed(true);
    slave_->connect(nullptr);
    connect(nullptr);
    slave_->hang_up();
}

Result<long> PtyMaster::set_packet_mode(unsigned long argument) {
    const bool is_wanted = TRY(UserIn<int>(UserAddress(argument)).read()) != 0;
    if (is_wanted && !is_packet_) {
        slave_->packet_status_ = 0;
    }
    is_packet_ = is_wanted;
    return 0;
}

// TIOCGPTPEER: the slave, by no name that could mean another.
Result<long> PtyMaster::open_peer(Task& task, const TtyFile& file, unsigned flags) {
    const Path root = TRY(devpts_of(file.path()));
    const Ref<File> peer = TRY(open_terminal(Path(root.mount, node_), flags, *slave_));
    const unsigned on_exec = flags & O_CLOEXEC;
    peer->set_flags(peer->flags() | on_exec);  // Linux lets F_GETFL show it here
    const CloseOnExec close_on_exec = on_exec != 0 ? CloseOnExec::Yes : CloseOnExec::No;
    return static_cast<long>(TRY(task.files->install(peer, close_on_exec)));
}

Result<long> PtyMaster::own_ioctl(unsigned command, unsigned long argument) {
    const UserAddress address(argument);
    switch (command) {
        case TIOCSPTLCK:
            is_locked_ = TRY(UserIn<int>(address).read()) != 0;
            return 0;
        case TIOCGPTLCK:
            return as_call(UserOut<int>(address).write(is_locked_ ? 1 : 0));
        case TIOCPKT:
            return set_packet_mode(argument);
        case TIOCGPKT:
            return as_call(UserOut<int>(address).write(is_packet_ ? 1 : 0));
        case TIOCGPTN:
            return as_call(UserOut<unsigned>(address).write(slave_->index()));
        case TIOCSIG:
            if (argument != SIGINT && argument != SIGQUIT && argument != SIGTSTP) {
                return Errno(EINVAL);
            }
            slave_->send_signal_to_foreground(static_cast<int>(argument));
            return 0;
        default:
            return Errno(ENOIOCTLCMD);
    }
}

namespace {

// A new pair, whose slave gets a node in the devpts that belongs to this ptmx.
Result<Ref<File>> open_master(const Path& path, unsigned flags) {
    const Path root = TRY(devpts_of(path));
    auto& file_system = static_cast<DevptsFileSystem&>(root.inode().file_system());
    const unsigned index = TRY(file_system.take_index());
    Result<Ref<PtySlave>> slave = make_ref<PtySlave>(Ref<DevptsFileSystem>(&file_system), index);
    if (slave.is_error()) {
        file_system.release_index(index);
        return slave.error();
    }
    const Ref<PtyMaster> master = TRY(make_ref<PtyMaster>(slave.value()));
    Ref<File> file = TRY(make_ref<TtyFile>(path, flags, master, TtyOrigin::Terminal));
    master->set_node(TRY(add_slave_node(*root.dentry, index, slave.value())));
    return file;
}

Result<Ref<File>> open_slave(const Path& path, unsigned flags) {
    const Ref<RefCounted> slave = slave_of(path);
    return slave ? open_terminal(path, flags, static_cast<PtySlave&>(*slave)) : Errno(EIO);
}

}  // namespace

void initialize_pseudo_terminals() {
    add_character_device(devices::kPtmx, open_master);
    add_character_devices(kSlaveMajor, open_slave);
}

}  // namespace kernel
