#include "emu/system/exception_log.hpp"

#include <algorithm>
#include <iterator>

namespace levitate::emu {

void ExceptionLog::add(const TakenException& taken) {
    if (taken.from_el0) {
        add_to(of_el0_, kMostOfEl0, taken);
    } else {
        add_to(of_el1_, kMostOfEl1, taken);
    }
}

// A handler whose stack runs away faults at another address each time, so FAR and SP do not tell exceptions
// apart.
void ExceptionLog::add_to(std::vector<TakenException>& log, std::size_t most, const TakenException& taken) {
    if (!log.empty()) {
        TakenException& last = log.back();
        if (last.esr == taken.esr && last.elr == taken.elr && last.spsr == taken.spsr) {
            last.far = taken.far;
            last.sp = taken.sp;
            last.retired = taken.retired;
            ++last.count;
            return;
        }
    }
    if (log.size() == most) {
        log.erase(log.begin());
    }
    log.push_back(taken);
}

std::vector<TakenException> ExceptionLog::exceptions() const {
    std::vector<TakenException> all;
    std::ranges::merge(of_el0_, of_el1_, std::back_inserter(all), {}, &TakenException::retired,
                       &TakenException::retired);
    return all;
}

std::size_t ExceptionLog::find(const TaskKey& task) const {
    if (latest_ < calls_.size() && calls_[latest_].task == task) {
        return latest_;
    }
    const auto found = std::ranges::find(calls_, task, &LastCall::task);
    return static_cast<std::size_t>(found - calls_.begin());
}

// Where the table is full, a task that has not called for longest gives way, and one that runs before one
// that still waits.
std::size_t ExceptionLog::place_for(const TaskKey& task) {
    const std::size_t known = find(task);
    if (known < calls_.size()) {
        return known;
    }
    if (calls_.size() < kMostCalls) {
        calls_.emplace_back();
        return calls_.size() - 1;
    }
    const auto oldest = std::ranges::min_element(calls_, [](const LastCall& first, const LastCall& second) {
        return first.returned != second.returned ? first.returned : first.retired < second.retired;
    });
    return static_cast<std::size_t>(oldest - calls_.begin());
}

void ExceptionLog::add_call(const LastCall& call) {
    ++call_count_;
    latest_ = place_for(call.task);
    calls_[latest_] = call;
}

void ExceptionLog::note_return(const TaskKey& task) {
    const std::size_t place = find(task);
    if (place < calls_.size()) {
        latest_ = place;
        calls_[place].returned = true;
    }
}

}  // namespace levitate::emu
