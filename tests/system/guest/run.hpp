// Running a fragment of code at EL0 or EL1 until an exception ends it, and telling the transcript of it.
#pragma once

#include <cstdint>
#include <initializer_list>

// Declares and defines position-independent code. Where nothing else ends it, `completed` does.
#define FRAGMENT(name, text)                                                                                 \
    extern "C" const std::uint32_t name[];                                                                   \
    __asm__(".pushsection .fragments, \"ax\"\n.arch armv8.2-a+crc+lse\n.balign 4\n.global " #name "\n" #name \
            ":\n" text "\nbrk #0xdead\n.popsection")

namespace guest {

// run_entry.S knows the layout.
struct RunState {
    std::uint64_t x[31];
    std::uint64_t sp_el0;
    std::uint64_t sp_el1;
    std::uint64_t pc;      // in: where to begin; out: ELR_EL1
    std::uint64_t pstate;  // in: how to begin; out: SPSR_EL1
    std::uint64_t vector;  // out: which of VBAR_EL1's sixteen
    std::uint64_t esr;     // out
    std::uint64_t far;     // out
};

enum class Level : std::uint8_t { El0, El1t, El1h };

namespace pstate {
inline constexpr std::uint64_t kN = std::uint64_t{1} << 31;
inline constexpr std::uint64_t kZ = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kC = std::uint64_t{1} << 29;
inline constexpr std::uint64_t kV = std::uint64_t{1} << 28;
inline constexpr std::uint64_t kUao = std::uint64_t{1} << 23;
inline constexpr std::uint64_t kPan = std::uint64_t{1} << 22;
inline constexpr std::uint64_t kSingleStep = std::uint64_t{1} << 21;
inline constexpr std::uint64_t kIl = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kSsbs = std::uint64_t{1} << 12;
inline constexpr std::uint64_t kD = std::uint64_t{1} << 9;
inline constexpr std::uint64_t kA = std::uint64_t{1} << 8;
inline constexpr std::uint64_t kI = std::uint64_t{1} << 7;
inline constexpr std::uint64_t kF = std::uint64_t{1} << 6;
inline constexpr std::uint64_t kDaif = kD | kA | kI | kF;
}  // namespace pstate

// ESR_EL1.EC (Arm ARM D17.2.37).
namespace exception_class {
inline constexpr std::uint64_t kSpAlignment = 0x26;
inline constexpr std::uint64_t kBrk = 0x3c;
}  // namespace exception_class

inline constexpr std::uint64_t kCompleted = 0xdead;  // BRK's immediate that ends a fragment

// How a run is to begin. The defaults are what most cases want.
struct Start {
    Level level = Level::El1h;
    std::uint64_t pstate = pstate::kDaif;  // the mode is added
    std::uint64_t sp_el0 = 0;
    std::uint64_t sp_el1 = 0;
};

// Runs `fragment` with `arguments` in x0, x1, … and zero in the other registers. At EL0 it runs in the window
// `kUserCode`. The result lives until the next run.
const RunState& run(const std::uint32_t* fragment, const Start& start,
                    std::initializer_list<std::uint64_t> arguments = {});
// The same from any address.
const RunState& run_at(std::uint64_t address, const Start& start,
                       std::initializer_list<std::uint64_t> arguments = {});

// Where run() would run it.
std::uint64_t address_of(const std::uint32_t* fragment, Level level);

bool is_completed(const RunState& state);

// "<what>: <vector>, EC …, ISS …, FAR …, ELR …, SPSR …". ELR is printed relative to `origin` where it is near
// to it.
void report(const char* what, const RunState& state, std::uint64_t origin);

// run() and report(), the level in words before it.
const RunState& show(const char* what, const std::uint32_t* fragment, const Start& start,
                     std::initializer_list<std::uint64_t> arguments = {});

}  // namespace guest
