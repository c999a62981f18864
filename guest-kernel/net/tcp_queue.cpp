#include "net/tcp_queue.hpp"

namespace kernel {

Result<void> TcpQueue::append(IoBuffer& buffer, std::size_t size) {
    Own<Piece> piece = TRY(make_own<Piece>());
    TRY(piece->bytes.resize(size));
    if (buffer.take(piece->bytes.data(), size) < size) {
        return Errno(EFAULT);
    }
    pieces_.push_back(*piece.leak());
    pieces_count_++;
    size_ += size;
    return {};
}

Result<void> TcpQueue::move_to(TcpQueue& other, std::size_t size) {
    while (size > 0) {
        Piece& first = pieces_.front();
        const std::size_t part = std::min(size, first.left());
        if (part < first.left()) {
            Own<Piece> piece = TRY(make_own<Piece>());
            TRY(piece->bytes.resize(part));
            __builtin_memcpy(piece->bytes.data(), first.bytes.data() + first.taken, part);
            other.pieces_.push_back(*piece.leak());
            first.taken += part;
        } else {
            List<Piece>::remove(first);
            other.pieces_.push_back(first);
            pieces_count_--;
        }
        other.pieces_count_++;
        other.size_ += part;
        size_ -= part;
        begin_ += part;
        size -= part;
    }
    return {};
}

std::size_t TcpQueue::copy(IoBuffer& buffer, std::uint64_t sequence, std::size_t size) {
    std::size_t skipped = sequence - begin_;
    std::size_t done = 0;
    for (Piece& piece : pieces_) {
        if (skipped >= piece.left()) {
            skipped -= piece.left();
            continue;
        }
        const std::size_t part = std::min(size - done, piece.left() - skipped);
        if (part == 0) {
            break;
        }
        if (buffer.put(piece.bytes.data() + piece.taken + skipped, part) < part) {
            break;
        }
        done += part;
        skipped = 0;
    }
    return done;
}

std::byte TcpQueue::at(std::uint64_t sequence) {
    std::size_t skipped = sequence - begin_;
    for (Piece& piece : pieces_) {
        if (skipped < piece.left()) {
            return piece.bytes[piece.taken + skipped];
        }
        skipped -= piece.left();
    }
    return {};
}

void TcpQueue::drop(std::size_t size) {
    size_ -= size;
    begin_ += size;
    while (size > 0) {
        Piece& first = pieces_.front();
        const std::size_t part = std::min(size, first.left());
        first.taken += part;
        size -= part;
        if (first.left() == 0) {
            pieces_count_--;
            delete &first;
        }
    }
}

void TcpQueue::clear() {
    drop(size_);
}

}  // namespace kernel
