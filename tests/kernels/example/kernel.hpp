// A kernel in progress, such as somebody writes for QEMU's virt machine: it runs one static program as
// process 1. README.md in the folder above says what it lacks and what it does wrong.
#pragma once

#include <cstddef>
#include <cstdint>

using std::uint32_t;
using std::uint64_t;

inline constexpr uint64_t kPageSize = 4096;
inline constexpr uint64_t kDirectMap = 0xffff'ff80'0000'0000;  // of physical address 0
inline constexpr uint64_t kPieBase = 0x10'0000'0000;
inline constexpr uint64_t kMappings = 0x20'0000'0000;
inline constexpr uint64_t kStackTop = 0x60'0000'0000;
inline constexpr uint64_t kUserEnd = uint64_t{1} << 39;

template <typename T>
T* direct(uint64_t physical) {
    return reinterpret_cast<T*>(kDirectMap + physical);
}

constexpr uint64_t round_up(uint64_t number, uint64_t unit) {
    return (number + unit - 1) & ~(unit - 1);
}

// boot.cpp
inline uint64_t initrd_start = 0, initrd_end = 0;
inline const char* command_line = "";
bool starts_with(const char* text, const char* start);
void write_console(const char* text, uint64_t size);
[[noreturn]] void panic(const char* text, uint64_t number);

// memory.cpp. Protections are PROT_READ and so on. What is done with pages of the program: they become zeros;
// they are protected; what is mapped becomes zeros; they are unmapped; they are made safe for the kernel to
// access. False: some were not mapped, or do not allow the access.
enum class Pages { Map, Protect, Forget, Unmap, Reach };
void set_up_memory();
bool change(Pages what, uint64_t address, uint64_t size, uint64_t protection = 0);

struct Frame {  // entry.S
    uint64_t x[31], sp, pc, pstate, thread_pointer, fpcr, fpsr;
    alignas(16) uint64_t v[64];
};

// init.cpp
inline uint64_t program_break = 0;
void load_init(Frame& frame);
long random_bytes(char* to, uint64_t size);

// tasks.cpp
inline bool has_one_stack = false, is_misaligned = false;  // asked for on the command line
enum class State { Free, Runnable, Waiting };
struct Task {
    State state;
    uint64_t number, clear_tid, futex;
    alignas(16) char stack[2 * kPageSize];
    char* stack_top() { return stack + sizeof stack - (is_misaligned ? 8 : 0); }
    Frame& frame() { return *reinterpret_cast<Frame*>(stack_top() - sizeof(Frame)); }
};
inline Task* current = nullptr;
Task* new_task(const Frame& frame);  // null: there are too many
long wake(uint64_t futex, uint64_t count);
void end_task(uint64_t status);
[[noreturn]] void end_init(uint64_t wait_status);
[[noreturn]] void run_init();

// calls.cpp: the result, which is of no account unless the task runs on.
long call(uint64_t number, const uint64_t* x);
