// The calls: calls.inc says which there are.
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/sched.h>

#include "tests/kernels/example/kernel.hpp"

// `count` objects of the program's, or null.
template <typename T>
static T* user(uint64_t address, uint64_t access, uint64_t count = 1) {
    const bool good = count < kUserEnd && change(Pages::Reach, address, count * sizeof(T), access);
    return good ? reinterpret_cast<T*>(address) : nullptr;
}

// Gives `value` to the program, unless it does not want it.
template <typename T>
static long give(uint64_t address, const T& value, long result = 0) {
    T* const to = user<T>(address, PROT_WRITE);
    if (address != 0 && to != nullptr) {
        __builtin_memcpy(to, &value, sizeof value);
    }
    return address == 0 || to != nullptr ? result : -EFAULT;
}

static long write(uint64_t address, uint64_t size) {
    const char* const text = user<const char>(address, PROT_READ, size);
    write_console(text, text != nullptr ? size : 0);
    return text != nullptr ? static_cast<long>(size) : -EFAULT;
}

static long fill_randomly(uint64_t address, uint64_t size) {
    char* const to = user<char>(address, PROT_WRITE, size);
    return to != nullptr ? random_bytes(to, size) : -EFAULT;
}

// Linux's takes the new break, and returns it. This takes an increment, and returns the break as it was.
static long change_break(uint64_t increment) {
    const uint64_t before = program_break;
    if (increment < uint64_t{1} << 30 && change(Pages::Map, before, increment, PROT_READ | PROT_WRITE)) {
        program_break = round_up(before + increment, kPageSize);
    }
    return static_cast<long>(before);
}

static long map(uint64_t address, uint64_t size, uint64_t protection, uint64_t flags) {
    static uint64_t next = kMappings;
    if ((flags & MAP_FIXED) == 0) {
        address = next;
        next = round_up(next + size, kPageSize);
    }
    return change(Pages::Map, address, size, protection) ? static_cast<long>(address) : -ENOMEM;
}

static long clone(uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t tls, uint64_t child_tid) {
    constexpr uint64_t kThread = CLONE_THREAD | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    Task* const child = (flags & kThread) == kThread ? new_task(current->frame()) : nullptr;
    if (child == nullptr) {
        return (flags & kThread) == kThread ? -EAGAIN : -EINVAL;
    }
    child->clear_tid = child_tid;
    child->frame().x[0] = 0;
    child->frame().sp = stack;
    child->frame().thread_pointer = tls;
    const auto number = static_cast<uint32_t>(child->number);
    return give(parent_tid, number, number);
}

static long futex(uint64_t address, uint64_t operation, uint64_t value) {
    const auto* const word = user<const volatile uint32_t>(address, PROT_READ);
    if ((operation != FUTEX_WAIT && operation != FUTEX_WAKE) || word == nullptr) {
        return word != nullptr ? -EINVAL : -EFAULT;
    }
    if (operation == FUTEX_WAKE) {
        return wake(address, value);
    }
    if (*word != static_cast<uint32_t>(value)) {
        return -EAGAIN;
    }
    current->state = State::Waiting;
    current->futex = address;
    return 0;
}

static long tell_time(uint64_t clock, uint64_t address) {
    uint64_t frequency = 0;
    uint64_t ticks = 0;
    __asm__ volatile("isb\n\tmrs %0, cntfrq_el0\n\tmrs %1, cntvct_el0" : "=r"(frequency), "=r"(ticks));
    static uint64_t epoch = *direct<volatile uint32_t>(0x0901'0000) - ticks / frequency;  // by the PL031
    const uint64_t time[] = {ticks / frequency + (clock == 0 ? epoch : 0),
                             ticks % frequency * 1'000'000'000 / frequency};
    return clock > 1 ? -EINVAL : give(address, time);
}

using SignalAction = uint64_t[4];  // handler, flags, restorer, mask

long call(uint64_t number, const uint64_t* x) {
    switch (number) {
#define CALL(name, result) \
    case __NR_##name:      \
        return result;
#include "tests/kernels/example/calls.inc"
        default:
            return -ENOSYS;
    }
}
