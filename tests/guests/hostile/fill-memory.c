// Touches memory until there is none: the kernel must refuse it or end the program (SIGKILL), and stay whole.
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kBlock = 16 << 20 };

int main(void) {
    const pid_t child = fork();
    if (child == 0) {
        for (;;) {
            void* block = mmap(NULL, kBlock, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (block == MAP_FAILED) {
                _exit(42);
            }
            memset(block, 0x5a, kBlock);
        }
    }
    int status = 0;
    waitpid(child, &status, 0);
    const int refused = WIFEXITED(status) && WEXITSTATUS(status) == 42;
    const int killed = WIFSIGNALED(status);
    printf("the child was stopped: %s\n", refused || killed ? "yes" : "no");
    // The memory is back.
    void* block = mmap(NULL, kBlock, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block != MAP_FAILED) {
        memset(block, 1, kBlock);
    }
    printf("memory is back: %s\n", block != MAP_FAILED ? "yes" : "no");
    return 0;
}
