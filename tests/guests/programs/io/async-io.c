// Files that tell by a signal: owners, F_SETSIG, O_ASYNC on pipes and sockets, and what the signal says.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../report.h"

static siginfo_t last;
static volatile sig_atomic_t delivered;

static void on_signal(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)context;
    last = *info;
    ++delivered;
}

static void show(const char* what) {
    if (delivered == 0) {
        printf("%s: nothing\n", what);
    } else if (last.si_code == SI_KERNEL) {
        printf("%s: %d times %d, from the kernel\n", what, delivered, last.si_signo);
    } else {
        printf("%s: %d times %d, code %d, band %lx, fd %d\n", what, delivered, last.si_signo, last.si_code,
               (unsigned long)last.si_band, last.si_fd);
    }
    delivered = 0;
}

static void show_owner(int fd) {
    struct f_owner_ex owner = {.type = -1, .pid = -1};
    const int known = fcntl(fd, F_GETOWN_EX, &owner);
    printf("  owner: %d, kind %d, this process %d, its group %d\n", known, owner.type, owner.pid == getpid(),
           owner.pid == getpgrp());
}

static void owners(void) {
    int ends[2];
    (void)!pipe(ends);
    TRY(fcntl(ends[0], F_GETOWN));
    show_owner(ends[0]);
    TRY(fcntl(ends[0], F_SETOWN, 30000));
    TRY(fcntl(ends[0], F_SETOWN, -30000));
    TRY(fcntl(ends[0], F_SETOWN, 0x80000000));
    TRY(fcntl(ends[0], F_SETOWN, getpid()));
    show_owner(ends[0]);
    TRY(fcntl(ends[0], F_SETOWN, -getpgrp()));
    show_owner(ends[0]);
    TRY(fcntl(ends[0], F_SETOWN, 0));
    show_owner(ends[0]);
    struct f_owner_ex owner = {.type = 3};
    TRY(fcntl(ends[0], F_SETOWN_EX, &owner));
    TRY(fcntl(ends[0], F_SETOWN_EX, kBadAddress));
    owner.type = F_OWNER_TID;
    owner.pid = 30000;
    TRY(fcntl(ends[0], F_SETOWN_EX, &owner));
    owner.pid = gettid();
    TRY(fcntl(ends[0], F_SETOWN_EX, &owner));
    show_owner(ends[0]);
    TRY(fcntl(ends[0], F_GETOWN_EX, kBadAddress));
    TRY(fcntl(ends[0], F_SETSIG, 65));
    TRY(fcntl(ends[0], F_SETSIG, -1));
    TRY(fcntl(ends[0], F_SETSIG, 64));
    TRY(fcntl(ends[0], F_GETSIG));
    close(ends[0]);
    close(ends[1]);
}

static void ask(int fd, int number) {
    fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK);
    fcntl(fd, F_SETOWN, getpid());
    fcntl(fd, F_SETSIG, number);
}

static void pipes(void) {
    int ends[2];
    char bytes[8];
    (void)!pipe(ends);
    TRY(fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK));
    TRY(fcntl(ends[0], F_GETFL));
    (void)!write(ends[1], "1", 1);
    show("without an owner");
    fcntl(ends[0], F_SETOWN, getpid());
    (void)!write(ends[1], "2", 1);
    show("written");
    (void)!write(ends[1], "3", 1);
    show("written to what was not empty");
    fcntl(ends[0], F_SETSIG, SIGIO);
    (void)!write(ends[1], "4", 1);
    show("SIGIO asked for");
    fcntl(ends[0], F_SETSIG, SIGCHLD);
    (void)!write(ends[1], "5", 1);
    show("a signal with codes of its own");
    fcntl(ends[0], F_SETSIG, SIGRTMIN);
    ask(ends[1], SIGRTMIN + 1);
    show("asked");
    (void)!read(ends[0], bytes, 1);
    show("read");
    (void)!read(ends[0], bytes, sizeof(bytes));
    show("read all");
    const int copy = dup(ends[0]);
    close(ends[0]);
    (void)!write(ends[1], "6", 1);
    show("by the descriptor that asked");
    close(copy);
    show("no reader");
    signal(SIGPIPE, SIG_IGN);
    TRY(write(ends[1], "7", 1));
    show("written to nobody");
    close(ends[1]);
    (void)!pipe(ends);
    ask(ends[0], SIGRTMIN);
    close(ends[1]);
    show("no writer");
    TRY(fcntl(ends[0], F_SETFL, 0));
    TRY(fcntl(ends[0], F_GETFL));
    int on = 1;
    TRY(ioctl(ends[0], FIOASYNC, &on));
    TRY(fcntl(ends[0], F_GETFL));
    on = 0;
    TRY(ioctl(ends[0], FIOASYNC, &on));
    TRY(fcntl(ends[0], F_GETFL));
    TRY(ioctl(ends[0], FIOASYNC, kBadAddress));
    close(ends[0]);
}

// Not every file tells.
static void others(void) {
    int on = 1;
    const int counter = eventfd(0, 0);
    TRY(fcntl(counter, F_SETFL, O_ASYNC));
    TRY(fcntl(counter, F_GETFL));
    TRY(ioctl(counter, FIOASYNC, &on));
    const int file = open("/tmp/file", O_RDWR | O_CREAT | O_ASYNC, 0600);
    TRY(fcntl(file, F_GETFL));
    TRY(ioctl(file, FIOASYNC, &on));
    TRY(ioctl(file, FIOSETOWN, &on));
    on = 0;
    TRY(ioctl(counter, FIOASYNC, &on));
    const int watcher = inotify_init1(0);
    inotify_add_watch(watcher, "/tmp", IN_CREATE);
    ask(watcher, SIGRTMIN);
    close(open("/tmp/another", O_CREAT | O_WRONLY, 0600));
    show("inotify");
    close(watcher);
    close(file);
    close(counter);
}

static void sockets(void) {
    int ends[2];
    int id = getpid();
    char bytes[8];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
    TRY(ioctl(ends[0], FIOSETOWN, &id));
    id = 0;
    TRY(ioctl(ends[0], FIOGETOWN, &id));
    printf("  own %d\n", id == getpid());
    TRY(ioctl(ends[0], SIOCGPGRP, &id));
    ask(ends[0], SIGRTMIN);
    (void)!write(ends[1], "1", 1);
    show("written");
    (void)!write(ends[1], "2", 1);
    show("written again");
    (void)!read(ends[0], bytes, sizeof(bytes));
    show("read");
    shutdown(ends[1], SHUT_WR);
    show("shut down");
    close(ends[1]);
    show("closed");
    close(ends[0]);
}

static void other_process(void) {
    int ends[2];
    (void)!pipe(ends);
    sigset_t set;
    sigset_t old;
    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    sigprocmask(SIG_BLOCK, &set, &old);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        int number = 0;
        sigwait(&set, &number);
        printf("the child got %d\n", number);
        fflush(stdout);
        _exit(0);
    }
    fcntl(ends[0], F_SETFL, O_ASYNC);
    fcntl(ends[0], F_SETOWN, child);
    (void)!write(ends[1], "1", 1);
    waitpid(child, NULL, 0);
    TRY(fcntl(ends[0], F_GETOWN));
    sigprocmask(SIG_SETMASK, &old, NULL);
    show("here");
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
    const struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGIO, &action, NULL);
    sigaction(SIGCHLD, &action, NULL);
    sigaction(SIGRTMIN, &action, NULL);
    sigaction(SIGRTMIN + 1, &action, NULL);
    owners();
    pipes();
    others();
    sockets();
    signal(SIGCHLD, SIG_DFL);
    other_process();
    return 0;
}
