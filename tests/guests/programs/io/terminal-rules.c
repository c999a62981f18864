// More of the rules of terminals: forms of the settings, speeds, the characters of special modes where they
// meet, columns, raw reads that wait, packets.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

enum { Local = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN };

static int master;
static int slave;

static void open_pair(void) {
    int locked = 0;
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
    ioctl(master, TIOCSPTLCK, &locked);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK);
}

static void show_bytes(const char* what, int fd, size_t size) {
    char bytes[512];
    const ssize_t count = read(fd, bytes, size);
    if (count < 0) {
        printf("%s: %s\n", what, strerrorname_np(errno));
        return;
    }
    printf("%s: %zd ", what, count);
    for (ssize_t i = 0; i < count; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        printf(byte >= ' ' && byte < 0x7f ? "%c" : "<%02x>", byte);
    }
    printf("\n");
}

// What is typed goes through the line discipline a moment after the write.
static void type(const char* text, size_t size) {
    (void)!write(master, text, size);
    usleep(20000);
}

static void show_ready(const char* what, int fd) {
    struct pollfd entry = {fd, POLLIN | POLLOUT | POLLPRI, 0};
    int count = -1;
    poll(&entry, 1, 0);
    ioctl(fd, FIONREAD, &count);
    printf("%s: ready %#x, %d bytes\n", what, entry.revents, count);
}

static void try_input(const char* what, const char* text) {
    printf("%s\n", what);
    type(text, strlen(text));
    show_bytes("  echo", master, 512);
    for (int has_line = 1; has_line;) {
        struct pollfd entry = {slave, POLLIN, 0};
        has_line = poll(&entry, 1, 0) == 1;
        show_bytes("  line", slave, 512);
    }
}

static void set_flags(tcflag_t input, tcflag_t output, tcflag_t local) {
    struct termios now;
    tcgetattr(slave, &now);
    now.c_iflag = input;
    now.c_oflag = output;
    now.c_lflag = local;
    tcsetattr(slave, TCSANOW, &now);
}

static void set_character(int which, int value) {
    struct termios now;
    tcgetattr(slave, &now);
    now.c_cc[which] = (cc_t)value;
    tcsetattr(slave, TCSANOW, &now);
}

// Linux's own structures, which libc hides.
struct settings2 {
    unsigned flags[4];
    unsigned char line;
    unsigned char characters[19];
    unsigned input_speed;
    unsigned output_speed;
};
struct settings1 {
    unsigned short flags[4];
    unsigned char line;
    unsigned char characters[8];
};

enum {
    GetSettings2 = 0x802c542a,
    SetSettings2 = 0x402c542b,
    SetSettingsWaiting2 = 0x402c542c,
    SetSettingsFlushing2 = 0x402c542d,
};

static void show_speeds(const char* what) {
    struct settings2 now;
    ioctl(slave, GetSettings2, &now);
    printf("%s: %#o, %u %u\n", what, now.flags[2], now.input_speed, now.output_speed);
}

static void speeds(void) {
    struct settings2 now;
    char text[32];
    for (unsigned speed = 0; speed <= 017; speed++) {
        ioctl(slave, GetSettings2, &now);
        now.flags[2] = CS8 | CREAD | speed;
        now.input_speed = now.output_speed = 12345;
        ioctl(slave, SetSettings2, &now);
        snprintf(text, sizeof(text), "speed %#o", speed);
        show_speeds(text);
        now.flags[2] |= 010000;
        ioctl(slave, SetSettings2, &now);
        snprintf(text, sizeof(text), "speed %#o", speed | 010000);
        show_speeds(text);
    }
    now.flags[2] = CS8 | CREAD | B9600 | B1200 << 16;
    now.input_speed = now.output_speed = 777;
    ioctl(slave, SetSettings2, &now);
    show_speeds("other for input");
    now.flags[2] = CS8 | CREAD | B9600 | 010000U << 16;
    ioctl(slave, SetSettingsWaiting2, &now);
    show_speeds("free for input");
    now.flags[2] = CS8 | CREAD | 010000 | B4800 << 16;
    ioctl(slave, SetSettingsFlushing2, &now);
    show_speeds("free for output");
    struct settings1 old;
    TRY(ioctl(slave, TCGETA, &old));
    printf("%x %x %x %x\n", old.flags[0], old.flags[1], old.flags[2], old.flags[3]);
    old.flags[0] = ICRNL;
    old.flags[1] = OPOST;
    old.flags[2] = CS7 | PARODD | B2400;
    old.flags[3] = ICANON;
    old.line = 3;
    old.characters[VEOF] = 'e';
    type("half", 4);
    TRY(ioctl(slave, TCSETA, &old));
    show_speeds("the oldest form");
    TRY(ioctl(slave, TCSETAW, &old));
    TRY(ioctl(slave, TCSETAF, &old));
    ioctl(slave, GetSettings2, &now);
    printf("%x %x %x %x, %d, %d %d %d\n", now.flags[0], now.flags[1], now.flags[2], now.flags[3], now.line,
           now.characters[VEOF], now.characters[VSTART], now.characters[VMIN]);
    type("\n", 1);
    show_bytes("flushed", slave, 100);
    int value = -1;
    TRY(ioctl(slave, TIOCGSOFTCAR, &value));
    printf("%d\n", value);
    value = 1;
    TRY(ioctl(slave, TIOCSSOFTCAR, &value));
    TRY(ioctl(slave, TIOCGSOFTCAR, &value));
    printf("%d\n", value);
    show_speeds("without a carrier");
    value = 0;
    TRY(ioctl(slave, TIOCSSOFTCAR, &value));
    show_speeds("with one");
    TRY(ioctl(slave, TIOCSSOFTCAR, kBadAddress));
    TRY(ioctl(slave, TIOCGSOFTCAR, kBadAddress));
    TRY(ioctl(slave, TCGETA, kBadAddress));
    TRY(ioctl(slave, TCSETA, kBadAddress));
    TRY(ioctl(slave, GetSettings2, kBadAddress));
    TRY(ioctl(slave, SetSettings2, kBadAddress));
}

static void requests(void) {
    int value = 0;
    TRY(ioctl(slave, TIOCGETD, &value));
    TRY(ioctl(slave, TIOCSETD, &value));
    TRY(ioctl(slave, TIOCSETD, kBadAddress));
    TRY(ioctl(slave, TIOCGEXCL, kBadAddress));
    TRY(ioctl(slave, TIOCOUTQ, &value));
    (void)!write(slave, "waiting", 7);
    usleep(20000);
    TRY(ioctl(slave, TIOCOUTQ, &value));
    printf("%d\n", value);
    TRY(ioctl(master, TIOCOUTQ, &value));
    TRY(ioctl(slave, TIOCOUTQ, kBadAddress));
    TRY(ioctl(slave, FIONREAD, kBadAddress));
    TRY(ioctl(master, FIONREAD, &value));
    printf("%d\n", value);
    TRY(ioctl(slave, TIOCSBRK));
    TRY(ioctl(slave, TIOCCBRK));
    TRY(ioctl(slave, TCSBRK, 0));
    TRY(ioctl(slave, TCSBRK, 1));
    TRY(ioctl(slave, TCSBRKP, 5));
    unsigned device = 0;
    TRY(ioctl(slave, TIOCGDEV, &device));
    printf("%x\n", device);
    TRY(ioctl(master, TIOCGDEV, &device));
    printf("%x\n", device);
    TRY(ioctl(master, TIOCGPTN, kBadAddress));
    TRY(ioctl(master, TIOCGPTLCK, kBadAddress));
    TRY(ioctl(master, TIOCSPTLCK, kBadAddress));
    TRY(ioctl(master, TIOCPKT, kBadAddress));
    TRY(ioctl(master, TIOCGPKT, &value));
    printf("%d\n", value);
    value = 5;
    TRY(ioctl(master, TIOCPKT, &value));
    TRY(ioctl(master, TIOCGPKT, &value));
    printf("%d\n", value);
    value = 7;
    TRY(ioctl(master, TIOCSPTLCK, &value));
    TRY(ioctl(master, TIOCGPTLCK, &value));
    printf("%d\n", value);
    TRY(open(ptsname(master), O_RDWR | O_NOCTTY));
    TRY(ioctl(master, TIOCGPTPEER, O_RDONLY | O_NOCTTY) > 0);
    value = 0;
    TRY(ioctl(master, TIOCSPTLCK, &value));
    TRY(ioctl(slave, TIOCSPTLCK, &value));
    TRY(ioctl(master, TIOCSIG, SIGHUP));
    TRY(ioctl(master, TIOCSIG, SIGTSTP));
    TRY(ioctl(slave, TIOCSTI, kBadAddress));
    TRY(ioctl(slave, TIOCSWINSZ, kBadAddress));
    TRY(ioctl(slave, TIOCGWINSZ, kBadAddress));
    struct winsize size = {1, 2, 3, 4};
    TRY(ioctl(slave, TIOCSWINSZ, &size));
    size = (struct winsize){0};
    TRY(ioctl(master, TIOCGWINSZ, &size));
    printf("%d %d %d %d\n", size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel);
    TRY(ioctl(slave, TCFLSH, 3));
    TRY(ioctl(slave, TCXONC, 4));
    TRY(ioctl(slave, TIOCSCTTY, 0));
    TRY(ioctl(slave, TIOCEXCL));
    TRY(open(ptsname(master), O_RDWR | O_NOCTTY) > 0);
    fflush(stdout);
    if (fork() == 0) {
        (void)!setuid(1000);
        TRY(open("/dev/pts/0", O_RDWR | O_NOCTTY));
        TRY(ioctl(slave, TIOCVHANGUP));
        TRY(ioctl(slave, TIOCNXCL));
        TRY(open("/dev/pts/0", O_RDWR | O_NOCTTY));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    TRY(ioctl(slave, TIOCVHANGUP));
    TRY(ioctl(slave, TIOCGWINSZ, &size));
    TRY(ioctl(slave, TIOCSPGRP, &value));
    TRY(write(slave, "x", 1));
    TRY(read(slave, &value, 1));
    show_ready("the master", master);
}

static void editing_rules(void) {
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local);
    try_input("nothing to erase", "\x7f\x15\x17\n");
    try_input("word after blanks", "one two,  \x17.\n");
    try_input("one word only", "_a1\x17\x17.\n");
    try_input("control characters", "a\x01\x02\x7f\x7f\x7f.\n");
    try_input("a tab after control characters", "a\x01\t\x7f.\n");
    try_input("a tab after a tab", "abc\t\t\x7f.\n");
    try_input("a tab at a stop", "12345678\t\x7f.\n");
    (void)!write(slave, "col", 3);
    show_bytes("output before", master, 100);
    try_input("a tab after output", "\t\x7f.\n");
    (void)!write(slave, "\tcolumn\b\b", 9);
    show_bytes("output before", master, 100);
    try_input("a tab after that", "x\t\x7f\x7f.\n");
    try_input("literal ends", "a\x16\n\x7f\x16\x04.\n");
    try_input("literal and reprinted", "a\x16\x15\x16\x12\x12.\n");
    set_flags(ICRNL | IXON | IUTF8, OPOST | ONLCR, Local);
    try_input("only a continuation", "\xa9\x7f.\n");
    try_input("a tab after two bytes", "\xc3\xa9\xe2\x82\xac\t\x7f.\n");
    try_input("word of two bytes", "ab \xc3\xa9\x17\x17.\n");
    set_flags(ICRNL | IXON | IUTF8, OPOST | ONLCR, Local | ECHOPRT);
    try_input("printed", "ab\xc3\xa9\x7f\x7f\x16x\x7f\x12y\n");
    try_input("printed to the start", "ab\x7f\x7f\n");
    try_input("printed words", "ab cd\x17q\x15z\n");
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local & ~ECHOCTL);
    try_input("a tab after a hidden character", "\x01z\t\x7f.\n");
    try_input("signals", "\x01\x7f\x03\n");
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local & ~(ECHO | ECHOE));
    try_input("unseen", "ab\x7f\x16\x7f\x17\x15q\x12\n");
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local & ~(ECHOE | ECHOK));
    try_input("seen as characters", "ab\x7f\x17q\x15z\n");
    set_flags(ICRNL | IXON | PARMRK, OPOST | ONLCR, Local);
    set_character(VEOL, 0xff);
    try_input("a marked end", "a\xff.\n");
    set_character(VEOL, ';');
    set_character(VEOL2, ':');
    try_input("other ends", ";a:b\n");
    set_flags(ICRNL | IXON, OPOST | ONLCR, (Local & ~ECHO) | ECHONL);
    try_input("other ends unseen", ";a:b\n");
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local & ~IEXTEN);
    try_input("only one of them", ";a:b\x16\x17\x12\n");
    set_character(VEOL, 0);
    set_character(VEOL2, 0);
    set_character(VINTR, 0);
    set_character(VSUSP, 'S');
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local);
    type("a\0b\n", 4);
    show_bytes("a null", master, 100);
    show_bytes("a null", slave, 100);
    try_input("another to suspend", "aSb\x03\n");
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local | NOFLSH);
    try_input("another to quit",
              "a\x1c"
              "bS.\n");
}

static void flow_rules(void) {
    set_flags(ICRNL | IXON | IXANY, OPOST | ONLCR, Local);
    type("\x13", 1);
    TRY(write(slave, "a", 1));
    show_ready("stopped", slave);
    type("x", 1);
    TRY(write(slave, "b", 1));
    show_bytes("any goes on", master, 100);
    type("\x13\x03", 2);
    TRY(write(slave, "c", 1));
    show_bytes("a signal goes on", master, 100);
    set_flags(ICRNL, OPOST | ONLCR, Local);
    try_input("no flow", "\x13\x11\n");
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local);
    type("\x13\x13", 2);
    TRY(write(slave, "d", 1));
    set_flags(ICRNL, OPOST | ONLCR, Local);
    TRY(write(slave, "e", 1));
    show_bytes("no flow any more", master, 100);
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local);
    TRY(tcflow(slave, TCOOFF));
    TRY(tcflow(slave, TCOOFF));
    type("typed", 5);
    set_flags(ICRNL, OPOST | ONLCR, Local);
    TRY(write(slave, "f", 1));
    TRY(tcflow(slave, TCOON));
    TRY(tcflow(slave, TCOON));
    TRY(write(slave, "g", 1));
    show_bytes("at last", master, 100);
    TRY(tcflow(slave, TCION));
    TRY(tcflow(slave, TCIOFF));
    show_bytes("told", master, 100);
    set_character(VSTART, 0);
    TRY(tcflow(slave, TCION));
    show_bytes("told nothing", master, 100);
    type("\n", 1);
    show_bytes("line", slave, 100);
    type("\x13", 1);
    show_bytes("echo", master, 100);
}

static void packet_rules(void) {
    int on = 1;
    ioctl(master, TIOCPKT, &on);
    show_ready("no news", master);
    tcflow(slave, TCOOFF);
    tcflow(slave, TCOON);
    show_ready("news", master);
    show_bytes("the last of two", master, 100);
    tcflush(slave, TCIFLUSH);
    tcflow(slave, TCOOFF);
    tcflush(slave, TCOFLUSH);
    show_bytes("all", master, 1);
    tcflow(slave, TCOON);
    ioctl(master, TIOCPKT, &on);
    show_ready("again", master);
    on = 0;
    ioctl(master, TIOCPKT, &on);
    on = 1;
    ioctl(master, TIOCPKT, &on);
    show_ready("anew", master);
    (void)!write(slave, "data", 4);
    show_ready("data", master);
    show_bytes("one byte", master, 1);
    show_bytes("another", master, 2);
    show_bytes("the rest", master, 100);
    set_character(VSTOP, 'q');
    show_bytes("another character", master, 100);
    set_character(VSTART, 'r');
    show_bytes("and another", master, 100);
    set_character(VSTOP, 'S' - '@');
    set_character(VSTART, 'Q' - '@');
    show_bytes("as before", master, 100);
    set_flags(ICRNL, OPOST, Local);
    set_flags(ICRNL | IXON, OPOST, Local);
    show_bytes("off and on", master, 100);
    set_flags(ICRNL | IXON, OPOST, Local | EXTPROC);
    set_flags(ICRNL | IXON, OPOST, Local);
    show_bytes("external", master, 100);
    set_flags(ICRNL | IXON, OPOST, Local);
    show_bytes("no news", master, 100);
    type("\x1c", 1);
    show_bytes("a signal", master, 100);
    show_bytes("its echo", master, 100);
    close(slave);
    show_ready("closed", master);
    show_bytes("closed", master, 100);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK);
    show_ready("open again", master);
}

static void write_later(const char* first, const char* second) {
    fflush(stdout);
    if (fork() == 0) {
        usleep(50000);
        (void)!write(master, first, strlen(first));
        if (second != NULL) {
            usleep(50000);
            (void)!write(master, second, strlen(second));
        }
        _exit(0);
    }
}

static long tenths_since(const struct timespec* start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const long milliseconds = (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
    return milliseconds / 100;
}

static void waiting_reads(void) {
    struct timespec start;
    fcntl(slave, F_SETFL, O_RDWR);
    set_flags(ICRNL, OPOST, ICANON);
    write_later("half ", "line\n");
    show_bytes("a line", slave, 100);
    wait(NULL);
    set_flags(0, 0, 0);
    set_character(VMIN, 4);
    set_character(VTIME, 0);
    write_later("ab", "cdef");
    show_bytes("four or more", slave, 100);
    wait(NULL);
    set_character(VMIN, 2);
    write_later("ab", "c");
    show_bytes("two of three", slave, 100);
    wait(NULL);
    usleep(20000);
    show_ready("one is not enough", slave);
    set_character(VTIME, 3);
    show_ready("with a time", slave);
    clock_gettime(CLOCK_MONOTONIC, &start);
    show_bytes("one and a time", slave, 100);
    printf("%d\n", tenths_since(&start) >= 3);
    write_later("abc", NULL);
    show_bytes("two or more", slave, 2);
    wait(NULL);
    show_bytes("left", slave, 1);
    set_character(VMIN, 0);
    show_ready("nothing", slave);
    clock_gettime(CLOCK_MONOTONIC, &start);
    show_bytes("a time alone", slave, 100);
    printf("%d\n", tenths_since(&start) >= 3);
    set_character(VTIME, 200);
    write_later("q", NULL);
    show_bytes("a byte in time", slave, 100);
    wait(NULL);
    set_character(VTIME, 0);
    show_bytes("no time", slave, 100);
    set_character(VMIN, 1);
    fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
    show_bytes("nothing there", slave, 100);
    TRY(read(slave, kBadAddress, 0));
    TRY(write(slave, kBadAddress, 0));
    TRY(write(slave, kBadAddress, 1));
    type("abc", 3);
    show_bytes("two", slave, 2);
    show_ready("one left", slave);
    fcntl(slave, F_SETFL, O_RDWR);
    write_later("", NULL);
    close(slave);
    wait(NULL);
    show_bytes("the master alone", master, 10);
    show_ready("the master alone", master);
    TRY(write(master, "for nobody", 10));
}

static void output_rules(void) {
    static const struct {
        const char* name;
        tcflag_t flags;
        const char* text;
    } kKinds[] = {
        {"columns", OPOST | XTABS, "abc\tde\t\b\tx\r\ty\n\tz"},
        {"new lines", OPOST | ONLCR | XTABS, "ab\n\tc\nd\t."},
        {"returns", OPOST | OCRNL | ONLRET | XTABS, "abc\r\td\n\te"},
        {"returns alone", OPOST | OCRNL | XTABS, "\nabc\r\td"},
        {"no returns", OPOST | ONOCR | OCRNL, "\n\r\rab\r\rc\r"},
        {"none at the start", OPOST | ONOCR | ONLRET, "x\n\ry\b\b\rz\r\r"},
        {"upper case", OPOST | OLCUC | ONLCR, "azAZ{`\n"},
        {"control characters", OPOST | XTABS, "\r\x01\x02\tx\x7f\ty"},
    };
    for (size_t i = 0; i < sizeof(kKinds) / sizeof(kKinds[0]); i++) {
        set_flags(ICRNL | IXON, kKinds[i].flags, Local);
        TRY(write(slave, kKinds[i].text, strlen(kKinds[i].text)) == (long)strlen(kKinds[i].text));
        show_bytes(kKinds[i].name, master, 512);
    }
    set_flags(ICRNL | IXON | IUTF8, OPOST | XTABS, Local);
    TRY(write(slave, "\r\xc3\xa9\xe2\x82\xac\tx", 8));
    show_bytes("two and three bytes", master, 512);
    try_input("echo after it", "y\t\x7f\x7f\n");
    // Longer than a piece of output.
    char many[600];
    memset(many, '.', sizeof(many));
    for (size_t i = 0; i < sizeof(many); i += 7) {
        many[i] = '\n';
    }
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local);
    TRY(write(slave, many, sizeof(many)));
    show_bytes("many", master, 300);
    show_bytes("many", master, 500);
    show_bytes("all", master, 500);
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"speeds", speeds},
                                                   {"requests", requests},
                                                   {"editing-rules", editing_rules},
                                                   {"flow-rules", flow_rules},
                                                   {"packet-rules", packet_rules},
                                                   {"waiting-reads", waiting_reads},
                                                   {"output-rules", output_rules}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGHUP, SIG_IGN);
    open_pair();
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
