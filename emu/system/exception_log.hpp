// What the CPU's user may want to know of a guest that has gone wrong: the last exceptions and the last
// calls. Private to emu. Written only where an exception is taken or returned from, which costs some hundred
// instructions of the host anyway.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emu/cpu.hpp"

namespace levitate::emu {

class ExceptionLog {
  public:
    static constexpr std::size_t kMostOfEl1 = 16;
    static constexpr std::size_t kMostOfEl0 = 4;
    static constexpr std::size_t kMostCalls = 64;

    // A synchronous exception other than an SVC of EL0 has been taken. Its `count` is 1.
    void add(const TakenException& taken);
    // An SVC of EL0 has been taken. The same task's call before is forgotten.
    void add_call(const LastCall& call);
    // EL0 goes on in this task.
    void note_return(const TaskKey& task);

    std::vector<TakenException> exceptions() const;
    std::span<const LastCall> calls() const { return calls_; }
    std::uint64_t call_count() const { return call_count_; }

  private:
    static void add_to(std::vector<TakenException>& log, std::size_t most, const TakenException& taken);
    // The entry of the task's last call, or calls_.size().
    std::size_t find(const TaskKey& task) const;
    std::size_t place_for(const TaskKey& task);

    std::vector<TakenException> of_el1_;
    std::vector<TakenException> of_el0_;
    std::vector<LastCall> calls_;
    std::size_t latest_ = 0;  // in calls_
    std::uint64_t call_count_ = 0;
};

}  // namespace levitate::emu
