#include "tests/system/guest/access.hpp"

#include "tests/system/guest/print.hpp"

namespace guest {

namespace {

constexpr std::uint32_t kBrkCompleted = 0xd420'0000 | kCompleted << 5;
// Data stands here in a marked page: what is before is code.
constexpr std::uint64_t kDataOffset = 16;

FRAGMENT(access_read, "ldr x1, [x0]");
FRAGMENT(access_write, "str x1, [x0]");
FRAGMENT(access_execute, "br x0");
FRAGMENT(access_read_unprivileged, "ldtr x1, [x0]");
FRAGMENT(access_write_unprivileged, "sttr x1, [x0]");

const std::uint32_t* fragment_of(Kind kind) {
    switch (kind) {
        case Kind::Read:
            return access_read;
        case Kind::Write:
            return access_write;
        case Kind::Execute:
            return access_execute;
        case Kind::ReadUnprivileged:
            return access_read_unprivileged;
        case Kind::WriteUnprivileged:
            break;
    }
    return access_write_unprivileged;
}

}  // namespace

void mark_page(std::uint64_t physical, std::uint64_t value) {
    *reinterpret_cast<volatile std::uint32_t*>(physical) = kBrkCompleted;
    *reinterpret_cast<volatile std::uint64_t*>(physical + kDataOffset) = value;
    __asm__ volatile("dc cvau, %0\n\tdsb sy\n\tic ivau, %0\n\tdsb sy\n\tisb" : : "r"(physical) : "memory");
}

void print_access(std::uint64_t address, Level level, Kind kind, std::uint64_t more_pstate) {
    const std::uint64_t place = kind == Kind::Execute ? address : address + kDataOffset;
    const RunState& state = run(fragment_of(kind), {.level = level, .pstate = pstate::kDaif | more_pstate},
                                {place, kMarkedValue});
    const bool reads = kind == Kind::Read || kind == Kind::ReadUnprivileged;
    if (!is_completed(state)) {
        print(Hex{state.esr & 0x1ff'ffff});
        if (state.far != place) {
            print(" FAR ");
            print(Hex{state.far});
        }
    } else if (reads && state.x[1] != kMarkedValue) {
        print("=");
        print(Hex{state.x[1]});
    } else {
        print("+");
    }
}

void show_accesses(const char* what, std::uint64_t address, std::uint64_t more_pstate) {
    print(what);
    print(":");
    for (const Level level : {Level::El0, Level::El1h}) {
        print(level == Level::El0 ? " EL0" : " EL1");
        print(" r ");
        print_access(address, level, Kind::Read, more_pstate);
        print(" w ");
        print_access(address, level, Kind::Write, more_pstate);
        print(" x ");
        print_access(address, level, Kind::Execute, more_pstate);
    }
    print("\n");
}

}  // namespace guest
