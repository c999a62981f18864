// System V semaphores (man 2 semop; Linux ipc/sem.c).
#pragma once

#include <linux/sem.h>

#include <cstdint>
#include <span>

#include "ipc/ipc_table.hpp"
#include "lib/list.hpp"
#include "task/wait_queue.hpp"
#include "time/clock.hpp"

namespace kernel {

class SemaphoreSet;

inline constexpr int kMaximumSemaphoreValue = 32767;  // SEMVMX

// What the end of a process (or of the tasks that share this, CLONE_SYSVSEM) gives back: SEM_UNDO.
class SemaphoreUndo final : public RefCounted {
  public:
    struct Entry {
        Ref<SemaphoreSet> set;
        Vector<short> adjustments;
    };
    // The set's adjustments, made with the first use. ENOMEM.
    Result<Vector<short>*> of(SemaphoreSet& set);
    // Forgets those for one semaphore of a set, or (-1) for all.
    void forget(const SemaphoreSet& set, int number);

  protected:
    void last_reference_dropped() override;

  private:
    Vector<Own<Entry>> entries_;
};

class SemaphoreSet final : public IpcObject {
  public:
    struct Semaphore {
        int value = 0;
        int last_process = 0;
    };

    static Result<Ref<SemaphoreSet>> make(std::int32_t key, unsigned mode, std::size_t count);
    SemaphoreSet(std::int32_t key, unsigned mode);

    // Carries the operations out as one, or sleeps until that can be done. EAGAIN, EINTR, EIDRM, ERANGE,
    // ENOMEM.
    Result<void> operate(Task& task, std::span<const sembuf> operations, Deadline deadline);
    // Sets one value, or all.
    void set_value(int number, int value);
    void set_values(std::span<const std::uint16_t> values);
    // How many sleepers wait for the semaphore to grow, or (is_zero) to become 0.
    int count_waiting(int number, bool is_zero);
    // It is gone: who sleeps learns it.
    void removed();
    // The end of a process: changes a semaphore by what its operations left to undo.
    void adjust(std::span<const short> adjustments);

    Vector<Semaphore> semaphores;
    std::int64_t operated = 0;  // s since 1970
    std::int64_t changed = 0;

  private:
    struct Sleeper : ListNode<> {
        Task& task;
        std::span<const sembuf> operations;
        const sembuf* blocked_by = nullptr;
        bool is_done = false;
        Result<void> outcome;
        explicit Sleeper(Task& its_task, std::span<const sembuf> its_operations)
            : task(its_task), operations(its_operations) {}
    };
    enum class Attempt { Done, Blocked };

    // All operations or none. `blocked_by`: the first that cannot be done yet.
    Result<Attempt> attempt(Task& task, std::span<const sembuf> operations, const sembuf*& blocked_by);
    // Lets those sleepers go on whose operations have become possible, in the order of their coming.
    void wake_ready();

    List<Sleeper> sleepers_;
};

IpcTable<SemaphoreSet>& semaphore_sets();

}  // namespace kernel
