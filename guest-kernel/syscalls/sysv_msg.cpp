// msgget, msgctl, msgsnd, msgrcv.
#include <linux/capability.h>
#include <linux/msg.h>

#include "ipc/message_queue.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

namespace {

constexpr std::size_t kMaximumQueues = MSGMNI;

// Linux convert_mode.
MessageChoice choice_of(std::int64_t type, unsigned flags) {
    if ((flags & MSG_COPY) != 0) {
        return {.kind = MessageChoice::Kind::Index, .type = type};
    }
    if (type == 0) {
        return {};
    }
    if (type < 0) {
        return {.kind = MessageChoice::Kind::LeastUpTo, .type = type == INT64_MIN ? INT64_MAX : -type};
    }
    const bool is_except = (flags & MSG_EXCEPT) != 0;
    return {.kind = is_except ? MessageChoice::Kind::NotEqual : MessageChoice::Kind::Equal, .type = type};
}

Result<void> read_status(MessageQueue& queue, UserAddress buffer) {
    msqid64_ds status{};
    status.msg_perm = queue.permissions();
    status.msg_stime = queue.sent;
    status.msg_rtime = queue.received;
    status.msg_ctime = queue.changed;
    status.msg_cbytes = queue.bytes();
    status.msg_qnum = queue.count();
    status.msg_qbytes = queue.maximum_bytes;
    status.msg_lspid = queue.last_sender;
    status.msg_lrpid = queue.last_receiver;
    return UserOut<msqid64_ds>(buffer).write(status);
}

Result<long> read_queue_limits(int command, UserAddress buffer) {
    msginfo info{.msgpool = MSGPOOL,
                 .msgmap = MSGMAP,
                 .msgmax = MSGMAX,
                 .msgmnb = MSGMNB,
                 .msgmni = MSGMNI,
                 .msgssz = MSGSSZ,
                 .msgtql = MSGTQL,
                 .msgseg = MSGSEG};
    IpcTable<MessageQueue>& queues = message_queues();
    if (command == MSG_INFO) {
        info.msgpool = static_cast<int>(queues.count());
        info.msgmap = info.msgtql = 0;
        for (std::size_t i = 0; i < queues.end(); ++i) {
            const auto* queue = static_cast<MessageQueue*>(queues.at(i));
            info.msgmap += queue == nullptr ? 0 : static_cast<int>(queue->count());
            info.msgtql += queue == nullptr ? 0 : static_cast<int>(queue->bytes());
        }
    }
    TRY(UserOut<msginfo>(buffer).write(info));
    return queues.end() == 0 ? 0 : static_cast<long>(queues.end()) - 1;
}

Result<long> set_queue(Task& task, MessageQueue& queue, const msqid64_ds& wanted) {
    TRY(queue.check_owner(task));
    if (wanted.msg_qbytes > kDefaultQueueBytes && !task.credentials.has(CAP_SYS_RESOURCE)) {
        return Errno(EPERM);
    }
    queue.set_permissions(wanted.msg_perm);
    queue.maximum_bytes = wanted.msg_qbytes;
    queue.changed = current_time().seconds;
    queue.wake_all();
    return 0;
}

Result<long> give_message(const IpcMessage& message, UserAddress buffer, std::size_t size) {
    TRY(UserOut<std::int64_t>(buffer).write(message.type));
    const std::size_t length = message.text.size() < size ? message.text.size() : size;
    TRY(copy_to_user(buffer + sizeof(std::int64_t), message.text.span().data(), length));
    return static_cast<long>(length);
}

}  // namespace

Result<long> sys_msgget(Task& task, int key, unsigned flags) {
    return get_ipc_object(
        message_queues(), task, key, flags, kMaximumQueues,
        [](const MessageQueue&) { return Result<void>(); },
        [&] { return make_ref<MessageQueue>(key, flags); });
}

Result<long> sys_msgsnd(Task& task, int id, UserAddress message, std::size_t size, unsigned flags) {
    const std::int64_t type = TRY(UserIn<std::int64_t>(message).read());
    if (size > kMaximumMessageSize || id < 0 || type < 1) {
        return Errno(EINVAL);
    }
    Own<IpcMessage> made = TRY(make_own<IpcMessage>());
    made->type = type;
    TRY(made->text.resize(size));
    TRY(copy_from_user(made->text.span().data(), message + sizeof(std::int64_t), size));
    const Ref<MessageQueue> queue = TRY(message_queues().get(id));
    TRY(queue->check_access(task, IpcObject::kWritable));
    TRY(queue->send(task, std::move(made), (flags & IPC_NOWAIT) == 0));
    return 0;
}

Result<long> sys_msgrcv(Task& task, int id, UserAddress message, std::size_t size, long type,
                        unsigned flags) {
    if (id < 0 || static_cast<std::int64_t>(size) < 0) {
        return Errno(EINVAL);
    }
    const bool copies = (flags & MSG_COPY) != 0;
    if (copies && ((flags & MSG_EXCEPT) != 0 || (flags & IPC_NOWAIT) == 0)) {
        return Errno(EINVAL);
    }
    const MessageChoice choice = choice_of(type, flags);
    const Ref<MessageQueue> queue = TRY(message_queues().get(id));
    TRY(queue->check_access(task, IpcObject::kReadable));
    const bool may_cut = (flags & MSG_NOERROR) != 0;
    const Own<IpcMessage> received =
        copies ? TRY(queue->copy(choice, size, may_cut))
               : TRY(queue->receive(task, choice, size, may_cut, (flags & IPC_NOWAIT) == 0));
    return give_message(*received, message, size);
}

Result<long> sys_msgctl(Task& task, int id, int command, unsigned long argument) {
    if (id < 0 || command < 0) {
        return Errno(EINVAL);
    }
    const UserAddress buffer(argument);
    switch (command) {
        case IPC_INFO:
        case MSG_INFO:
            return read_queue_limits(command, buffer);
        case IPC_STAT:
        case MSG_STAT:
        case MSG_STAT_ANY: {
            const Ref<MessageQueue> queue =
                TRY(command == IPC_STAT ? message_queues().get(id) : message_queues().get_at(id));
            if (command != MSG_STAT_ANY) {
                TRY(queue->check_access(task, IpcObject::kReadable));
            }
            TRY(read_status(*queue, buffer));
            return command == IPC_STAT ? 0 : queue->id;
        }
        case IPC_SET: {
            const msqid64_ds wanted = TRY(UserIn<msqid64_ds>(buffer).read());
            return set_queue(task, *TRY(message_queues().get(id)), wanted);
        }
        case IPC_RMID: {
            const Ref<MessageQueue> queue = TRY(message_queues().get(id));
            TRY(queue->check_owner(task));
            message_queues().remove(*queue);
            queue->wake_all();
            return 0;
        }
        default:
            return Errno(EINVAL);
    }
}

}  // namespace kernel
