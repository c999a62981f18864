// fcntl's commands for the owner of a file and its signal, and O_ASYNC (Linux fs/fcntl.c).
#include "syscalls/fcntl_owner.hpp"

#include <linux/fcntl.h>

#include "fs/file_owner.hpp"
#include "mm/user_memory.hpp"
#include "signal/signals.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr int kGetOwnerUsers = 17;  // F_GETOWNER_UIDS (asm-generic/fcntl.h)

// Is there a task, a process or a group of the number?
bool is_number_known(int id) {
    if (!find_task(id).is_error() || !find_process(id).is_error()) {
        return true;
    }
    for (const Process& process : all_processes()) {
        if (process.group == id || process.session == id) {
            return true;
        }
    }
    return false;
}

bool has_members(const FileOwner& owner) {
    switch (owner.kind) {
        case FileOwner::Kind::Thread:
            return !find_task(owner.id).is_error();
        case FileOwner::Kind::Process:
            return !find_process(owner.id).is_error();
        case FileOwner::Kind::Group:
            for (const Process& process : all_processes()) {
                if (process.group == owner.id) {
                    return true;
                }
            }
            return false;
    }
    return false;
}

// Whoever sets an owner may then be asked by whose rights the signal is sent. A number of 0 is nobody.
Result<void> set_owner_to(Task& task, File& file, FileOwner::Kind kind, int id) {
    if (id != 0 && !is_number_known(id)) {
        return Errno(ESRCH);
    }
    file.owner.kind = kind;
    file.owner.id = id;
    file.owner.user = id == 0 ? 0 : task.credentials.user;
    file.owner.effective_user = id == 0 ? 0 : task.credentials.effective_user;
    return {};
}

Result<void> set_extended_owner(Task& task, File& file, unsigned long argument) {
    const f_owner_ex wanted = TRY(UserIn<f_owner_ex>(UserAddress(argument)).read());
    switch (wanted.type) {
        case F_OWNER_TID:
            return set_owner_to(task, file, FileOwner::Kind::Thread, wanted.pid);
        case F_OWNER_PID:
            return set_owner_to(task, file, FileOwner::Kind::Process, wanted.pid);
        case F_OWNER_PGRP:
            return set_owner_to(task, file, FileOwner::Kind::Group, wanted.pid);
        default:
            return Errno(EINVAL);
    }
}

Result<void> get_extended_owner(const File& file, unsigned long argument) {
    f_owner_ex result{.type = F_OWNER_TID, .pid = has_members(file.owner) ? file.owner.id : 0};
    if (file.owner.kind != FileOwner::Kind::Thread) {
        result.type = file.owner.kind == FileOwner::Kind::Group ? F_OWNER_PGRP : F_OWNER_PID;
    }
    return UserOut<f_owner_ex>(UserAddress(argument)).write(result);
}

}  // namespace

Result<void> set_owner(Task& task, File& file, int who) {
    if (who == INT32_MIN) {
        return Errno(EINVAL);
    }
    return set_owner_to(task, file, who < 0 ? FileOwner::Kind::Group : FileOwner::Kind::Process,
                        who < 0 ? -who : who);
}

int owner_of(const File& file) {
    if (!has_members(file.owner)) {
        return 0;
    }
    return file.owner.kind == FileOwner::Kind::Group ? -file.owner.id : file.owner.id;
}

bool is_owner_command(int command) {
    return command == F_SETOWN || command == F_GETOWN || command == F_SETOWN_EX || command == F_GETOWN_EX ||
           command == kGetOwnerUsers || command == F_SETSIG || command == F_GETSIG;
}

Result<long> owner_fcntl(Task& task, File& file, int command, unsigned long argument) {
    switch (command) {
        case F_SETOWN:
            TRY(set_owner(task, file, static_cast<int>(argument)));
            return 0;
        case F_GETOWN:
            return owner_of(file);
        case F_SETOWN_EX:
            TRY(set_extended_owner(task, file, argument));
            return 0;
        case F_GETOWN_EX:
            TRY(get_extended_owner(file, argument));
            return 0;
        case kGetOwnerUsers: {
            const UserOut<std::uint32_t> users{UserAddress(argument)};
            TRY(users.write_at(0, file.owner.user));
            TRY(users.write_at(1, file.owner.effective_user));
            return 0;
        }
        case F_SETSIG:
            if (argument > static_cast<unsigned long>(kSignalCount)) {
                return Errno(EINVAL);
            }
            file.owner.signal = static_cast<int>(argument);
            return 0;
        case F_GETSIG:
            return file.owner.signal;
        default:
            return Errno(EINVAL);
    }
}

}  // namespace kernel
