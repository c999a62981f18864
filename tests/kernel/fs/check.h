// A tiny test frame for programs that run as process 1 on a bare kernel: ours, or real Linux. Each test
// prints "PASS name" or "FAIL name: file:line: what"; the last line counts them.
#pragma once

#include <errno.h>
#include <stdbool.h>

typedef void (*test_function)(void);

struct test_case {
    const char* name;
    test_function run;
};

void check_failed(const char* file, int line, const char* format, ...) __attribute__((format(printf, 3, 4)));

// Runs a list of tests, each in a fresh and empty working directory.
void run_tests(const struct test_case* tests);

#define CHECK(condition)                                        \
    do {                                                        \
        if (!(condition)) {                                     \
            check_failed(__FILE__, __LINE__, "%s", #condition); \
        }                                                       \
    } while (0)

// Both are evaluated once.
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

#define TEST(name) static void name(void)

extern const struct test_case path_tests[];
extern const struct test_case file_tests[];
extern const struct test_case descriptor_tests[];
extern const struct test_case pipe_tests[];
extern const struct test_case poll_tests[];
extern const struct test_case mount_tests[];
extern const struct test_case proc_tests[];
extern const struct test_case lock_tests[];
extern const struct test_case socket_tests[];
extern const struct test_case splice_tests[];
extern const struct test_case tty_tests[];
