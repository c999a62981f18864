// What System V's shared memory, semaphores and message queues have in common: keys, ids and permissions (man
// 7 sysvipc; Linux ipc/util.c).
#pragma once

#include <linux/ipc.h>

#include <cstdint>

#include "lib/ref.hpp"
#include "lib/result.hpp"
#include "lib/vector.hpp"

namespace kernel {

class Task;

class IpcObject : public RefCounted {
  public:
    // Rights, each as the three bits that owner, group and others have.
    static constexpr unsigned kReadable = 0444;
    static constexpr unsigned kWritable = 0222;

    IpcObject(std::int32_t its_key, unsigned its_mode);

    ipc64_perm permissions() const;
    // EACCES: not all of the rights that the low bits of `wanted` ask for.
    Result<void> check_access(const Task& task, unsigned wanted) const;
    // EPERM: neither owner nor creator nor privileged.
    Result<void> check_owner(const Task& task) const;
    // IPC_SET's part that all have.
    void set_permissions(const ipc64_perm& wanted);

    int id = 0;
    unsigned sequence = 0;
    std::int32_t key;
    unsigned mode;
    std::uint32_t user;
    std::uint32_t group;
    std::uint32_t creator_user;
    std::uint32_t creator_group;
    bool is_removed = false;
};

// The objects of one kind by their ids.
class IpcTableBase {
  public:
    // Puts an object into the lowest place that is free beyond the last one, and gives it an id. ENOSPC:
    // `maximum` are there.
    Result<void> add(Ref<IpcObject> object, std::size_t maximum);
    // Null: there is no such id (any more).
    IpcObject* find(int id) const;
    IpcObject* find_key(std::int32_t key) const;
    // By place, as SHM_STAT, SEM_STAT and MSG_STAT ask.
    IpcObject* at(std::size_t index) const { return index < places_.size() ? places_[index].get() : nullptr; }
    void remove(IpcObject& object);
    std::size_t count() const { return count_; }
    // One more than the highest place in use.
    std::size_t end() const;

  private:
    Vector<Ref<IpcObject>> places_;
    std::size_t count_ = 0;
    std::size_t next_ = 0;
    unsigned sequence_ = 0;
    bool has_started_ = false;
    std::size_t last_ = 0;
};

template <typename T>
class IpcTable : public IpcTableBase {
  public:
    // EINVAL: there is no such id.
    Result<Ref<T>> get(int id) const {
        auto* object = static_cast<T*>(find(id));
        return object == nullptr ? Result<Ref<T>>(Errno(EINVAL)) : Result<Ref<T>>(Ref<T>(object));
    }
    Result<Ref<T>> get_at(int index) const {
        auto* object = index < 0 ? nullptr : static_cast<T*>(at(static_cast<std::size_t>(index)));
        return object == nullptr ? Result<Ref<T>>(Errno(EINVAL)) : Result<Ref<T>>(Ref<T>(object));
    }
};

// Linux ipcget: the object of a key, or a new one. `check` looks at one that is there, `make` makes one:
// Result<Ref<T>>.
template <typename T, typename Check, typename Make>
Result<long> get_ipc_object(IpcTable<T>& table, const Task& task, std::int32_t key, unsigned flags,
                            std::size_t maximum, Check check, Make make) {
    IpcObject* found = key == IPC_PRIVATE ? nullptr : table.find_key(key);
    if (found != nullptr) {
        if ((flags & IPC_CREAT) != 0 && (flags & IPC_EXCL) != 0) {
            return Errno(EEXIST);
        }
        TRY(check(static_cast<T&>(*found)));
        TRY(found->check_access(task, flags));
        return found->id;
    }
    if (key != IPC_PRIVATE && (flags & IPC_CREAT) == 0) {
        return Errno(ENOENT);
    }
    if (table.count() >= maximum) {
        return Errno(ENOSPC);
    }
    Ref<T> object = TRY(make());
    TRY(table.add(object, maximum));
    return object->id;
}

// The files of /proc/sysvipc. Once, at start.
Result<void> initialize_ipc();

}  // namespace kernel
