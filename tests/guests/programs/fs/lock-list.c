// /proc/locks: every kind of lock, the order in which they stand, and who waits for one.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

// Without the numbers of processes and files.
static void show(const char* what) {
    printf("%s\n", what);
    FILE* list = fopen("/proc/locks", "r");
    char line[256];
    while (fgets(line, sizeof(line), list) != NULL) {
        char words[6][32] = {{0}};
        char* range = strrchr(line, ':');
        range = range != NULL ? strchr(range, ' ') : NULL;
        sscanf(line, "%31s %31s %31s %31s %31s", words[0], words[1], words[2], words[3], words[4]);
        const int waits = strcmp(words[1], "->") == 0;
        printf("  %s %s %s %s%s%s", words[0], words[1], words[2], words[3], waits ? words[4] : "",
               range != NULL ? range : "\n");
    }
    fclose(list);
}

static int lock(int fd, int command, short type, off_t start, off_t length) {
    struct flock range = {.l_type = type, .l_start = start, .l_len = length};
    return fcntl(fd, command, &range);
}

static void ranges(void) {
    const int first = open("first", O_CREAT | O_RDWR, 0600);
    const int second = open("second", O_CREAT | O_RDWR, 0600);
    TRY(lock(first, F_SETLK, F_WRLCK, 0, 0));
    show("all");
    TRY(lock(first, F_SETLK, F_UNLCK, 10, 10));
    show("split");
    TRY(lock(first, F_SETLK, F_RDLCK, 5, 3));
    TRY(lock(second, F_SETLK, F_RDLCK, 100, 1));
    show("another kind within, another file");
    TRY(lock(first, F_SETLK, F_WRLCK, 10, 10));
    show("joined");
    TRY(lock(second, F_OFD_SETLK, F_RDLCK, 50, 60));
    TRY(flock(first, LOCK_EX));
    TRY(flock(second, LOCK_SH));
    show("of open files");
    TRY(flock(first, LOCK_SH));
    TRY(lock(first, F_SETLK, F_RDLCK, 0, 0));
    show("converted");
    close(first);
    show("closed");
}

static void waits(void) {
    const int file = open("file", O_CREAT | O_RDWR, 0600);
    TRY(flock(file, LOCK_EX));
    TRY(lock(file, F_SETLK, F_WRLCK, 0, 20));
    int ready[2];
    (void)!pipe(ready);
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            const int own = open("file", O_RDWR);
            (void)!write(ready[1], "", 1);
            _exit(i == 0 ? flock(own, LOCK_SH) : lock(own, F_SETLKW, F_RDLCK, 5, 5));
        }
        char byte = 0;
        (void)!read(ready[0], &byte, 1);
        usleep(50000);
    }
    show("two wait");
    TRY(flock(file, LOCK_UN));
    TRY(lock(file, F_SETLK, F_UNLCK, 0, 20));
    for (int i = 0; i < 2; i++) {
        int status = 0;
        waitpid(children[i], &status, 0);
        TRY(status);
    }
    show("none");
}

static void leases(void) {
    signal(SIGIO, SIG_IGN);
    const int file = open("file", O_CREAT | O_RDONLY, 0600);
    TRY(fcntl(file, F_SETLEASE, F_WRLCK));
    show("exclusive");
    TRY(open("file", O_RDONLY | O_NONBLOCK));
    show("to be shared");
    TRY(open("file", O_RDWR | O_NONBLOCK));
    show("to end");
    TRY(fcntl(file, F_SETLEASE, F_UNLCK));
    TRY(fcntl(file, F_SETLEASE, F_RDLCK));
    show("shared");
    close(file);
    show("closed");
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"ranges", ranges}, {"waits", waits}, {"leases", leases}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours),
                         count > 1 ? arguments[1] : NULL);
}
