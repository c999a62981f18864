#include "vmm/run/run_end.hpp"

#include <fmt/format.h>

#include <utility>

namespace levitate::vmm {

void RunEnd::end(Cause cause) {
    if (!cause_) {
        cause_ = std::move(cause);
    }
}

void RunEnd::by_power_off() {
    if (is_kernel_alone(spec_)) {
        end({.incomplete = {}, .status = 0});
    } else {
        by_power("the kernel powered off");
    }
}

void RunEnd::by_reset() {
    by_power("the kernel reset the machine");
}

void RunEnd::by_power(const std::string& what) {
    if (workload_.program().over) {
        by_init();
    } else {
        by_fault(what + ": " + workload_.log().last_words());
    }
}

void RunEnd::by_semihosting(int status) {
    if (is_kernel_alone(spec_)) {
        end({.incomplete = {}, .status = status});
    } else {
        by_power(fmt::format("the kernel ended the machine by semihosting, with status {}", status));
    }
}

void RunEnd::by_time_limit() {
    by_fault(fmt::format("time limit of {} ms reached", spec_.timeout.count()));
}

void RunEnd::by_instruction_limit() {
    const std::uint64_t limit = spec_.instruction_limit;
    if (workload_.program().started) {
        end({.incomplete = fmt::format("the program did not end within {} instructions", limit),
             .never_ends = true});
    } else {
        by_fault(fmt::format("the kernel did not {} within {} instructions: {}",
                             is_kernel_alone(spec_) ? "power off" : "start the program", limit,
                             workload_.log().last_words()));
    }
}

void RunEnd::by_loop(const std::string& what) {
    const std::string words = workload_.log().last_words();
    end({.incomplete = words.empty() ? what : what + ": " + words,
         .never_ends = workload_.program().started});
}

void RunEnd::by_sleep() {
    if (workload_.program().started) {
        end({.incomplete = "every task of the guest sleeps for ever", .never_ends = true});
    } else {
        by_fault("the kernel waits for ever: " + workload_.log().last_words());
    }
}

const RunEnd::Cause& RunEnd::finish() {
    Cause cause = cause_.value_or(Cause{.incomplete = "stopped"});
    if (cause.incomplete.empty()) {
        cause.incomplete = workload_.damage();
    }
    return cause_.emplace(std::move(cause));
}

}  // namespace levitate::vmm
