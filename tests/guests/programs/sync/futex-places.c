// Where a futex can be: shared and private words in memory of every protection, who may see whose robust
// list, and memory that may only be written, which can be read too.
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kPage = 4096 };

static long futex(void* word, int operation, void* other, unsigned last) {
    return syscall(SYS_futex, word, operation, 1, 0, other, last);
}

static void show(const char* label, long result) {
    printf(" %s %s", label, result < 0 ? strerrorname_np(errno) : "done");
}

static void* map(int protection, int flags) {
    return mmap(NULL, kPage, protection, flags | MAP_ANONYMOUS, -1, 0);
}

static void words(const char* label, void* word, int scope) {
    static int other;
    printf("%s%s:", label, scope == 0 ? "" : ", private");
    show("wait", futex(word, FUTEX_WAIT | scope, NULL, 0));
    show("wake", futex(word, FUTEX_WAKE | scope, NULL, 0));
    show("from", futex(word, FUTEX_REQUEUE | scope, &other, 0));
    show("to", futex(&other, FUTEX_REQUEUE | scope, word, 0));
    show("compared", futex(word, FUTEX_CMP_REQUEUE | scope, &other, 0));
    show("changed",
         futex(&other, FUTEX_WAKE_OP | scope, word, FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0)));
    puts("");
}

static void robust(const char* label, pid_t task) {
    void* head = NULL;
    size_t length = 0;
    const long result = syscall(SYS_get_robust_list, task, &head, &length);
    printf("%s: %s\n", label, result < 0 ? strerrorname_np(errno) : "done");
}

static void robust_lists(void) {
    fflush(stdout);
    const pid_t parent = getpid();
    if (fork() == 0) {
        robust("a parent's", parent);
        setresgid(1000, 1000, 1000);
        setresuid(1000, 1000, 1000);
        robust("another user's", parent);
        robust("one's own", 0);
        robust("one's own by number", getpid());
        robust("nobody's", 4000000);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

int main(void) {
    const int file = open("/tmp/futex-places", O_RDWR | O_CREAT, 0600);
    ftruncate(file, 100);
    char* mapped = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    struct {
        const char* label;
        void* word;
    } places[] = {
        {"no access", map(PROT_NONE, MAP_PRIVATE)},
        {"only read", map(PROT_READ, MAP_PRIVATE)},
        {"only written", map(PROT_WRITE, MAP_PRIVATE)},
        {"shared, no access", map(PROT_NONE, MAP_SHARED)},
        {"shared", map(PROT_READ | PROT_WRITE, MAP_SHARED)},
        {"a file that is only read", mmap(NULL, kPage, PROT_READ, MAP_SHARED, file, 0)},
        {"a file's copy without access", mmap(NULL, kPage, PROT_NONE, MAP_PRIVATE, file, 0)},
        {"beyond a file", mapped + kPage},
        {"nothing", (void*)8},
        {"the kernel's", (void*)0xffff000000000000},
        {"an odd address", mapped + 1},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        words(places[i].label, places[i].word, 0);
        words(places[i].label, places[i].word, FUTEX_PRIVATE_FLAG);
    }
    const volatile int* written = map(PROT_WRITE, MAP_PRIVATE);
    printf("%d\n", *written);
    *(volatile int*)written = 5;
    mprotect((void*)written, kPage, PROT_READ);
    mprotect((void*)written, kPage, PROT_WRITE);
    printf("%d\n", *written);
    robust_lists();
    unlink("/tmp/futex-places");
    return 0;
}
