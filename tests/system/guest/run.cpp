#include "tests/system/guest/run.hpp"

#include "tests/system/guest/memory_map.hpp"
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/runtime.hpp"

extern "C" {
extern guest::RunState run_state;
void enter_run();
// Where run_entry.S goes with an exception outside every run.
[[noreturn]] void runtime_exception();
extern const std::uint32_t fragments_start[];
}

namespace guest {

namespace {

constexpr std::uint64_t mode_of(Level level) {
    switch (level) {
        case Level::El0:
            return 0;
        case Level::El1t:
            return 4;
        case Level::El1h:
            break;
    }
    return 5;
}

const char* name_of(Level level) {
    switch (level) {
        case Level::El0:
            return "EL0";
        case Level::El1t:
            return "EL1t";
        case Level::El1h:
            break;
    }
    return "EL1h";
}

const char* name_of_vector(std::uint64_t vector) {
    static constexpr const char* kKinds[] = {"synchronous", "IRQ", "FIQ", "SError"};
    return kKinds[vector % 4];
}

const char* name_of_origin(std::uint64_t vector) {
    static constexpr const char* kOrigins[] = {"current EL with SP_EL0", "current EL with SP_ELx", "lower EL",
                                               "lower EL in AArch32"};
    return kOrigins[vector / 4];
}

// Aborts, PC alignment, watchpoints: for the others FAR_EL1 is UNKNOWN (Arm ARM D17.2.40).
bool sets_far(std::uint64_t exception_class) {
    switch (exception_class) {
        case 0x20:
        case 0x21:
        case 0x22:
        case 0x24:
        case 0x25:
        case 0x34:
        case 0x35:
            return true;
        default:
            return false;
    }
}

}  // namespace

std::uint64_t address_of(const std::uint32_t* fragment, Level level) {
    const auto address = reinterpret_cast<std::uint64_t>(fragment);
    return level == Level::El0 ? address - reinterpret_cast<std::uint64_t>(fragments_start) + kUserCode
                               : address;
}

const RunState& run_at(std::uint64_t address, const Start& start,
                       std::initializer_list<std::uint64_t> arguments) {
    run_state = {};
    std::uint64_t* next = run_state.x;
    for (const std::uint64_t argument : arguments) {
        *next++ = argument;
    }
    run_state.pc = address;
    run_state.pstate = start.pstate | mode_of(start.level);
    run_state.sp_el0 = start.sp_el0;
    run_state.sp_el1 = start.sp_el1;
    enter_run();
    return run_state;
}

const RunState& run(const std::uint32_t* fragment, const Start& start,
                    std::initializer_list<std::uint64_t> arguments) {
    return run_at(address_of(fragment, start.level), start, arguments);
}

bool is_completed(const RunState& state) {
    return state.esr >> 26 == exception_class::kBrk && (state.esr & 0xffff) == kCompleted;
}

void report(const char* what, const RunState& state, std::uint64_t origin) {
    print(what);
    print(": ");
    const bool synchronous = state.vector % 4 == 0;
    if (synchronous && is_completed(state)) {
        print("completed");
    } else {
        print(name_of_vector(state.vector));
        print(" from ");
        print(name_of_origin(state.vector));
        if (synchronous) {
            const std::uint64_t exception_class = state.esr >> 26;
            print(", EC ");
            print(Hex{exception_class});
            print((state.esr >> 25 & 1) != 0 ? ", ISS " : ", IL 0, ISS ");
            print(Hex{state.esr & 0x1ff'ffff});
            if (sets_far(exception_class)) {
                print(", FAR ");
                print(Hex{state.far});
            }
        }
    }
    print(", ELR ");
    constexpr std::uint64_t kNear = 0x400;
    if (state.pc - origin < kNear) {
        print("+");
        print(Hex{state.pc - origin});
    } else {
        print(Hex{state.pc});
    }
    print(", SPSR ");
    print(Hex{state.pstate});
    print("\n");
}

const RunState& show(const char* what, const std::uint32_t* fragment, const Start& start,
                     std::initializer_list<std::uint64_t> arguments) {
    const RunState& state = run(fragment, start, arguments);
    print(name_of(start.level));
    print(" ");
    report(what, state, address_of(fragment, start.level));
    return state;
}

}  // namespace guest

void runtime_exception() {
    guest::report("an exception in the runtime", run_state, 0);
    guest::power_off();
}
