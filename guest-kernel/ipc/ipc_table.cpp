#include "ipc/ipc_table.hpp"

#include <linux/capability.h>

#include "task/task.hpp"

namespace kernel {

namespace {

constexpr unsigned kPlaceBits = 15;            // IPCMNI_SHIFT
constexpr unsigned kMaximumSequence = 0xffff;  // ipcid_seq_max
constexpr std::size_t kLeastCycle = 64;        // ipc_min_cycle

}  // namespace

IpcObject::IpcObject(std::int32_t its_key, unsigned its_mode) : key(its_key), mode(its_mode & 0777) {
    const Credentials& credentials = Task::current().credentials;
    user = creator_user = credentials.effective_user;
    group = creator_group = credentials.effective_group;
}

ipc64_perm IpcObject::permissions() const {
    ipc64_perm result{};
    result.key = key;
    result.uid = user;
    result.gid = group;
    result.cuid = creator_user;
    result.cgid = creator_group;
    result.mode = mode;
    result.seq = static_cast<unsigned short>(sequence);
    return result;
}

// Linux ipcperms.
Result<void> IpcObject::check_access(const Task& task, unsigned wanted) const {
    const Credentials& credentials = task.credentials;
    const unsigned requested = (wanted >> 6 | wanted >> 3 | wanted) & 07;
    unsigned granted = mode;
    if (credentials.effective_user == creator_user || credentials.effective_user == user) {
        granted >>= 6;
    } else if (credentials.effective_group == creator_group || credentials.effective_group == group ||
               credentials.is_in_group(creator_group) || credentials.is_in_group(group)) {
        granted >>= 3;
    }
    return (requested & ~granted) == 0 || credentials.has(CAP_IPC_OWNER) ? Result<void>()
                                                                         : Result<void>(Errno(EACCES));
}

Result<void> IpcObject::check_owner(const Task& task) const {
    const Credentials& credentials = task.credentials;
    const bool may = credentials.effective_user == creator_user || credentials.effective_user == user ||
                     credentials.has(CAP_SYS_ADMIN);
    return may ? Result<void>() : Result<void>(Errno(EPERM));
}

void IpcObject::set_permissions(const ipc64_perm& wanted) {
    user = wanted.uid;
    group = wanted.gid;
    mode = (mode & ~0777U) | (wanted.mode & 0777U);
}

// Linux ipc_idr_alloc: places are used in a circle, whose passing raises the sequence number in the ids.
Result<void> IpcTableBase::add(Ref<IpcObject> object, std::size_t maximum) {
    std::size_t cycle = count_ * 3 / 2 > kLeastCycle ? count_ * 3 / 2 : kLeastCycle;
    cycle = cycle < maximum ? cycle : maximum;
    std::size_t index = next_;
    for (std::size_t tries = 0; tries <= cycle; ++tries, ++index) {
        if (index >= cycle) {
            index = 0;
        }
        if (at(index) == nullptr) {
            break;
        }
    }
    if (index >= cycle || at(index) != nullptr) {
        return Errno(ENOSPC);
    }
    if (index >= places_.size()) {
        TRY(places_.resize(index + 1));
    }
    if (has_started_ && index <= last_) {
        sequence_ = sequence_ >= kMaximumSequence ? 0 : sequence_ + 1;
    }
    has_started_ = true;
    last_ = index;
    next_ = index + 1;
    ++count_;
    object->sequence = sequence_;
    object->id = static_cast<int>(sequence_ << kPlaceBits | index);
    places_[index] = std::move(object);
    return {};
}

IpcObject* IpcTableBase::find(int id) const {
    constexpr int kPlaceMask = (1 << kPlaceBits) - 1;
    if (id < 0) {
        return nullptr;
    }
    IpcObject* object = at(static_cast<std::size_t>(id & kPlaceMask));
    return object != nullptr && object->id == id ? object : nullptr;
}

IpcObject* IpcTableBase::find_key(std::int32_t key) const {
    for (std::size_t index = 0; index < places_.size(); ++index) {
        IpcObject* object = at(index);
        if (object != nullptr && object->key == key && key != IPC_PRIVATE) {
            return object;
        }
    }
    return nullptr;
}

void IpcTableBase::remove(IpcObject& object) {
    object.is_removed = true;
    const auto index = static_cast<std::size_t>(object.id & ((1 << kPlaceBits) - 1));
    if (at(index) == &object) {
        --count_;
        places_[index] = nullptr;
    }
}

std::size_t IpcTableBase::end() const {
    std::size_t end = places_.size();
    while (end > 0 && !places_[end - 1]) {
        --end;
    }
    return end;
}

}  // namespace kernel
