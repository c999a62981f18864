// Says what its terminal is like, and then what comes: lines, signals, a new size of the window.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static const int kSignals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};

static void show_window(void) {
    struct winsize size = {0};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    printf("window %d x %d\n", size.ws_row, size.ws_col);
}

static void read_lines(void) {
    char line[100];
    while (fgets(line, sizeof(line), stdin) != NULL) {
        printf("line %s", line);
    }
    printf("end of file\n");
}

// Waits for signals and for nothing else, until SIGTERM comes.
static void wait_for_signals(void) {
    sigset_t all;
    sigemptyset(&all);
    for (size_t i = 0; i < sizeof(kSignals) / sizeof(kSignals[0]); i++) {
        sigaddset(&all, kSignals[i]);
    }
    sigprocmask(SIG_BLOCK, &all, NULL);
    printf("ready\n");
    int number = 0;
    while (number != SIGTERM && sigwait(&all, &number) == 0) {
        printf("signal %d\n", number);
        if (number == SIGWINCH) {
            show_window();
        }
    }
}

static volatile sig_atomic_t ended;
static void end(int number) {
    ended = number;
}

// The same by a handler and a read that nothing else can end.
static void wait_with_handler(void) {
    int ends[2];
    char byte = 0;
    pipe(ends);
    const struct sigaction action = {.sa_handler = end};
    sigaction(SIGINT, &action, NULL);
    printf("ready\n");
    while (ended == 0) {
        read(ends[0], &byte, 1);
    }
    printf("handled %d\n", ended);
}

// Waits for what never comes, and handles no signal.
static void wait_for_ever(void) {
    int ends[2];
    char byte = 0;
    pipe(ends);
    printf("ready\n");
    read(ends[0], &byte, 1);
}

int main(int argc, char** argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    const char* const name = ttyname(STDIN_FILENO);
    printf("terminals %d%d%d, %s, controlling %d, TERM %s\n", isatty(0), isatty(1), isatty(2),
           name != NULL ? name : "none", tcgetpgrp(STDIN_FILENO) == getpgrp(),
           getenv("TERM") != NULL ? getenv("TERM") : "none");
    show_window();
    const char* const what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "lines") == 0) {
        read_lines();
    } else if (strcmp(what, "signals") == 0) {
        wait_for_signals();
    } else if (strcmp(what, "handler") == 0) {
        wait_with_handler();
    } else if (strcmp(what, "ever") == 0) {
        wait_for_ever();
    }
    return 7;
}
