// Reads into memory that ends in the middle: how much of it is told for each kind of source. And what is told
// of threads and processes that have ended.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static char* end_of_memory(void) {
    enum { kSize = 8192 };
    char* memory = mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(memory + kSize / 2, kSize / 2);
    return memory + kSize / 2;
}

static const size_t kRoom[] = {1, 7, 8, 10, 15, 16, 17, 24, 33, 40, 63, 64, 65, 100, 127, 129, 1000};
static const size_t kSizes[] = {20, 48, 200, 4096};

static void sources(void) {
    char* end = end_of_memory();
    const int zero = open("/dev/zero", O_RDONLY);
    const int random = open("/dev/urandom", O_RDONLY);
    const int text = open("/proc/self/status", O_RDONLY);
    const int file = open("file", O_CREAT | O_RDWR, 0600);
    (void)!ftruncate(file, 5000);
    for (size_t i = 0; i < sizeof(kSizes) / sizeof(*kSizes); i++) {
        for (size_t j = 0; j < sizeof(kRoom) / sizeof(*kRoom) && kRoom[j] < kSizes[i]; j++) {
            char* start = end - kRoom[j];
            const ssize_t zeros = read(zero, start, kSizes[i]);
            const ssize_t randoms = read(random, start, kSizes[i]);
            const ssize_t called = getrandom(start, kSizes[i], 0);
            lseek(text, 0, SEEK_SET);
            const ssize_t letters = kRoom[j] < 48 ? read(text, start, kSizes[i] < 48 ? kSizes[i] : 48) : 0;
            const ssize_t bytes = pread(file, start, kSizes[i], 1);
            printf("%zu of %zu: zero %zd random %zd getrandom %zd text %zd file %zd\n", kRoom[j], kSizes[i],
                   zeros, randoms, called, letters, bytes);
        }
    }
    TRY(read(zero, end, 1));
    TRY(read(random, end, 1));
    TRY(read(text, end, 1));
    const int memory = open("/proc/self/mem", O_RDWR);
    static char bytes[200];
    TRY(pread(memory, end - 50, 100, (off_t)(unsigned long)bytes));
    TRY(pread(memory, bytes, 100, (off_t)(unsigned long)(end - 50)));
    TRY(pwrite(memory, end - 50, 100, (off_t)(unsigned long)bytes));
}

static int ended_thread;

static void* note_number(void* unused) {
    (void)unused;
    ended_thread = (int)syscall(SYS_gettid);
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d", ended_thread);
    return (void*)(long)open(path, O_RDONLY | O_DIRECTORY);
}

static void ended(void) {
    pthread_t thread;
    void* directory = NULL;
    pthread_create(&thread, NULL, note_number, NULL);
    pthread_join(thread, &directory);
    usleep(50000);  // it is joined before it is gone
    TRY(syscall(SYS_pidfd_send_signal, (int)(long)directory, 0, NULL, 0));
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    siginfo_t info;
    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    char text[64];
    static const char* const kLinks[] = {"mnt", "uts", "net", "user", "pid"};
    for (size_t i = 0; i < sizeof(kLinks) / sizeof(*kLinks); i++) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/ns/%s", child, kLinks[i]);
        printf("%s: %s\n", kLinks[i],
               readlink(path, text, sizeof(text)) < 0 ? strerrorname_np(errno) : "there");
    }
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/syscall", child);
    const int fd = open(path, O_RDONLY);
    const ssize_t size = read(fd, text, sizeof(text) - 1);
    text[size > 0 ? size : 0] = '\0';
    printf("syscall: %s", text);
    snprintf(path, sizeof(path), "/proc/%d/pagemap", child);
    const int map = open(path, O_RDONLY);
    TRY(read(map, text, 7));
    waitpid(child, NULL, 0);
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"sources", sources}, {"ended", ended}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours),
                         count > 1 ? arguments[1] : NULL);
}
