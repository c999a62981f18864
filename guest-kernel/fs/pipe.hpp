// Pipes and FIFOs (man 7 pipe; Linux fs/pipe.c).
#pragma once

#include "fs/file.hpp"
#include "fs/file_owner.hpp"
#include "mm/page_tree.hpp"

namespace kernel {

// A ring of page-sized slots. A write fills slots of its own, except that it may complete the last one: what
// fits and when poll says "writable" follow from that, not from a count of bytes.
class Pipe : public RefCounted {
  public:
    static constexpr std::size_t kDefaultSlots = 16;  // PIPE_DEF_BUFFERS

    static Result<Ref<Pipe>> create();

    bool is_empty() const { return used_ == 0; }
    bool is_full() const { return used_ + kReserve >= slots_.size(); }
    std::size_t bytes() const;
    std::size_t capacity() const { return (slots_.size() - kReserve) * kPageSize; }
    // F_SETPIPE_SZ: a power of two of pages that holds `bytes`. EBUSY: what is in it needs more; EINVAL,
    // EPERM.
    Result<std::size_t> set_capacity(std::size_t bytes);

    // Moves what is there now into the buffer. A slot whose bytes cannot all be written stays as it was:
    // EFAULT if it is the first.
    Result<std::size_t> take(IoBuffer& buffer);
    enum class Packets : bool { No, Yes };  // O_DIRECT: each slot is read on its own
    // Moves from the buffer what fits now, and adds to `done`. A slot whose bytes cannot all be read stays in
    // the ring without any (Linux pipe_write). EFAULT, ENOMEM.
    Result<void> put(IoBuffer& buffer, Packets packets, std::size_t& done);
    // Completes the last slot with the odd part of a write, if that fits as a whole. How many bytes; EFAULT.
    Result<std::size_t> merge(IoBuffer& buffer);
    // Puts bytes that were taken and could not be passed on back where they were, even if the pipe has become
    // full. ENOMEM.
    Result<void> give_back(std::span<const std::byte> bytes);
    // Adds part of a page, which others hold too. Precondition: not full.
    void put_page(PageRef page, std::size_t offset, std::size_t size);
    // Puts up to `size` bytes of what is here into another pipe as well (tee). How many.
    std::size_t duplicate_to(Pipe& other, std::size_t size);

    unsigned readers = 0;
    unsigned writers = 0;
    // Count the openings of each end: a FIFO's open waits for a change.
    std::uint32_t readers_seen = 0;
    std::uint32_t writers_seen = 0;
    WaitQueue readable;  // readers, and openers who wait for a writer
    WaitQueue writable;
    // Once it was polled, every write is an edge, also to a pipe that holds something (Linux's poll_usage).
    bool is_polled = false;
    AsyncNotices async;  // of both ends

  private:
    struct Slot {
        PageRef page;
        std::size_t offset = 0;
        std::size_t size = 0;
        bool is_packet = false;  // what a read leaves of it is lost
        bool is_shared = false;  // the page is another pipe's too: nothing more is written to it
    };
    static constexpr std::size_t kReserve = 1;  // a slot for what is given back
    Slot& slot(std::size_t number) { return slots_[(first_ + number) % slots_.size()]; }
    void drop_first();

    Vector<Slot> slots_;
    std::size_t first_ = 0;
    std::size_t used_ = 0;
    PageRef spare_;  // the last page that was emptied, for the next write
};

class PipeFile final : public File {
  public:
    PipeFile(Path path, unsigned flags, Ref<Pipe> pipe);
    ~PipeFile() override;

    bool can_splice_to() const override { return true; }
    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& position, TransferMode mode) override;
    Result<std::size_t> write(IoBuffer& buffer, std::int64_t& position, TransferMode mode) override;
    std::uint32_t poll(PollRegistrar* registrar) override;
    Result<long> ioctl(Task& task, unsigned command, unsigned long argument) override;
    void describe_name(TextBuffer& out) const override;
    bool watch_async(AsyncNotice& notice) override {
        pipe_->async.add(notice);
        return true;
    }
    Pipe& pipe() const { return *pipe_; }
    // A reader that has seen no writer yet must not see POLLHUP: this many writers had come when it opened.
    std::uint32_t writers_seen_at_open = 0;

  private:
    void notify_after_read(bool was_full, bool wakes_next_reader);
    // EPIPE, with SIGPIPE.
    Result<void> check_reader();
    // What of a write goes before it may have to wait, and after each wait. What has gone is added to `done`.
    Result<void> start_write(IoBuffer& buffer, std::size_t& done);
    Result<void> fill(IoBuffer& buffer, std::size_t& done);

    Ref<Pipe> pipe_;
};

struct PipeEnds {
    Ref<File> read_end;
    Ref<File> write_end;
};
// `flags`: O_NONBLOCK, O_DIRECT.
Result<PipeEnds> make_pipe(unsigned flags);
// Opens a FIFO, and waits for the other end as man 7 fifo says. ENXIO: O_WRONLY | O_NONBLOCK without a
// reader. A pipe without a name (by way of /proc/PID/fd) is opened at once.
Result<Ref<File>> open_fifo(const Path& path, unsigned flags);

Result<void> initialize_pipes();

}  // namespace kernel
