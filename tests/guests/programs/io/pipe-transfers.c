// Pipes where a transfer meets a bad address, in packets, and with room that changes: what has moved, what is
// left and what a poll says of it.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kPage = 4096 };
static char* memory;  // two pages, and no third
static char buffer[70000];
static void* volatile nowhere = (void*)8;
static int ends[2];

static void report(const char* label, long result) {
    int held = 0;
    const int error = errno;
    struct pollfd polled[2] = {{.fd = ends[0], .events = POLLIN}, {.fd = ends[1], .events = POLLOUT}};
    ioctl(ends[0], FIONREAD, &held);
    poll(polled, 2, 0);
    printf("%s: %ld %s, holds %d, in %x out %x\n", label, result, result < 0 ? strerrorname_np(error) : "",
           held, polled[0].revents, polled[1].revents);
}

static void renew(int flags) {
    close(ends[0]);
    close(ends[1]);
    pipe2(ends, O_NONBLOCK | flags);
}

static void bad_sources(void) {
    renew(0);
    report("a write that cannot be read to its end", write(ends[1], memory + 2 * kPage - 3, 10));
    report("the slot that it leaves", read(ends[0], buffer, 10));
    report("three bytes", write(ends[1], "abc", 3));
    report("a bad addition to them", write(ends[1], memory + 2 * kPage - 3, 10));
    report("they are there", read(ends[0], buffer, 10));
    report("a page and a bad one", write(ends[1], memory + kPage, 2 * kPage));
    report("the page", read(ends[0], buffer, 2 * kPage));
    renew(0);
    report("a page and a half", write(ends[1], memory + kPage / 2, 2 * kPage));
    struct iovec parts[3] = {{"hello", 5}, {nowhere, 4}, {"x", 1}};
    renew(0);
    report("writev with a bad part", writev(ends[1], parts, 3));
    parts[0] = (struct iovec){memory, 5000};
    renew(0);
    report("writev with a page before it", writev(ends[1], parts, 3));
    renew(0);
    write(ends[1], buffer, 10);
    report("an odd part that fits, and a bad page", write(ends[1], memory + kPage - 4, kPage + 8));
}

static void bad_destinations(void) {
    renew(0);
    write(ends[1], buffer, 3 * kPage);
    report("a read whose second page is bad", read(ends[0], memory + kPage - 100, 3 * kPage));
    report("the rest", read(ends[0], buffer, sizeof(buffer)));
    write(ends[1], buffer, 100);
    report("a read to nowhere", read(ends[0], nowhere, 10));
    report("a read to two bytes and nowhere", read(ends[0], memory + 2 * kPage - 2, 10));
    struct iovec parts[2] = {{buffer, 60}, {nowhere, 60}};
    report("readv within one slot", readv(ends[0], parts, 2));
    write(ends[1], buffer, kPage);
    parts[0].iov_len = 100;
    report("readv across two", readv(ends[0], parts, 2));
}

static void fill_with_nothing(void) {
    renew(0);
    int count = 0;
    while (write(ends[1], nowhere, kPage) < 0 && errno == EFAULT) {
        count++;
    }
    printf("%d bad writes\n", count);
    report("then", -1);
    report("a read of nothing", read(ends[0], buffer, 1));
    report("a write", write(ends[1], "x", 1));
    write(ends[1], nowhere, 1);
    close(ends[1]);
    ends[1] = -1;
    report("the end", read(ends[0], buffer, 10));
    report("is the end", read(ends[0], nowhere, 10));
}

static void packets(void) {
    renew(O_DIRECT);
    printf("flags %x %x\n", fcntl(ends[0], F_GETFL), fcntl(ends[1], F_GETFL));
    write(ends[1], "first", 5);
    write(ends[1], "second", 6);
    report("two packets", write(ends[1], buffer, kPage + 10));
    report("part of the first", read(ends[0], buffer, 2));
    report("the second", read(ends[0], buffer, 100));
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    report("an ordinary write", write(ends[1], "tail", 4));
    report("a page", read(ends[0], buffer, 2 * kPage));
    report("what was beyond it", read(ends[0], buffer, 2 * kPage));
    report("the tail", read(ends[0], buffer, 100));
}

static void room(void) {
    renew(0);
    report("smaller", fcntl(ends[1], F_SETPIPE_SZ, 2 * kPage));
    report("more than fits", write(ends[1], buffer, 3 * kPage));
    report("no room", write(ends[1], "x", 1));
    report("too small", fcntl(ends[1], F_SETPIPE_SZ, kPage));
    report("a byte", read(ends[0], buffer, 1));
    report("does not make room", write(ends[1], "x", 1));
    report("larger", fcntl(ends[0], F_SETPIPE_SZ, 2 * kPage + 1));
    report("makes room", write(ends[1], buffer, kPage + 1));
    report("and merges", write(ends[1], buffer, 10));
    close(ends[0]);
    ends[0] = -1;
    report("nobody reads", write(ends[1], "x", 1));
    report("a bad address nobody reads", write(ends[1], nowhere, 1));
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    memory = mmap(NULL, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(memory + 2 * kPage, kPage);
    pipe2(ends, O_NONBLOCK);
    bad_sources();
    bad_destinations();
    fill_with_nothing();
    packets();
    room();
    return 0;
}
