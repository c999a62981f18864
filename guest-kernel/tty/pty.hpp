// Pseudo-terminals: /dev/ptmx and the slaves that devpts shows (man 7 pty; Linux drivers/tty/pty.c).
#pragma once

#include "fs/devpts.hpp"
#include "tty/byte_queue.hpp"
#include "tty/tty.hpp"

namespace kernel {

class PtyMaster;

// One end of a pair. What the other end writes waits here while the line discipline has no room.
class PtyEnd : public Tty {
  public:
    using Tty::Tty;

    bool is_pseudo_terminal() const override { return true; }
    std::size_t transmit_room() const override { return other_ == nullptr ? 0 : other_->waiting_.room(); }
    void transmit(const char* bytes, std::size_t size) override;
    void flush_output() override;

  protected:
    Tty* other_end() override { return other_; }
    bool is_other_end_closed() const override { return is_other_end_closed_; }
    void take_waiting_input() override;
    void drop_waiting_input() override;
    // Packet mode: adds to what the master is told, and takes away.
    virtual void tell_packet(unsigned, unsigned) {}
    void set_other_end_closed(bool is_closed);
    PtyEnd* other() const { return other_; }
    void connect(PtyEnd* other) { other_ = other; }

  private:
    // As much as Linux's buffers take of pieces of 1000 bytes, besides what the line discipline holds.
    static constexpr std::size_t kWaiting = 17953;

    PtyEnd* other_ = nullptr;
    ByteQueue<kWaiting> waiting_;
    bool is_other_end_closed_ = false;
};

class PtySlave final : public PtyEnd {
  public:
    PtySlave(Ref<DevptsFileSystem> file_system, unsigned index);
    ~PtySlave() override;

    unsigned index() const { return index_; }
    // EIO while the master keeps it locked, or is gone.
    Result<void> check_open() override;
    void file_opened() override;
    void file_closed() override;
    void input_flushed() override { tell_packet(TIOCPKT_FLUSHREAD, 0); }
    void output_stopped() override { tell_packet(TIOCPKT_STOP, TIOCPKT_START); }
    void output_started() override;

  protected:
    void settings_changed(const termios2& old) override;
    void hung_up() override { packet_status_ = 0; }  // Linux drivers/tty/tty_io.c, __tty_hangup
    termios2 supported(const termios2& wanted) const override;
    void tell_packet(unsigned added, unsigned removed) override;

  private:
    friend class PtyMaster;
    PtyMaster* master() const;

    Ref<DevptsFileSystem> file_system_;
    unsigned index_;
    std::uint8_t packet_status_ = 0;
};

class PtyMaster final : public PtyEnd {
  public:
    explicit PtyMaster(Ref<PtySlave> slave);

    // The node of the slave, which goes with this.
    void set_node(Ref<Dentry> node) { node_ = std::move(node); }
    void file_closed() override;

  protected:
    Tty& settings_owner() override { return *slave_; }
    std::uint8_t* packet_status() override { return is_packet_ ? &slave_->packet_status_ : nullptr; }
    Result<long> open_peer(Task& task, const TtyFile& file, unsigned flags) override;
    Result<long> own_ioctl(unsigned command, unsigned long argument) override;

  private:
    friend class PtySlave;
    Result<long> set_packet_mode(unsigned long argument);

    Ref<PtySlave> slave_;
    Ref<Dentry> node_;
    bool is_locked_ = true;  // TIOCSPTLCK
    bool is_packet_ = false;
};

// Announces the devices. Once, at start.
void initialize_pseudo_terminals();

}  // namespace kernel
