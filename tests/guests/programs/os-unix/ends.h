// What programs about one connected pair of UNIX sockets share: the pair, and a line for each call with its
// label.
#pragma once

#include <sys/socket.h>

#include "../report.h"

static int ends[2];

static inline long told(const char* label, long result) {
    const int error = errno;
    printf("%s: %ld %s\n", label, result, result < 0 ? strerrorname_np(error) : "");
    return result;
}

// Another pair, in place of the last.
static inline void renew(int type) {
    close(ends[0]);
    close(ends[1]);
    socketpair(AF_UNIX, type, 0, ends);
}
