#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tests/kernel/case.h"

CASE(terminals_have_settings) {
    int fd = open("/dev/ttyAMA0", O_RDWR | O_NOCTTY);
    CHECK(fd >= 0);
    struct termios settings;
    CHECK_EQUAL(tcgetattr(fd, &settings), 0);
    CHECK_EQUAL(settings.c_iflag, ICRNL | IXON);
    CHECK_EQUAL(settings.c_oflag, OPOST | ONLCR);
    CHECK_EQUAL(settings.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN);
    CHECK_EQUAL(settings.c_cc[VINTR], 3);
    CHECK_EQUAL(settings.c_cc[VEOF], 4);
    CHECK_EQUAL(settings.c_cc[VMIN], 1);
    struct termios raw = settings;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 1;
    CHECK_EQUAL(tcsetattr(fd, TCSAFLUSH, &raw), 0);
    struct termios read_back;
    CHECK_EQUAL(tcgetattr(fd, &read_back), 0);
    CHECK_EQUAL(read_back.c_lflag, raw.c_lflag);
    CHECK_EQUAL(read_back.c_cc[VTIME], 1);
    char byte = 0;
    CHECK_EQUAL(read(fd, &byte, 1), 0);
    CHECK_EQUAL(tcsetattr(fd, TCSANOW, &settings), 0);
    CHECK(isatty(fd));
    close(fd);
}

CASE(terminals_are_no_files_to_seek) {
    int fd = open("/dev/ttyAMA0", O_RDWR | O_NOCTTY | O_NONBLOCK);
    char byte = 0;
    int count = -1;
    CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
    CHECK_ERRNO(lseek(fd, 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(pread(fd, &byte, 1, 0), ESPIPE);
    CHECK_EQUAL(ioctl(fd, FIONREAD, &count), 0);
    CHECK_EQUAL(count, 0);
    struct pollfd entry = {fd, POLLIN | POLLOUT, 0};
    CHECK_EQUAL(poll(&entry, 1, 0), 1);
    CHECK_EQUAL(entry.revents, POLLOUT);
    struct winsize size = {30, 100, 0, 0};
    CHECK_EQUAL(ioctl(fd, TIOCSWINSZ, &size), 0);
    memset(&size, 0, sizeof(size));
    CHECK_EQUAL(ioctl(fd, TIOCGWINSZ, &size), 0);
    CHECK_EQUAL(size.ws_col, 100);
    CHECK_ERRNO(ioctl(fd, 0x1234, &size), ENOTTY);
    CHECK_EQUAL(ioctl(fd, TCFLSH, 0), 0);
    CHECK_ERRNO(ioctl(fd, TCFLSH, 9), EINVAL);
    close(fd);
}

CASE(controlling_terminals) {
    int group = 0;
    CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
    int fd = open("/dev/ttyAMA0", O_RDWR | O_NOCTTY);
    CHECK_ERRNO(ioctl(fd, TIOCGPGRP, &group), ENOTTY);
    if (getsid(0) != getpid()) {
        setsid();
    }
    CHECK_EQUAL(ioctl(fd, TIOCSCTTY, 0), 0);
    CHECK_EQUAL(ioctl(fd, TIOCGPGRP, &group), 0);
    CHECK_EQUAL(group, getpgrp());
    CHECK_EQUAL(ioctl(fd, TIOCGSID, &group), 0);
    CHECK_EQUAL(group, getsid(0));
    int tty = open("/dev/tty", O_RDWR);
    CHECK(tty >= 0);
    CHECK_EQUAL(tcsetpgrp(tty, getpgrp()), 0);
    CHECK_ERRNO(tcsetpgrp(tty, 30000), ESRCH);
    close(tty);
    close(fd);
}
