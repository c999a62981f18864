// Sessions and their terminals: signals that are typed, job control, hanging up, flow control, packet mode.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../behaviours.h"

static int master;
static int slave;
static volatile sig_atomic_t seen[32];

static void note(int number) {
    seen[number]++;
}

static void say(const char* what, long result) {
    if (result < 0) {
        printf("%s: %s\n", what, strerrorname_np(errno));
    } else {
        printf("%s: %ld\n", what, result);
    }
}

static void show_signals(const char* what) {
    printf("%s:", what);
    for (int number = 1; number < 32; number++) {
        if (seen[number] != 0) {
            printf(" %s", sigabbrev_np(number));
        }
        seen[number] = 0;
    }
    printf("\n");
}

static void show_bytes(const char* what, int fd, size_t size) {
    char bytes[128];
    usleep(20000);
    const ssize_t count = read(fd, bytes, size);
    if (count < 0) {
        printf("%s: %s\n", what, strerrorname_np(errno));
        return;
    }
    printf("%s:", what);
    for (ssize_t i = 0; i < count; i++) {
        printf(bytes[i] >= ' ' && bytes[i] < 0x7f ? " %c" : " %#x", bytes[i]);
    }
    printf("\n");
}

static void open_pair(int flags) {
    int locked = 0;
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
    ioctl(master, TIOCSPTLCK, &locked);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | flags);
}

static void type(const char* text) {
    write(master, text, strlen(text));
    usleep(20000);
}

static void handle_all(void) {
    const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const struct sigaction action = {.sa_handler = note};
        sigaction(numbers[i], &action, NULL);
    }
}

static void set_local(tcflag_t added, tcflag_t removed) {
    struct termios now;
    tcgetattr(slave, &now);
    now.c_lflag = (now.c_lflag | added) & ~removed;
    tcsetattr(slave, TCSANOW, &now);
}

// Runs a part in a process and with a pair of its own, and says how it ends.
static void in_child(void (*part)(void), int flags) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        open_pair(flags);
        part();
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("ended: %x\n", status);
}

static void lead_session(void) {
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
}

// The terminal of a session, and what is typed there.
static void typed_signals(void) {
    int number = 0;
    setsid();
    say("no terminal", open("/dev/tty", O_RDWR));
    say("take it", ioctl(slave, TIOCSCTTY, 0));
    say("take it again", ioctl(slave, TIOCSCTTY, 0));
    say("group", ioctl(slave, TIOCGPGRP, &number) == 0 && number == getpgrp());
    say("session", ioctl(slave, TIOCGSID, &number) == 0 && number == getpid());
    say("group through the master", ioctl(master, TIOCGPGRP, &number) == 0 && number == getpgrp());
    const int tty = open("/dev/tty", O_RDWR);
    say("is a terminal", isatty(tty));
    close(tty);
    handle_all();
    type("\x03\x1c\x1a");
    show_signals("typed");
    show_bytes("echo", master, 100);
    struct winsize size = {30, 100, 0, 0};
    ioctl(master, TIOCSWINSZ, &size);
    show_signals("a new size");
    ioctl(slave, TIOCSWINSZ, &size);
    show_signals("the same size");
    ioctl(master, TIOCSIG, SIGQUIT);
    show_signals("from the master");
    type(
        "abc\x03"
        "def\n");
    show_bytes("what came before is gone", slave, 100);
    set_local(NOFLSH, 0);
    type(
        "abc\x03"
        "def\n");
    show_bytes("or is not", slave, 100);
    set_local(0, ISIG);
    seen[SIGINT] = 0;
    type("a\x03\n");
    show_signals("no signals");
    show_bytes("a byte", slave, 100);
    say("as if typed", ioctl(slave, TIOCSTI, "Z"));
    ioctl(slave, TIOCSTI, "\n");
    show_bytes("it is", slave, 100);
    number = 30000;
    say("no such group", ioctl(slave, TIOCSPGRP, &number));
    number = -1;
    say("no group", ioctl(slave, TIOCSPGRP, &number));
    number = 1;
    say("a group of another session", ioctl(slave, TIOCSPGRP, &number));
    say("no address", ioctl(slave, TIOCSPGRP, 1));
}

static void background_work(void) {
    char byte = 0;
    setpgid(0, 0);
    say("read", read(slave, &byte, 1));  // stops, until it is in the foreground
    say("write in the foreground", write(slave, "w", 1));
    raise(SIGSTOP);
    say("set the foreground", tcsetpgrp(slave, getpgrp()));  // stops again
    signal(SIGTTIN, SIG_IGN);
    say("read and ignore", read(slave, &byte, 1));
    say("write", write(slave, "w", 1));
    set_local(TOSTOP, 0);
    say("write", write(slave, "w", 1));
}

static void wait_for_stop(const char* what, pid_t child) {
    int status = 0;
    waitpid(child, &status, WUNTRACED);
    if (WIFSTOPPED(status)) {
        printf("%s: stopped by %s\n", what, sigabbrev_np(WSTOPSIG(status)));
    } else {
        printf("%s: ended %x\n", what, status);
    }
}

static void jobs(void) {
    lead_session();
    signal(SIGTTOU, SIG_IGN);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGTTOU, SIG_DFL);
        setvbuf(stdout, NULL, _IONBF, 0);
        background_work();
        _exit(3);
    }
    setpgid(child, child);
    wait_for_stop("reading", child);
    tcsetpgrp(slave, child);
    type("q\n");
    kill(child, SIGCONT);
    wait_for_stop("itself", child);
    tcsetpgrp(slave, getpgrp());
    kill(child, SIGCONT);
    wait_for_stop("setting", child);
    kill(child, SIGCONT);
    wait_for_stop("setting again", child);
    tcsetpgrp(slave, child);
    kill(child, SIGCONT);
    wait_for_stop("last", child);
}

static void typed_stop(void) {
    volatile int* const is_ready =
        mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    lead_session();
    signal(SIGTTOU, SIG_IGN);
    const pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        // It makes no more calls, so that no signal can come between two of them.
        for (*is_ready = 1;;) {
        }
    }
    while (!*is_ready) {
    }
    tcsetpgrp(slave, child);
    type("\x1a");
    wait_for_stop("typed ^Z", child);
    kill(child, SIGCONT);
    int status = 0;
    waitpid(child, &status, WCONTINUED);
    printf("continued: %d\n", WIFCONTINUED(status));
    type("\x03");
    wait_for_stop("typed ^C", child);
}

// The master closes while a session reads.
static void hang_up(void) {
    char byte = 0;
    fflush(stdout);
    const pid_t reader = fork();
    if (reader == 0) {
        lead_session();
        handle_all();
        close(master);
        const int tty = open("/dev/tty", O_RDWR);
        say("waiting read", read(tty, &byte, 1));
        show_signals("hung up");
        say("read", read(tty, &byte, 1));
        say("write", write(tty, &byte, 1));
        struct pollfd entry = {tty, POLLIN | POLLOUT, 0};
        poll(&entry, 1, 0);
        printf("ready %#x\n", entry.revents);
        say("open", open("/dev/tty", O_RDWR));
        fflush(stdout);
        _exit(0);
    }
    close(slave);
    usleep(50000);
    close(master);
    waitpid(reader, NULL, 0);
}

// The session's leader ends while another group is in the foreground.
static void leader_ends(void) {
    int ready[2];
    int alive[2];
    char byte = 0;
    pipe(ready);
    pipe(alive);
    fflush(stdout);
    const pid_t leader = fork();
    if (leader == 0) {
        lead_session();
        signal(SIGTTOU, SIG_IGN);
        const pid_t child = fork();
        if (child == 0) {
            setpgid(0, 0);
            handle_all();
            sigset_t all;
            sigset_t none;
            sigfillset(&all);
            sigemptyset(&none);
            sigprocmask(SIG_SETMASK, &all, NULL);
            write(ready[1], "r", 1);
            sigsuspend(&none);
            show_signals("the foreground group");
            say("its terminal", open("/dev/tty", O_RDWR));
            say("read", read(slave, &byte, 1));
            say("write", write(slave, "x", 1));
            fflush(stdout);
            _exit(0);
        }
        read(ready[0], &byte, 1);
        tcsetpgrp(slave, child);
        _exit(0);
    }
    close(alive[1]);
    close(slave);
    read(alive[0], &byte, 1);  // all have ended
    waitpid(leader, NULL, 0);
    show_bytes("master", master, 100);
}

static void orphans(void) {
    int alive[2];
    char byte = 0;
    pipe(alive);
    fflush(stdout);
    const pid_t leader = fork();
    if (leader == 0) {
        setsid();
        const pid_t parent = fork();
        if (parent == 0) {
            const pid_t child = fork();
            if (child == 0) {
                setpgid(0, 0);
                handle_all();
                raise(SIGSTOP);
                show_signals("stopped and orphaned");
                fflush(stdout);
                _exit(0);
            }
            waitpid(child, NULL, WUNTRACED);
            _exit(0);
        }
        waitpid(parent, NULL, 0);
        usleep(50000);
        _exit(0);
    }
    close(alive[1]);
    read(alive[0], &byte, 1);
    waitpid(leader, NULL, 0);
}

static void stolen(void) {
    int number = 0;
    lead_session();
    fflush(stdout);
    if (fork() == 0) {
        setsid();
        say("another's", ioctl(slave, TIOCSCTTY, 0));
        say("steal", ioctl(slave, TIOCSCTTY, 1));
        say("mine", ioctl(slave, TIOCGSID, &number) == 0 && number == getpid());
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    say("lost", open("/dev/tty", O_RDWR));
    say("free again", ioctl(slave, TIOCSCTTY, 0));
    handle_all();
    say("vhangup", vhangup());
    show_signals("after it");
    say("read", read(slave, &number, 1));
    const int again = open(ptsname(master), O_RDONLY);
    say("open again", ioctl(again, TIOCGSID, &number) == 0 && number == getpid());
    say("give up", ioctl(again, TIOCNOTTY));
    const int writable = open(ptsname(master), O_WRONLY);
    say("only to write", ioctl(writable, TIOCGSID, &number));
    setresuid(1000, 1000, 1000);
    say("nor by a command", ioctl(writable, TIOCSCTTY, 0));
    say("vhangup as a user", vhangup());
    say("typing as a user", ioctl(writable, TIOCSTI, "x"));
}

static void flow(void) {
    type("\x13");
    say("stopped", write(slave, "a", 1));
    type("typed\n");
    show_bytes("no echo yet", master, 100);
    type("\x11");
    show_bytes("echo", master, 100);
    tcflow(slave, TCOOFF);
    say("stopped by a call", write(slave, "a", 1));
    type("\x11");
    say("still", write(slave, "a", 1));
    tcflow(slave, TCOON);
    say("no more", write(slave, "a", 1));
    tcflow(slave, TCIOFF);
    show_bytes("told to stop", master, 100);
    tcflush(slave, TCIFLUSH);
}

static void packets(void) {
    int on = 1;
    ioctl(master, TIOCPKT, &on);
    show_bytes("nothing", master, 100);
    write(slave, "long data", 9);
    show_bytes("a part", master, 4);
    tcflush(slave, TCIFLUSH);
    struct pollfd entry = {master, POLLIN | POLLPRI, 0};
    poll(&entry, 1, 0);
    printf("ready %#x\n", entry.revents);
    show_bytes("news first", master, 100);
    show_bytes("the rest", master, 100);
    tcflush(slave, TCIOFLUSH);
    show_bytes("flushed", master, 100);
    tcflow(slave, TCOOFF);
    show_bytes("stopped", master, 100);
    tcflow(slave, TCOON);
    show_bytes("started", master, 100);
    struct termios now;
    tcgetattr(slave, &now);
    now.c_iflag &= ~(tcflag_t)IXON;
    tcsetattr(slave, TCSANOW, &now);
    show_bytes("no flow control", master, 100);
    set_local(EXTPROC, 0);
    show_bytes("settings", master, 100);
    on = 0;
    ioctl(master, TIOCPKT, &on);
    write(slave, "plain", 5);
    show_bytes("plain", master, 100);
}

static void edges(void) {
    const int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    epoll_ctl(set, EPOLL_CTL_ADD, slave, &event);
    say("nothing", epoll_wait(set, &event, 1, 0));
    type("half");
    say("half a line", epoll_wait(set, &event, 1, 0));
    type("\n");
    say("a line", epoll_wait(set, &event, 1, 0));
    say("once", epoll_wait(set, &event, 1, 0));
    type("more\n");
    say("another", epoll_wait(set, &event, 1, 0));
    close(master);
    epoll_wait(set, &event, 1, 0);
    printf("hung up: %#x\n", event.events);
}

static void with_typed_signals(void) {
    in_child(typed_signals, O_NONBLOCK);
}

static void with_jobs(void) {
    in_child(jobs, 0);
}

static void with_typed_stop(void) {
    in_child(typed_stop, O_NONBLOCK);
}

static void with_hang_up(void) {
    in_child(hang_up, 0);
}

static void with_leader_ends(void) {
    in_child(leader_ends, O_NONBLOCK);
}

static void with_orphans(void) {
    in_child(orphans, O_NONBLOCK);
}

static void with_stolen(void) {
    in_child(stolen, O_NONBLOCK);
}

static void with_flow(void) {
    in_child(flow, O_NONBLOCK);
}

static void with_packets(void) {
    in_child(packets, O_NONBLOCK);
}

static void with_edges(void) {
    in_child(edges, O_NONBLOCK);
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"typed-signals", with_typed_signals},
                                                   {"jobs", with_jobs},
                                                   {"typed-stop", with_typed_stop},
                                                   {"hang-up", with_hang_up},
                                                   {"leader-ends", with_leader_ends},
                                                   {"orphans", with_orphans},
                                                   {"stolen", with_stolen},
                                                   {"flow", with_flow},
                                                   {"packets", with_packets},
                                                   {"edges", with_edges}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
