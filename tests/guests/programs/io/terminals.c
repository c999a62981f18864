// Pseudo-terminals as devices: devpts and its nodes, locks, what belongs to master and slave, hanging up.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "../behaviours.h"

static void say(const char* what, long result) {
    if (result < 0) {
        printf("%s: %s\n", what, strerrorname_np(errno));
    } else {
        printf("%s: %ld\n", what, result);
    }
}

static void show_node(const char* path) {
    struct stat about;
    if (stat(path, &about) != 0) {
        say(path, -1);
        return;
    }
    printf("%s: mode %o, device %u:%u, owner %u:%u", path, about.st_mode, major(about.st_rdev),
           minor(about.st_rdev), about.st_uid, about.st_gid);
    if (strstr(path, "pts") != NULL) {
        printf(", inode %lu", about.st_ino);  // those of devtmpfs depend on its other devices
    }
    printf("\n");
}

static void show_ready(const char* what, int fd) {
    struct pollfd entry = {fd, POLLIN | POLLOUT | POLLPRI, 0};
    poll(&entry, 1, 0);
    printf("%s: ready %#x\n", what, entry.revents);
}

// Bytes that the other end has written are there at once; its echo comes a moment later.
static void wait_for_echo(void) {
    usleep(20000);
}

static void nodes(int master) {
    unsigned number = 99;
    int locked = -1;
    say("number", ioctl(master, TIOCGPTN, &number));
    say("lock", ioctl(master, TIOCGPTLCK, &locked));
    printf("pair %u, locked %d\n", number, locked);
    say("a locked slave", open("/dev/pts/0", O_RDWR | O_NOCTTY));
    show_node("/dev/pts");
    show_node("/dev/pts/ptmx");
    show_node("/dev/pts/0");
    struct statfs about;
    statfs("/dev/pts", &about);
    printf("type %lx, block size %ld\n", about.f_type, about.f_bsize);
    say("create", open("/dev/pts/x", O_CREAT | O_RDWR, 0600));
    say("mkdir", mkdir("/dev/pts/x", 0700));
    say("unlink", unlink("/dev/pts/0"));
    say("rename", rename("/dev/pts/0", "/dev/pts/9"));
    say("chmod", chmod("/dev/pts/0", 0640));
    mknod("/tmp/slave", S_IFCHR | 0600, makedev(136, 0));
    say("a node elsewhere", open("/tmp/slave", O_RDWR | O_NOCTTY));
    mknod("/tmp/ptmx", S_IFCHR | 0600, makedev(5, 2));
    say("a ptmx without devpts", open("/tmp/ptmx", O_RDWR | O_NOCTTY));
}

// Which commands belong to which end.
static void commands(int master, int slave) {
    int number = 0;
    char scratch[64];
    say("number of the slave", ioctl(slave, TIOCGPTN, &number));
    say("packet mode of the slave", ioctl(slave, TIOCPKT, &number));
    say("peer of the slave", ioctl(slave, TIOCGPTPEER, O_RDWR));
    const int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    printf("peer %s, flags %x, %x\n", ttyname(peer), fcntl(peer, F_GETFL), fcntl(peer, F_GETFD));
    close(peer);
    printf("terminals: %d %d, %s\n", isatty(master), isatty(slave), ptsname(master));
    struct winsize size = {24, 80, 0, 0};
    say("window", ioctl(master, TIOCSWINSZ, &size));
    size.ws_row = 0;
    ioctl(slave, TIOCGWINSZ, &size);
    printf("window of the slave: %d rows\n", size.ws_row);
    say("group of the slave", ioctl(slave, TIOCGPGRP, &number));
    say("group through the master", ioctl(master, TIOCGPGRP, &number));
    say("session of the slave", ioctl(slave, TIOCGSID, &number));
    say("session through the master", ioctl(master, TIOCGSID, &number));
    say("foreground", tcsetpgrp(slave, getpgrp()));
    say("give up", ioctl(slave, TIOCNOTTY));
    say("modem lines", ioctl(slave, TIOCMGET, &number));
    number = 7;
    say("line discipline 7", ioctl(slave, TIOCSETD, &number));
    say("no command", ioctl(slave, 0x5499, scratch));
    say("settings to nowhere", ioctl(slave, TCGETS, 1));
    say("settings from nowhere", ioctl(slave, TCSETSF, 1));
    say("signal 9", ioctl(master, TIOCSIG, SIGKILL));
    say("signal through the slave", ioctl(slave, TIOCSIG, SIGINT));
    say("seek", lseek(slave, 0, SEEK_SET));
    say("pread", pread(slave, scratch, 1, 0));
    say("/dev/tty", open("/dev/tty", O_RDWR));
    ioctl(slave, TIOCEXCL);
    say("exclusive", ioctl(slave, TIOCGEXCL, &number));
    ioctl(slave, TIOCNXCL);
    say("flush", tcflush(slave, 9));
    say("flow", tcflow(slave, 9));
    say("break", tcsendbreak(slave, 0));
}

static void show_settings(const char* what, int fd) {
    struct termios now;
    tcgetattr(fd, &now);
    printf("%s: %x %x %x %x, speed %u, characters", what, now.c_iflag, now.c_oflag, now.c_cflag, now.c_lflag,
           cfgetospeed(&now));
    for (int i = 0; i < 17; i++) {
        printf(" %d", now.c_cc[i]);
    }
    printf("\n");
}

static void settings(int master, int slave) {
    show_settings("new", slave);
    struct termios changed;
    tcgetattr(master, &changed);
    changed.c_cflag = B9600 | CS5 | PARENB;
    changed.c_cc[VEOL] = '.';
    say("set through the master", tcsetattr(master, TCSANOW, &changed));
    show_settings("changed", slave);
    show_settings("the master's", master);
    struct termios2 {
        unsigned flags[4];
        unsigned char line, characters[19];
        unsigned input, output;
    } exact;
    ioctl(slave, _IOR('T', 0x2A, struct termios2), &exact);
    printf("speeds %u %u\n", exact.input, exact.output);
    exact.flags[2] = (exact.flags[2] & ~CBAUD) | 0010000;
    exact.output = 12345;
    ioctl(slave, _IOW('T', 0x2B, struct termios2), &exact);
    ioctl(slave, _IOR('T', 0x2A, struct termios2), &exact);
    printf("speeds %u %u\n", exact.input, exact.output);
}

static void slave_closes(int master, int slave) {
    char bytes[64];
    write(slave, "bye", 3);
    close(slave);
    show_ready("closed, bytes left", master);
    say("left", read(master, bytes, sizeof(bytes)));
    say("none left", read(master, bytes, sizeof(bytes)));
    say("write to nobody", write(master, "late\n", 5));
    slave = open("/dev/pts/0", O_RDWR | O_NOCTTY | O_NONBLOCK);
    wait_for_echo();
    show_ready("open again", slave);
    say("what came meanwhile", read(slave, bytes, sizeof(bytes)));
    fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
    say("its echo", read(master, bytes, sizeof(bytes)));
    say("no more", read(master, bytes, sizeof(bytes)));
    close(slave);
}

static void master_closes(int master) {
    char text[64];
    char link[64] = "";
    struct termios now;
    unsigned number = 0;
    const int slave = open("/dev/pts/0", O_RDWR | O_NOCTTY);
    write(master, "unread\n", 7);
    close(master);
    show_ready("hung up", slave);
    say("read", read(slave, text, sizeof(text)));
    say("write", write(slave, "x", 1));
    say("settings", tcgetattr(slave, &now));
    say("foreground", tcsetpgrp(slave, getpgrp()));
    printf("terminal: %d\n", isatty(slave));
    say("the node", access("/dev/pts/0", F_OK));
    snprintf(text, sizeof(text), "/proc/self/fd/%d", slave);
    readlink(text, link, sizeof(link) - 1);
    printf("was %s\n", link);
    say("open by its descriptor", open(text, O_RDWR | O_NOCTTY));
    int next = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    ioctl(next, TIOCGPTN, &number);
    printf("while that is open: pair %u\n", number);
    close(next);
    close(slave);
    next = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    ioctl(next, TIOCGPTN, &number);
    printf("then: pair %u\n", number);
    close(next);
}

static void mounts(void) {
    mkdir("/tmp/pts", 0755);
    say("unknown option", mount("devpts", "/tmp/pts", "devpts", 0, "colour=1"));
    say("no octal", mount("devpts", "/tmp/pts", "devpts", 0, "mode=9"));
    say("negative", mount("devpts", "/tmp/pts", "devpts", 0, "max=-1"));
    say("mount", mount("devpts", "/tmp/pts", "devpts", 0, "newinstance,gid=5,mode=620,ptmxmode=666,max=2"));
    const int first = open("/tmp/pts/ptmx", O_RDWR | O_NOCTTY);
    const int second = open("/tmp/ptmx", O_RDWR | O_NOCTTY);
    show_node("/tmp/pts/0");
    show_node("/tmp/pts/1");
    say("a third", open("/tmp/pts/ptmx", O_RDWR | O_NOCTTY));
    say("unmount while open", umount("/tmp/pts"));
    close(first);
    close(second);
    say("unmount", umount("/tmp/pts"));
}

static void show_nodes(void) {
    nodes(open("/dev/ptmx", O_RDWR | O_NOCTTY));
}

static void try_commands(void) {
    const int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    int locked = 0;
    ioctl(master, TIOCSPTLCK, &locked);
    const int slave = open("/dev/pts/0", O_RDWR | O_NOCTTY);
    commands(master, slave);
}

static void try_settings(void) {
    const int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    int locked = 0;
    ioctl(master, TIOCSPTLCK, &locked);
    const int slave = open("/dev/pts/0", O_RDWR | O_NOCTTY);
    settings(master, slave);
}

static void close_both(void) {
    const int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    int locked = 0;
    ioctl(master, TIOCSPTLCK, &locked);
    const int slave = open("/dev/pts/0", O_RDWR | O_NOCTTY);
    slave_closes(master, slave);
    master_closes(master);
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"nodes", show_nodes},
                                                   {"commands", try_commands},
                                                   {"settings", try_settings},
                                                   {"closes", close_both},
                                                   {"mounts", mounts}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
