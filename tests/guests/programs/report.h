// How the programs that make raw calls report them: one line a call, with its text, its result and its error.
#pragma once

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRY(...)                                  \
    do {                                          \
        errno = 0;                                \
        const long result_ = (long)(__VA_ARGS__); \
        report(#__VA_ARGS__, result_, errno);     \
    } while (0)

// An address that no program can have, which the compiler does not know to be one.
static void* volatile const kBadAddress = (void*)8;

static inline void report(const char* call, long result, int error) {
    if (result == -1 && error != 0) {
        printf("%s: %s\n", call, strerrorname_np(error));
    } else {
        printf("%s: %ld\n", call, result);
    }
}

// Prints a file without the lines that begin with one of the words, which end with a null pointer.
static inline void print_file(const char* path, const char* const* leave_out) {
    FILE* file = fopen(path, "r");
    char line[256];
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        int is_out = 0;
        for (const char* const* word = leave_out; *word != NULL; ++word) {
            is_out = is_out || strncmp(line, *word, strlen(*word)) == 0;
        }
        if (!is_out) {
            printf("  %s", line);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static inline void print_fdinfo(int fd) {
    static const char* const kVaries[] = {"ino:", "mnt_id:", NULL};
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    print_file(path, kVaries);
}
