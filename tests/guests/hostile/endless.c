// Never ends. With the argument "sleep" it waits for ever instead of computing for ever.
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "sleep") == 0) {
        for (;;) {
            pause();
        }
    }
    for (volatile unsigned long count = 0;; ++count) {
    }
}
