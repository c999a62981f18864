// A test frame for a program that is process 1 of a bare kernel: ours, or real Linux, which is the reference.
// Each case runs in a child of its own, in a fresh and empty working directory. It prints "PASS name", or
// "FAIL name" behind the line that says what failed; the last line of all counts them.
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

struct test_case {
    const char* name;
    void (*run)(void);
    struct test_case* next;
};

// Adds a case behind those that are there.
void register_case(struct test_case* one);

// Says what failed and ends the process with a status that its parent reports: a case that forks has to look
// at its children's.
void check_failed(const char* file, int line, const char* format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#define CASE(case_name)                                                           \
    static void case_name(void);                                                  \
    __attribute__((constructor)) static void register_##case_name(void) {         \
        static struct test_case case_of_##case_name = {#case_name, case_name, 0}; \
        register_case(&case_of_##case_name);                                      \
    }                                                                             \
    static void case_name(void)

#define CHECK(condition)                                        \
    do {                                                        \
        if (!(condition)) {                                     \
            check_failed(__FILE__, __LINE__, "%s", #condition); \
        }                                                       \
    } while (0)

// Both are evaluated once. (C casts: both languages include this, and calls return integers and pointers.)
#define CHECK_EQUAL(actual, expected)                                                              \
    do {                                                                                           \
        long long actual_ = (long long)(actual);                                                   \
        long long expected_ = (long long)(expected);                                               \
        if (actual_ != expected_) {                                                                \
            check_failed(__FILE__, __LINE__, "%s is %lld, not %lld", #actual, actual_, expected_); \
        }                                                                                          \
    } while (0)

// The call fails, with this errno.
#define CHECK_ERRNO(call, expected)                                                                       \
    do {                                                                                                  \
        errno = 0;                                                                                        \
        long long result_ = (long long)(call);                                                            \
        int errno_ = errno;                                                                               \
        if (result_ != -1 || errno_ != (expected)) {                                                      \
            check_failed(__FILE__, __LINE__, "%s is %lld, errno %d (%s), not %s", #call, result_, errno_, \
                         strerror(errno_), #expected);                                                    \
        }                                                                                                 \
    } while (0)
