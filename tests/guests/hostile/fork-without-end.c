// Forks until the kernel says no, ends all children, and says whether the refusal was EAGAIN: Linux bounds
// the number of tasks by the size of memory, so that this comes before memory runs out.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kMost = 100000 };

int main(void) {
    static pid_t children[kMost];
    int count = 0;
    int refusal = 0;
    while (count < kMost) {
        const pid_t child = fork();
        if (child == 0) {
            for (;;) {
                pause();
            }
        }
        if (child < 0) {
            refusal = errno;
            break;
        }
        children[count++] = child;
    }
    for (int index = 0; index < count; ++index) {
        kill(children[index], SIGKILL);
    }
    int reaped = 0;
    while (wait(NULL) > 0) {
        ++reaped;
    }
    printf("refused: %s, all reaped: %s\n", refusal == EAGAIN ? "yes" : "no", reaped == count ? "yes" : "no");
    const pid_t again = fork();
    if (again == 0) {
        _exit(3);
    }
    int status = 0;
    waitpid(again, &status, 0);
    printf("forks again: %s\n", WIFEXITED(status) && WEXITSTATUS(status) == 3 ? "yes" : "no");
    return 0;
}
