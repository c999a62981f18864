// What sendfile, splice and copy_file_range take from and put into (man 2 splice, man 2 copy_file_range).
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/kernel/case.h"

enum { kLength = 10 };

// A pipe's or a socket's end with the other one, whose number goes to *other.
static int pipe_end(int which, int* other) {
    int ends[2];
    pipe2(ends, O_NONBLOCK);
    *other = ends[1 - which];
    return ends[which];
}

static int socket_end(int* other) {
    int ends[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
    *other = ends[1];
    return ends[0];
}

static int file_of_bytes(void) {
    int fd = open("bytes", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK_EQUAL(write(fd, "0123456789", kLength), kLength);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

CASE(sendfile_takes_what_has_a_position) {
    int none = open("/dev/null", O_WRONLY);
    int from = file_of_bytes();
    CHECK_EQUAL(sendfile(none, from, NULL, kLength), kLength);
    close(from);
    from = open("/dev/urandom", O_RDONLY);
    CHECK_EQUAL(sendfile(none, from, NULL, kLength), kLength);
    close(from);
    from = open("/dev/zero", O_RDONLY);
    CHECK_ERRNO(sendfile(none, from, NULL, kLength), EINVAL);
    close(from);
    int other;
    from = pipe_end(0, &other);
    CHECK_EQUAL(write(other, "x", 1), 1);
    CHECK_ERRNO(sendfile(none, from, NULL, kLength), EINVAL);
    close(from);
    close(other);
    close(none);
}

CASE(sendfile_into_a_pipe_takes_from_sockets) {
    int peer;
    int reader;
    int from = socket_end(&peer);
    int to = pipe_end(1, &reader);
    CHECK_EQUAL(write(peer, "abc", 3), 3);
    CHECK_EQUAL(sendfile(to, from, NULL, kLength), 3);
    int event = eventfd(5, EFD_NONBLOCK);
    CHECK_ERRNO(sendfile(to, event, NULL, kLength), EINVAL);
    close(event);
    close(from);
    close(peer);
    close(to);
    close(reader);
}

CASE(devices_without_an_end_are_not_spliced_into) {
    int from = file_of_bytes();
    int writer;
    int reader = pipe_end(0, &writer);
    CHECK_EQUAL(write(writer, "abc", 3), 3);
    const char* names[] = {"/dev/zero", "/dev/full"};
    for (int i = 0; i < 2; i++) {
        int to = open(names[i], O_WRONLY);
        CHECK_ERRNO(sendfile(to, from, NULL, kLength), EINVAL);
        CHECK_ERRNO(splice(reader, NULL, to, NULL, 3, 0), EINVAL);
        close(to);
    }
    int event = eventfd(0, EFD_NONBLOCK);
    CHECK_ERRNO(splice(reader, NULL, event, NULL, 3, 0), EINVAL);
    close(event);
    close(from);
    close(reader);
    close(writer);
}

CASE(splice_looks_at_offsets_before_rights) {
    int file = file_of_bytes();
    int writer;
    int reader = pipe_end(0, &writer);
    loff_t offset = 0;
    int read_only = open("bytes", O_RDONLY);
    CHECK_ERRNO(splice(reader, &offset, read_only, NULL, 1, 0), ESPIPE);
    CHECK_ERRNO(splice(reader, NULL, read_only, NULL, 1, 0), EBADF);
    int peer;
    int socket = socket_end(&peer);
    CHECK_ERRNO(splice(reader, NULL, socket, &offset, 1, 0), EINVAL);
    CHECK_ERRNO(splice(socket, &offset, writer, NULL, 1, 0), EINVAL);
    CHECK_ERRNO(splice(file, NULL, socket, NULL, 1, 0), EINVAL);
    close(socket);
    close(peer);
    close(read_only);
    close(reader);
    close(writer);
    close(file);
}

CASE(copy_file_range_stays_in_its_file_system) {
    int from = file_of_bytes();
    int to = memfd_create("memory", 0);
    CHECK_ERRNO(copy_file_range(from, NULL, to, NULL, kLength, 0), EXDEV);
    close(to);
    int appending = open("other", O_WRONLY | O_CREAT | O_APPEND, 0600);
    CHECK_ERRNO(copy_file_range(from, NULL, appending, NULL, kLength, 0), EBADF);
    close(appending);
    close(from);
}

CASE(vmsplice_gives_the_pages_themselves) {
    int ends[2];
    char read_back[6000];
    CHECK_EQUAL(pipe(ends), 0);
    char* memory = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQUAL(munmap(memory + 2 * 4096, 4096), 0);
    memset(memory, 'a', 2 * 4096);
    struct iovec parts[2] = {{memory + 100, 5000}, {memory, 10}};
    CHECK_EQUAL(vmsplice(ends[1], parts, 2, 0), 5010);
    memory[100] = 'z';
    CHECK_EQUAL(write(ends[1], "b", 1), 1);
    CHECK_EQUAL(read(ends[0], read_back, sizeof(read_back)), 5011);
    CHECK_EQUAL(read_back[0], 'z');
    CHECK_EQUAL(read_back[1], 'a');
    parts[0] = (struct iovec){memory + 2 * 4096 - 3, 10};
    CHECK_EQUAL(vmsplice(ends[1], parts, 1, 0), 3);
    parts[0].iov_base = (void*)8;
    CHECK_ERRNO(vmsplice(ends[1], parts, 1, 0), EFAULT);
    CHECK_ERRNO(vmsplice(ends[1], parts, 1, 99), EINVAL);
    CHECK_ERRNO(vmsplice(STDIN_FILENO, parts, 1, 0), EBADF);
    parts[0] = (struct iovec){read_back, 10};
    CHECK_EQUAL(vmsplice(ends[0], parts, 1, 0), 3);
    CHECK_ERRNO(vmsplice(ends[0], parts, 1, SPLICE_F_NONBLOCK), EAGAIN);
}
