#include "ipc/message_queue.hpp"

#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

IpcTable<MessageQueue>& message_queues() {
    static IpcTable<MessageQueue> table;
    return table;
}

MessageQueue::MessageQueue(std::int32_t its_key, unsigned its_mode)
    : IpcObject(its_key, its_mode), changed(current_time().seconds) {}

MessageQueue::~MessageQueue() {
    while (IpcMessage* message = messages_.pop_front()) {
        delete message;
    }
}

// Linux find_msg and testmsg.
IpcMessage* MessageQueue::find(const MessageChoice& choice) {
    IpcMessage* least = nullptr;
    std::int64_t index = 0;
    for (IpcMessage& message : messages_) {
        switch (choice.kind) {
            case MessageChoice::Kind::Any:
                return &message;
            case MessageChoice::Kind::Equal:
                if (message.type == choice.type) {
                    return &message;
                }
                break;
            case MessageChoice::Kind::NotEqual:
                if (message.type != choice.type) {
                    return &message;
                }
                break;
            case MessageChoice::Kind::Index:
                if (index++ == choice.type) {
                    return &message;
                }
                break;
            case MessageChoice::Kind::LeastUpTo:
                if (message.type <= choice.type && (least == nullptr || message.type < least->type)) {
                    least = &message;
                }
                break;
        }
    }
    return least;
}

Result<void> MessageQueue::send(Task& task, Own<IpcMessage> message, bool waits) {
    const Ref<MessageQueue> keep(this);
    const std::size_t size = message->text.size();
    if (!has_room(size)) {
        if (!waits) {
            return Errno(EAGAIN);
        }
        const Result<void> waited = room_.wait([&] { return is_removed || has_room(size); });
        if (is_removed) {
            return Errno(EIDRM);
        }
        if (waited.is_error()) {
            return Errno(ERESTARTNOHAND);
        }
    }
    last_sender = task.process_id();
    sent = current_time().seconds;
    bytes_ += size;
    ++count_;
    messages_.push_back(*message.leak());
    arrived_.wake_all();
    return {};
}

Result<Own<IpcMessage>> MessageQueue::receive(Task& task, const MessageChoice& choice, std::size_t size,
                                              bool may_cut, bool waits) {
    const Ref<MessageQueue> keep(this);
    IpcMessage* found = find(choice);
    if (found == nullptr) {
        if (!waits) {
            return Errno(ENOMSG);
        }
        const Result<void> waited = arrived_.wait([&] {
            found = is_removed ? nullptr : find(choice);
            return is_removed || found != nullptr;
        });
        if (is_removed) {
            return Errno(EIDRM);
        }
        if (waited.is_error()) {
            return Errno(ERESTARTNOHAND);
        }
    }
    if (found->text.size() > size && !may_cut) {
        return Errno(E2BIG);
    }
    found->unlink();
    bytes_ -= found->text.size();
    --count_;
    last_receiver = task.process_id();
    received = current_time().seconds;
    room_.wake_all();
    return Own<IpcMessage>(found);
}

Result<Own<IpcMessage>> MessageQueue::copy(const MessageChoice& choice, std::size_t size, bool may_cut) {
    const IpcMessage* found = find(choice);
    if (found == nullptr) {
        return Errno(ENOMSG);
    }
    if (found->text.size() > size && !may_cut) {
        return Errno(E2BIG);
    }
    Own<IpcMessage> copy = TRY(make_own<IpcMessage>());
    copy->type = found->type;
    TRY(copy->text.resize(found->text.size()));
    for (std::size_t i = 0; i < found->text.size(); ++i) {
        copy->text[i] = found->text[i];
    }
    return copy;
}

void MessageQueue::wake_all() {
    room_.wake_all();
    arrived_.wake_all();
}

}  // namespace kernel
