// Errors as values: Errno is Linux's number, Result<T> is a T or an Errno, TRY unwraps or returns.
#pragma once

#include <linux/errno.h>

#include <new>
#include <type_traits>
#include <utility>

namespace kernel {

// A Linux error number, positive: Errno(ENOENT). The constants are those of <linux/errno.h>.
struct Errno {
    int value;
    explicit constexpr Errno(int number) : value(number) {}
    constexpr bool operator==(const Errno&) const = default;
};

// Numbers that never reach a program: what the interrupted call is to do when a signal is delivered.
// Linux include/linux/errno.h (not part of the UAPI headers).
inline constexpr int ERESTARTSYS = 512;            // again if SA_RESTART or no handler, else EINTR
inline constexpr int ERESTARTNOINTR = 513;         // always again
inline constexpr int ERESTARTNOHAND = 514;         // again if no handler ran, else EINTR
inline constexpr int ERESTART_RESTARTBLOCK = 516;  // again by restart_syscall if no handler ran, else EINTR

template <typename T>
class [[nodiscard]] Result {
  public:
    // NOLINTNEXTLINE(google-explicit-constructor): `return value;` and `return Errno(EINVAL);` are the point.
    Result(Errno error) : error_(error.value) {}

    template <typename U = T>
        requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
                 !std::is_same_v<std::remove_cvref_t<U>, Errno>)
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(U&& value) : value_(std::forward<U>(value)), error_(0) {}

    Result(Result&& other) noexcept : error_(other.error_) {
        if (error_ == 0) {
            new (&value_) T(std::move(other.value_));
        }
    }
    Result(const Result&) = delete;
    Result& operator=(const Result&) = delete;
    Result& operator=(Result&&) = delete;
    ~Result() {
        if (error_ == 0) {
            value_.~T();
        }
    }

    bool is_error() const { return error_ != 0; }
    explicit operator bool() const { return error_ == 0; }
    // Precondition: is_error().
    Errno error() const { return Errno(error_); }
    // Precondition: !is_error().
    T& value() { return value_; }
    const T& value() const { return value_; }
    T release_value() { return std::move(value_); }

  private:
    union {
        T value_;
    };
    int error_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(Errno error) : error_(error.value) {}

    bool is_error() const { return error_ != 0; }
    explicit operator bool() const { return error_ == 0; }
    Errno error() const { return Errno(error_); }
    void release_value() {}

  private:
    int error_ = 0;
};

}  // namespace kernel

#define KERNEL_TRY_NAMED(name, expression)  \
    __extension__({                         \
        auto name = (expression);           \
        if (name.is_error()) [[unlikely]] { \
            return name.error();            \
        }                                   \
        name.release_value();               \
    })
#define KERNEL_TRY_JOIN(a, b) a##b
#define KERNEL_TRY_COUNTED(counter, expression) KERNEL_TRY_NAMED(KERNEL_TRY_JOIN(try_, counter), expression)
// The value of a Result, or return its error from the enclosing function (which returns a Result itself).
#define TRY(...) KERNEL_TRY_COUNTED(__COUNTER__, (__VA_ARGS__))
