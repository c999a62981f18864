// Sockets that can be reached only through messages which nobody can ever receive (Linux net/unix/garbage.c).
#include "log/print.hpp"
#include "net/unix_socket.hpp"

namespace kernel {

namespace {

// Sockets with a reference in some message. Made with the first, never destroyed.
List<UnixSocket, UnixInFlight>& travellers() {
    static List<UnixSocket, UnixInFlight>* all = nullptr;
    if (all == nullptr) {
        all = new (std::nothrow) List<UnixSocket, UnixInFlight>;
        KERNEL_ASSERT(all != nullptr);
    }
    return *all;
}

}  // namespace

void UnixSocket::take_off(File& file) {
    if (in_flight_++ == 0) {
        file_ = &file;
        travellers().push_back(*this);
    }
}

void UnixSocket::touch_down() {
    if (--in_flight_ == 0) {
        file_ = nullptr;
        List<UnixSocket, UnixInFlight>::remove(*this);
    }
}

template <typename Visit>
void UnixSocket::visit_travellers(Visit visit) {
    for (UnixMessage& message : messages_) {
        for (const Ref<File>& file : message.rights.files()) {
            UnixSocket* socket = unix_socket_of(*file);
            if (socket != nullptr && socket->may_be_garbage_) {
                visit(*socket);
            }
        }
    }
    for (const Ref<UnixSocket>& connection : pending_) {
        connection->visit_travellers(visit);
    }
}

// Moves the messages that hold garbage to `lost`.
void UnixSocket::give_up(List<UnixMessage>& lost) {
    UnixMessage* message = messages_.first();
    while (message != nullptr) {
        UnixMessage* next = messages_.next(*message);
        for (const Ref<File>& file : message->rights.files()) {
            const UnixSocket* socket = unix_socket_of(*file);
            if (socket != nullptr && socket->may_be_garbage_) {
                queue_length_--;
                urgent_ = urgent_ == message ? nullptr : urgent_;
                lost.push_back(*message);
                break;
            }
        }
        message = next;
    }
    for (const Ref<UnixSocket>& connection : pending_) {
        connection->give_up(lost);
    }
}

void UnixSocket::collect_garbage() {
    static bool is_running = false;  // what is dropped closes sockets, and comes here again
    if (is_running || travellers().is_empty()) {
        return;
    }
    is_running = true;
    for (UnixSocket& socket : travellers()) {
        socket.may_be_garbage_ = socket.file_->reference_count() == socket.in_flight_;
        socket.outside_references_ = socket.in_flight_;
    }
    for (UnixSocket& socket : travellers()) {
        if (socket.may_be_garbage_) {
            socket.visit_travellers([](UnixSocket& inner) { inner.outside_references_--; });
        }
    }
    // What something outside holds is no garbage, nor is what it holds itself.
    bool has_changed = true;
    while (has_changed) {
        has_changed = false;
        for (UnixSocket& socket : travellers()) {
            if (socket.may_be_garbage_ && socket.outside_references_ > 0) {
                socket.may_be_garbage_ = false;
                socket.visit_travellers([](UnixSocket& inner) { inner.outside_references_++; });
                has_changed = true;
            }
        }
    }
    List<UnixMessage> lost;
    for (UnixSocket& socket : travellers()) {
        if (socket.may_be_garbage_) {
            socket.give_up(lost);
        }
    }
    while (UnixMessage* message = lost.pop_front()) {
        delete message;
    }
    is_running = false;
}

}  // namespace kernel
