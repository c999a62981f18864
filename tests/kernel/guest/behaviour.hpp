// A guest test: a static program that is /init of its own initramfs. It runs each case in a child of its own
// and prints one line for each, so that the same bytes can be run on real Linux first and on our kernel then.
#pragma once

#include <cstdio>

namespace behaviour {

struct Case {
    const char* name;
    void (*run)();
    Case* next;
};

inline Case*& first_case() {
    static Case* first = nullptr;
    return first;
}

struct Registration {
    explicit Registration(Case& one) {
        Case** end = &first_case();
        while (*end != nullptr) {
            end = &(*end)->next;
        }
        *end = &one;
    }
};

// Ends the child with a status that its parent reports.
void fail(const char* expression, int line);

}  // namespace behaviour

#define CASE(case_name)                                                                    \
    static void case_name();                                                               \
    static behaviour::Case case_of_##case_name = {#case_name, case_name, nullptr};         \
    static const behaviour::Registration registration_of_##case_name(case_of_##case_name); \
    static void case_name()

#define EXPECT(condition)                          \
    do {                                           \
        if (!(condition)) {                        \
            behaviour::fail(#condition, __LINE__); \
        }                                          \
    } while (false)

// The call fails with exactly this error number. (A C cast: calls return integers and pointers.)
#define EXPECT_ERROR(call, number)                       \
    do {                                                 \
        errno = 0;                                       \
        EXPECT((long)(call) == -1 && errno == (number)); \
    } while (false)
