// sendmmsg and recvmmsg: several messages in one call (man 2 sendmmsg, recvmmsg; Linux net/socket.c).
#include <linux/uio.h>

#include "syscalls/handlers.hpp"
#include "syscalls/poll_wait.hpp"
#include "syscalls/socket.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

Result<void> write_length(UserAddress entry, std::size_t length) {
    return UserOut<unsigned>(entry + offsetof(mmsghdr, msg_len)).write(static_cast<unsigned>(length));
}

}  // namespace

Result<long> sys_sendmmsg(Task& task, Fd sockfd, UserInOut<mmsghdr> messages, unsigned vlen, unsigned flags) {
    OpenSocket to = TRY(socket_of(task, sockfd));
    const unsigned count = std::min<unsigned>(vlen, UIO_MAXIOV);
    for (unsigned i = 0; i < count; i++) {
        const UserAddress entry = messages.address() + i * sizeof(mmsghdr);
        Result<void> written;
        Result<user_msghdr> header = UserIn<user_msghdr>(entry).read();
        Result<std::size_t> sent =
            header.is_error() ? header.error() : send_message(to, header.value(), flags);
        if (!sent.is_error()) {
            written = write_length(entry, sent.value());
        }
        if (sent.is_error() || written.is_error()) {
            const Errno error = sent.is_error() ? sent.error() : written.error();
            return i > 0 ? Result<long>(i) : Result<long>(error);
        }
    }
    return count;
}

Result<long> sys_recvmmsg(Task& task, Fd sockfd, UserInOut<mmsghdr> messages, unsigned vlen, unsigned flags,
                          UserInOut<__kernel_timespec> timeout) {
    const Deadline deadline = TRY(deadline_of(timeout));
    OpenSocket at = TRY(socket_of(task, sockfd));
    if ((flags & kErrorQueue) == 0) {
        const int error = at.socket->take_error();
        if (error != 0) {
            return Errno(error);
        }
    }
    unsigned count = 0;
    while (count < vlen) {
        const UserAddress entry = messages.address() + count * sizeof(mmsghdr);
        const UserInOut<user_msghdr> header(entry);
        Result<std::size_t> received = receive_message(at, header, flags & ~kWaitForOne);
        Result<void> written = received.is_error() ? received.error() : write_length(entry, received.value());
        if (written.is_error()) {
            if (count == 0) {
                return written.error();
            }
            // The error is kept for the next call; having no more is none.
            if (written.error() != Errno(EAGAIN)) {
                at.socket->keep_error(written.error().value);
            }
            break;
        }
        count++;
        flags |= (flags & kWaitForOne) != 0 ? kDontWait : 0;
        if (deadline.is_over() || (TRY(header.read()).msg_flags & kOutOfBand) != 0) {
            break;
        }
    }
    if (count > 0 && !timeout.is_null()) {
        TRY(timeout.write(Timespec::from_nanoseconds(deadline.remaining()).to_user()));
    }
    return count;
}

}  // namespace kernel
