// The options of level SOL_SOCKET: what each says at first and after it was set, how much of it is written,
// and what is refused, also to a user without rights.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kOptions = 79, kCookie = 57, kCredentials = 17, kNameSpace = 71 };
static void* volatile nowhere = (void*)8;

static const char* result_of(int result) {
    return result < 0 ? strerrorname_np(errno) : "done";
}

// Of those whose value differs from run to run only what is too short for it is asked for, or the whole.
static int is_asked_for(int option, int room) {
    if (option == kCookie || option == kNameSpace) {
        return room < 8;
    }
    return option != kCredentials || room >= (int)sizeof(struct ucred);
}

static void get(int fd, int option, int room) {
    unsigned char value[64];
    socklen_t length = (socklen_t)room;
    if (!is_asked_for(option, room)) {
        return;
    }
    memset(value, 0xee, sizeof(value));
    if (getsockopt(fd, SOL_SOCKET, option, value, &length) < 0) {
        printf(" %s", strerrorname_np(errno));
        return;
    }
    printf(" %d:", (int)length);
    for (socklen_t i = 0; i < length && i < 16 && option != kCredentials; i++) {
        printf("%02x", value[i]);
    }
}

static void get_all(const char* label, int fd) {
    puts(label);
    for (int option = 1; option < kOptions; option++) {
        printf("%d", option);
        get(fd, option, 4);
        get(fd, option, 1);
        get(fd, option, 16);
        get(fd, option, 64);
        puts("");
    }
}

static int set(int fd, int option, int value) {
    return setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value));
}

static int is_filter(int option) {
    return option == SO_ATTACH_FILTER || (option >= SO_ATTACH_BPF && option <= SO_ATTACH_REUSEPORT_EBPF);
}

static void set_all(int fd) {
    static const int kValues[] = {0, 1, 2, -1, 7, 70000, 300000};
    for (int option = 1; option < kOptions; option++) {
        if (is_filter(option) || option == SO_DETACH_FILTER || option == SO_DETACH_REUSEPORT_BPF) {
            continue;
        }
        printf("%d", option);
        for (size_t i = 0; i < sizeof(kValues) / sizeof(*kValues); i++) {
            const int result = set(fd, option, kValues[i]);
            printf(" %s", result_of(result));
            if (result == 0) {
                get(fd, option, 4);
            }
        }
        printf(" short %s", result_of(setsockopt(fd, SOL_SOCKET, option, &option, 3)));
        printf(" nowhere %s\n", result_of(setsockopt(fd, SOL_SOCKET, option, nowhere, 4)));
    }
}

static void times(int fd) {
    static const struct timeval kTimes[] = {{1, 500000}, {0, 1},        {0, 5001},
                                            {-1, 0},     {1L << 60, 0}, {0, 1000000}};
    for (size_t i = 0; i < sizeof(kTimes) / sizeof(*kTimes); i++) {
        struct timeval now = {7, 7};
        socklen_t length = sizeof(now);
        printf("timeout %s",
               result_of(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kTimes[i], sizeof(kTimes[i]))));
        getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &now, &length);
        printf(" %ld %ld\n", now.tv_sec, (long)now.tv_usec);
    }
    static const struct linger kLingers[] = {{1, 3}, {0, 7}, {5, 2}};
    for (size_t i = 0; i < sizeof(kLingers) / sizeof(*kLingers); i++) {
        struct linger now = {9, 9};
        socklen_t length = sizeof(now);
        printf("linger %s",
               result_of(setsockopt(fd, SOL_SOCKET, SO_LINGER, &kLingers[i], sizeof(kLingers[i]))));
        getsockopt(fd, SOL_SOCKET, SO_LINGER, &now, &length);
        printf(" %d %d\n", now.l_onoff, now.l_linger);
    }
}

static void without_rights(void) {
    fflush(stdout);
    if (fork() == 0) {
        setresuid(1000, 1000, 1000);
        const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
        const int options[] = {
            SO_DEBUG, SO_PRIORITY, SO_SNDBUFFORCE, SO_RCVBUFFORCE, SO_MARK, 46, 69, SO_BUSY_POLL_BUDGET,
            62,       SO_RCVMARK};
        for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
            printf("user %d", options[i]);
            printf(" %s", result_of(set(fd, options[i], 1)));
            printf(" %s\n", result_of(set(fd, options[i], 7)));
        }
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

int main(void) {
    int ends[2], value = 1;
    socklen_t length = sizeof(value);
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    get_all("pair", ends[0]);
    get_all("alone", socket(AF_UNIX, SOCK_DGRAM, 0));
    set_all(ends[1]);
    times(ends[0]);
    without_rights();
    printf("another level %s\n", result_of(setsockopt(ends[0], 6, 1, &value, length)));
    printf("another level %s\n", result_of(getsockopt(ends[0], 6, 1, &value, &length)));
    printf("no length %s\n", result_of(getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, nowhere)));
    printf("no value %s\n", result_of(getsockopt(ends[0], SOL_SOCKET, SO_TYPE, nowhere, &length)));
    length = (socklen_t)-1;
    printf("less than nothing %s\n", result_of(getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, &length)));
    printf("no socket %s\n",
           result_of(setsockopt(STDIN_FILENO, SOL_SOCKET, SO_DEBUG, &value, sizeof(value))));
    return 0;
}
