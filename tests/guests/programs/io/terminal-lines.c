// The line discipline of terminals: editing, echo, output, raw reads, buffers (man 3 termios).
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { Local = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN };

static int master;
static int slave;

static void open_pair(void) {
    int locked = 0;
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
    ioctl(master, TIOCSPTLCK, &locked);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK);
}

// What is typed goes through the line discipline a moment after the write.
static void settle(void) {
    usleep(20000);
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

static void type(const char* text) {
    write(master, text, strlen(text));
    settle();
}

// Types a text, shows its echo, and reads lines until there is none.
static void try_input(const char* what, const char* text) {
    printf("%s\n", what);
    type(text);
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

static void editing(void) {
    try_input("lines", "one\ntwo\rthree\n");
    try_input("erase", "abc\x7f\x7fxy\x01\x7f\n");
    try_input("word and line",
              "foo bar_1  \x17q\n12\x15"
              "3\n");
    try_input("literal",
              "a\x16\x03\x16\x7f"
              "b\n");
    try_input("end of file",
              "abc\x04"
              "def\n\x04");
    try_input("reprint",
              "ab\x12"
              "c\n");
    try_input("tabs", "a\tb\x7f\x7f\x7fx\t\x7f\n\ta\t\x7f\x7f\x7f\x7f.\n");
    try_input("two bytes", "\xc3\xa9\x7f.\n");
    set_flags(ICRNL | IXON | IUTF8, OPOST | ONLCR, Local);
    try_input("UTF-8", "x\xc3\xa9\x7f.\n\xc3\xa9\t\x7f.\n");
    set_character(VEOL, '.');
    set_character(VEOL2, ',');
    try_input("other ends", "ab.cd,ef\n");
    set_character(VEOL, 0);
    set_character(VEOL2, 0);
    set_character(VERASE, '#');
    set_character(VKILL, 0);
    try_input("other characters", "ab#c\x15\n");
    set_character(VERASE, 0x7f);
    set_character(VKILL, 0x15);
}

static void local_flags(void) {
    const struct {
        const char* name;
        tcflag_t flags;
        const char* text;
    } kinds[] = {
        {"no ECHOE", Local & ~ECHOE,
         "ab\x7f"
         "c\x15"
         "d\n"},
        {"no ECHOKE", Local & ~ECHOKE,
         "ab\x7f"
         "c\x15"
         "d\n"},
        {"no ECHOK", Local & ~(ECHOK | ECHOKE),
         "abc\x15"
         "d\n"},
        {"ECHOPRT", Local | ECHOPRT, "abcd\x7f\x7fx\x7f\x7f\x7fq\n"},
        {"no ECHOCTL", Local & ~ECHOCTL,
         "a\x01\x7f"
         "b\x16\x04\n"},
        {"no ECHO", Local & ~ECHO,
         "ab\x7f"
         "c\n"},
        {"ECHONL", (Local & ~ECHO) | ECHONL, "abc\n"},
        {"no IEXTEN", Local & ~IEXTEN,
         "a b\x17"
         "c\x16"
         "d\x12\n"},
        {"EXTPROC", Local | EXTPROC,
         "ab\x7f"
         "c\n"},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        set_flags(ICRNL | IXON, OPOST | ONLCR, kinds[i].flags);
        try_input(kinds[i].name, kinds[i].text);
    }
}

static void input_flags(void) {
    const struct {
        const char* name;
        tcflag_t flags;
        const char* text;
    } kinds[] = {
        {"none", 0, "a\rb\n"},          {"INLCR", INLCR, "a\nb\r\x04"},    {"IGNCR", IGNCR | ICRNL, "a\rb\n"},
        {"ISTRIP", ISTRIP, "\xe1\x8a"}, {"IUCLC", IUCLC | ICRNL, "ABC\r"}, {"PARMRK", PARMRK, "a\xff\n"},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        set_flags(kinds[i].flags, OPOST | ONLCR, Local);
        try_input(kinds[i].name, kinds[i].text);
    }
}

static void output_flags(void) {
    const struct {
        const char* name;
        tcflag_t flags;
        const char* text;
    } kinds[] = {
        {"ONLCR", OPOST | ONLCR, "a\nb"},
        {"XTABS", OPOST | ONLCR | XTABS, "\n\ta\tb\n"},
        {"OCRNL", OPOST | OCRNL, "a\rb"},
        {"ONOCR", OPOST | ONOCR, "\r\ra\r\rb"},
        {"ONLRET", OPOST | ONLRET | ONOCR, "ab\n\rc"},
        {"OLCUC", OPOST | OLCUC, "aBc\n"},
        {"backspace", OPOST | XTABS, "\rab\b\tx"},
        {"none", 0, "a\n\tb\r"},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        set_flags(ICRNL | IXON, kinds[i].flags, Local);
        write(slave, kinds[i].text, strlen(kinds[i].text));
        show_bytes(kinds[i].name, master, 512);
    }
}

static void show_waiting(const char* what) {
    struct pollfd entry = {slave, POLLIN, 0};
    int count = -1;
    ioctl(slave, FIONREAD, &count);
    printf("%s: %d bytes, ready %d\n", what, count, poll(&entry, 1, 0));
}

// Input that is typed in one mode and read in the other; reads of parts of lines; flushing.
static void changes_of_mode(void) {
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local & ~ECHO);
    type("half");
    show_waiting("half a line");
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local & ~(ECHO | ICANON));
    show_waiting("raw");
    show_bytes("two of it", slave, 2);
    set_flags(ICRNL | IXON, OPOST | ONLCR, Local & ~ECHO);
    show_waiting("lines again");
    type("X\n");
    show_bytes("what was left", slave, 100);
    show_bytes("and the line", slave, 100);
    type("l1\nl2\x04p3");
    show_waiting("a line, an end of file, a half");
    show_bytes("one byte", slave, 1);
    show_bytes("the rest", slave, 100);
    show_bytes("up to the end of file", slave, 2);
    show_bytes("no end of file is left", slave, 100);
    type("\nabc\ndef");
    tcflush(slave, TCIFLUSH);
    show_waiting("flushed");
    type("zz\n");
    struct termios now;
    tcgetattr(slave, &now);
    tcsetattr(slave, TCSAFLUSH, &now);
    show_waiting("flushed by the settings");
    write(slave, "kept", 4);
    tcflush(slave, TCOFLUSH);
    show_bytes("output that has arrived", master, 100);
}

static void raw_reads(void) {
    set_flags(0, 0, 0);
    set_character(VMIN, 5);
    type("abc");
    show_waiting("3 of 5");
    show_bytes("without waiting", slave, 100);
    type("abcdefg");
    show_waiting("7 of 5");
    show_bytes("all of them", slave, 100);
    set_character(VMIN, 0);
    show_bytes("no minimum", slave, 100);
    set_character(VTIME, 1);
    show_bytes("no minimum but a time", slave, 100);
    fcntl(slave, F_SETFL, O_RDWR);
    show_bytes("after a tenth of a second", slave, 100);
    set_character(VMIN, 4);
    type("ab");
    show_bytes("the time runs from the first byte on", slave, 100);
    set_character(VTIME, 0);
    set_character(VMIN, 100);
    char many[150];
    memset(many, 'q', sizeof(many));
    write(master, many, sizeof(many));
    settle();
    printf("a minimum beyond a piece: %zd\n", read(slave, many, sizeof(many)));
    fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
    char* volatile nowhere = (char*)1;
    printf("to nowhere: %zd %s\n", read(slave, nowhere, 10), strerrorname_np(errno));
    set_character(VMIN, 1);
    printf("what is left of it: %zd\n", read(slave, many, sizeof(many)));
    printf("from nowhere: %zd %s\n", write(slave, nowhere, 10), strerrorname_np(errno));
}

static void long_lines(void) {
    static char many[5000];
    memset(many, 'x', sizeof(many));
    set_flags(ICRNL, 0, Local & ~ECHO);
    for (int i = 0; i < 2; i++) {
        write(master, many, 3000);
        settle();
    }
    type("END\n");
    ssize_t count = read(slave, many, sizeof(many));
    printf("a line of 6003 bytes: %zd, ends with %.5s", count, many + count - 5);
    count = read(slave, many, sizeof(many));
    printf("and then: %zd\n", count);
}

int main(void) {
    open_pair();
    editing();
    local_flags();
    input_flags();
    output_flags();
    changes_of_mode();
    raw_reads();
    long_lines();
    return 0;
}
