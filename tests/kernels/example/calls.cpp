// The calls. What is not here is ENOSYS: set_robust_list and rseq among others.
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/time_types.h>

#include "tests/kernels/example/kernel.hpp"

namespace example {

namespace {

// `count` objects of the program's, or null.
template <typename T>
T* user(uint64_t address, uint64_t access, uint64_t count = 1) {
    const bool good = count < kUserEnd && change(Pages::Reach, address, count * sizeof(T), access);
    return good ? reinterpret_cast<T*>(address) : nullptr;
}

// Gives `value` to the program, unless it does not want it.
template <typename T>
long give(uint64_t address, const T& value, long result = 0) {
    T* const to = user<T>(address, PROT_WRITE);
    if (address != 0 && to != nullptr) {
        *to = value;
    }
    return address == 0 || to != nullptr ? result : -EFAULT;
}

long write(uint64_t descriptor, uint64_t address, uint64_t size) {
    const char* const text = user<const char>(address, PROT_READ, size);
    if (descriptor > 2 || text == nullptr) {
        return descriptor > 2 ? -EBADF : -EFAULT;
    }
    write_console(text, size);
    return static_cast<long>(size);
}

// Linux's takes the new break, and returns it. This takes an increment, and returns the break as it was.
long change_break(uint64_t increment) {
    const uint64_t before = program_break;
    if (increment < uint64_t{1} << 30 && change(Pages::Map, before, increment, PROT_READ | PROT_WRITE)) {
        program_break = round_up(before + increment, kPageSize);
    }
    return static_cast<long>(before);
}

long map(uint64_t address, uint64_t size, uint64_t protection, uint64_t flags) {
    static uint64_t next = kMappings;
    if ((flags & MAP_FIXED) == 0) {
        address = next;
        next = round_up(next + size, kPageSize);
    }
    if ((flags & MAP_ANONYMOUS) == 0) {
        return -EBADF;
    }
    return change(Pages::Map, address, size, protection) ? static_cast<long>(address) : -ENOMEM;
}

long clone(uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t tls, uint64_t child_tid) {
    constexpr uint64_t kThread = CLONE_THREAD | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    Task* const child = (flags & kThread) == kThread ? new_task(current->frame()) : nullptr;
    if (child == nullptr) {
        return (flags & kThread) == kThread ? -EAGAIN : -EINVAL;
    }
    child->signal_mask = current->signal_mask;
    child->clear_tid = child_tid;
    child->frame().x[0] = 0;
    child->frame().sp = stack;
    child->frame().thread_pointer = tls;
    const auto number = static_cast<uint32_t>(child->number);
    return give(parent_tid, number, number);
}

long futex(uint64_t address, uint64_t operation, uint64_t value) {
    const auto* const word = user<const volatile uint32_t>(address, PROT_READ);
    if (operation != FUTEX_WAIT && operation != FUTEX_WAKE) {
        return -EINVAL;
    }
    if (word == nullptr) {
        return -EFAULT;
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

long poll(uint64_t address, uint64_t count) {
    auto* const files = user<pollfd>(address, PROT_WRITE, count);
    long ready = files != nullptr ? 0 : -EFAULT;
    for (uint64_t i = 0; ready >= 0 && i != count; ++i) {
        files[i].revents = static_cast<short>(files[i].fd > 2 ? POLLNVAL : files[i].events & POLLOUT);
        ready += files[i].revents != 0 ? 1 : 0;
    }
    return ready;
}

long tell_time(uint64_t clock, uint64_t address) {
    constexpr uint64_t kSecond = 1'000'000'000;
    uint64_t frequency = 0;
    uint64_t ticks = 0;
    __asm__ volatile("isb\n\tmrs %0, cntfrq_el0\n\tmrs %1, cntvct_el0" : "=r"(frequency), "=r"(ticks));
    const uint64_t epoch =
        clock == 0 ? *direct<volatile uint32_t>(0x0901'0000) - ticks / frequency : 0;  // of the PL031
    const __kernel_timespec time = {static_cast<long long>(epoch + ticks / frequency),
                                    static_cast<long long>(ticks % frequency * kSecond / frequency)};
    return clock > 1 ? -EINVAL : give(address, time);
}

struct Action {
    uint64_t handler, flags, restorer, mask;
};

// Signals have actions and masks, but none is ever delivered.
long change_action(uint64_t signal, uint64_t address, uint64_t old) {
    static Action actions[65];
    const auto* const action = user<const Action>(address, PROT_READ);
    if (signal == 0 || signal > 64 || (address != 0 && action == nullptr)) {
        return signal == 0 || signal > 64 ? -EINVAL : -EFAULT;
    }
    const Action before = actions[signal];
    actions[signal] = action != nullptr ? *action : before;
    return give(old, before);
}

long change_mask(uint64_t how, uint64_t address, uint64_t old) {
    const auto* const mask = user<const uint64_t>(address, PROT_READ);
    const uint64_t before = current->signal_mask;
    if (mask != nullptr) {
        current->signal_mask = how == SIG_BLOCK     ? before | *mask
                               : how == SIG_UNBLOCK ? before & ~*mask
                                                    : *mask;
    }
    return give(old, before);
}

long tell_limit(uint64_t resource, uint64_t replacement, uint64_t address) {
    const uint64_t limit = resource == RLIMIT_STACK ? 8 << 20 : RLIM64_INFINITY;
    return replacement != 0 ? -EPERM : give(address, rlimit64{limit, RLIM64_INFINITY});
}

long fill_randomly(uint64_t address, uint64_t size) {
    char* const to = user<char>(address, PROT_WRITE, size);
    random_bytes(to, to != nullptr ? size : 0);
    return to != nullptr ? static_cast<long>(size) : -EFAULT;
}

long protect(uint64_t address, uint64_t size, uint64_t protection) {
    return change(Pages::Protect, address, size, protection) ? 0 : -ENOMEM;
}

long advise(uint64_t address, uint64_t size, uint64_t advice) {
    return advice == MADV_DONTNEED && change(Pages::Forget, address, size) ? 0 : -EINVAL;
}

}  // namespace

long call(uint64_t number, const uint64_t* x) {
    switch (number) {
        case __NR_read:
            return x[0] == 0 ? 0 : -EBADF;  // no input
        case __NR_write:
            return write(x[0], x[1], x[2]);
        case __NR_ppoll:
            return poll(x[0], x[1]);
        case __NR_ioctl:
            return x[0] <= 2 ? -ENOTTY : -EBADF;
        case __NR_openat:
        case __NR_readlinkat:
            return -ENOENT;  // no files
        case __NR_brk:
            return change_break(x[0]);
        case __NR_mmap:
            return map(x[0], x[1], x[2], x[3]);
        case __NR_mprotect:
            return protect(x[0], x[1], x[2]);
        case __NR_madvise:
            return advise(x[0], x[1], x[2]);
        case __NR_munmap:
            return change(Pages::Unmap, x[0], x[1]) ? 0 : -EINVAL;
        case __NR_clone:
            return clone(x[0], x[1], x[2], x[3], x[4]);
        case __NR_futex:
            return futex(x[0], x[1], x[2]);
        case __NR_set_tid_address:
            current->clear_tid = x[0];
            [[fallthrough]];
        case __NR_gettid:
            return static_cast<long>(current->number);
        case __NR_getpid:
            return 1;
        case __NR_sched_yield:
        case __NR_sigaltstack:  // not done at all
            return 0;
        case __NR_sched_getaffinity:
            return give(x[2], uint64_t{1}, sizeof(uint64_t));
        case __NR_rt_sigaction:
            return change_action(x[0], x[1], x[2]);
        case __NR_rt_sigprocmask:
            return change_mask(x[0], x[1], x[2]);
        case __NR_prlimit64:
            return tell_limit(x[1], x[2], x[3]);
        case __NR_getrandom:
            return fill_randomly(x[0], x[1]);
        case __NR_clock_gettime:
            return tell_time(x[0], x[1]);
        case __NR_tgkill:
            end_init(x[2]);
        case __NR_exit:
            end_task(x[0]);
            return 0;
        case __NR_exit_group:
            end_init((x[0] & 255) << 8);
        default:
            return -ENOSYS;
    }
}

}  // namespace example
