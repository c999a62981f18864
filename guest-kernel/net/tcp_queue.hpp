// A queue of a stream's bytes, in the pieces in which they were sent. Every byte has a sequence number: the
// first byte of a connection has number 1.
#pragma once

#include <cstdint>

#include "fs/io_buffer.hpp"
#include "lib/list.hpp"
#include "lib/ref.hpp"
#include "lib/vector.hpp"

namespace kernel {

class TcpQueue {
  public:
    TcpQueue() = default;
    ~TcpQueue() { clear(); }
    TcpQueue(const TcpQueue&) = delete;
    TcpQueue& operator=(const TcpQueue&) = delete;

    bool is_empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    // The sequence number of the first byte, and that after the last.
    std::uint64_t begin_sequence() const { return begin_; }
    std::uint64_t end_sequence() const { return begin_ + size_; }
    // What it takes of SO_SNDBUF.
    std::size_t cost() const { return size_ + pieces_count_ * kPieceCost; }

    // Appends a piece from a program's memory. ENOMEM, EFAULT: nothing has been appended.
    Result<void> append(IoBuffer& buffer, std::size_t size);
    // Moves the first `size` bytes to the end of another queue. Precondition: size <= size(). ENOMEM: nothing
    // moves.
    Result<void> move_to(TcpQueue& other, std::size_t size);
    // Copies up to `size` bytes from a sequence number on, which lies in the queue. A piece that cannot be
    // copied as a whole counts as not copied, as in Linux's tcp_recvmsg.
    std::size_t copy(IoBuffer& buffer, std::uint64_t sequence, std::size_t size);
    std::byte at(std::uint64_t sequence);
    // Takes bytes out of the front. Precondition: size <= size().
    void drop(std::size_t size);
    void clear();

  private:
    struct Piece : ListNode<> {
        Vector<std::byte> bytes;
        std::size_t taken = 0;
        std::size_t left() const { return bytes.size() - taken; }
    };
    static constexpr std::size_t kPieceCost = 768;  // sk_buff and its head (SKB_TRUESIZE)

    List<Piece> pieces_;
    std::size_t size_ = 0;
    std::size_t pieces_count_ = 0;
    std::uint64_t begin_ = 1;
};

}  // namespace kernel
