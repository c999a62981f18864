// Rules of calls that no other program asks for: speculation and names by prctl, clock adjustments that
// change nothing, System V objects as a whole, calls that wait until a signal ends them, and requests to
// files.
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/prctl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[70000];

static void settings(void) {
    for (unsigned long control = 0; control < 33; control = control == 0 ? 1 : control * 2) {
        TRY(prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, control, 0, 0));
        TRY(prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 0, 0, 0));
    }
    TRY(prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_ENABLE, 1, 0));
    TRY(prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_ENABLE, 0, 1));
    TRY(prctl(PR_SET_SPECULATION_CTRL, 77, PR_SPEC_ENABLE, 0, 0));
    TRY(prctl(PR_GET_SPECULATION_CTRL, 77, 0, 0, 0));
    TRY(prctl(PR_GET_SPECULATION_CTRL, 0, 1, 0, 0));
    char* const pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages + 4096, 4096);
    memcpy(pages + 4091, "abcd", 5);
    TRY(prctl(PR_SET_NAME, pages + 4091));
    TRY(prctl(PR_GET_NAME, buffer));
    printf("%s\n", buffer);
    memcpy(pages + 4091, "abcde", 5);
    TRY(prctl(PR_SET_NAME, pages + 4091));
    TRY(prctl(PR_SET_NAME, "a name of sixteen"));
    TRY(prctl(PR_GET_NAME, buffer));
    printf("%s\n", buffer);
    TRY(prctl(PR_SET_NAME, kBadAddress));
    TRY(prctl(PR_GET_NAME, kBadAddress));
    int* place = NULL;
    TRY(prctl(PR_GET_TID_ADDRESS, &place));
    printf("known %d\n", place != NULL);
    TRY(prctl(PR_GET_TID_ADDRESS, kBadAddress));
    static const unsigned long kPolicies[][2] = {
        {PR_MCE_KILL_SET, PR_MCE_KILL_EARLY},   {PR_MCE_KILL_CLEAR, 1}, {PR_MCE_KILL_CLEAR, 0},
        {PR_MCE_KILL_SET, PR_MCE_KILL_DEFAULT}, {PR_MCE_KILL_SET, 3},   {7, 0}};
    for (size_t i = 0; i < sizeof(kPolicies) / sizeof(*kPolicies); i++) {
        TRY(prctl(PR_MCE_KILL, kPolicies[i][0], kPolicies[i][1], 0, 0));
        TRY(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
    }
}

static void adjust(const char* label, struct timex request) {
    errno = 0;
    const int result = adjtimex(&request);
    printf("%s: %d %s\n", label, result < 0 ? -1 : 0, result < 0 ? strerrorname_np(errno) : "");
}

// What is refused, or sets what there is already.
static void clocks(void) {
    adjust("a second too short", (struct timex){.modes = ADJ_TICK, .tick = 8999});
    adjust("a second too long", (struct timex){.modes = ADJ_TICK, .tick = 11001});
    adjust("as it is", (struct timex){.modes = ADJ_TICK, .tick = 10000});
    adjust("less than no microseconds", (struct timex){.modes = ADJ_SETOFFSET, .time.tv_usec = -1});
    adjust("too many microseconds", (struct timex){.modes = ADJ_SETOFFSET, .time.tv_usec = 1000000});
    adjust("too many nanoseconds",
           (struct timex){.modes = ADJ_SETOFFSET | ADJ_NANO, .time.tv_usec = 1000000000});
    adjust("single shot and more", (struct timex){.modes = 0x8000 | ADJ_TICK, .tick = 10000});
    adjust("no offset", (struct timex){.modes = ADJ_OFFSET, .offset = 0});
    struct timex shown = {0};
    TRY(adjtimex(&shown) >= 0);
    printf("offset %ld tick %ld precision %ld\n", shown.offset, shown.tick, shown.precision);
    TRY(adjtimex(kBadAddress));
    TRY(seteuid(65534));
    adjust("by nobody", (struct timex){.modes = ADJ_TICK, .tick = 10000});
    adjust("read by nobody", (struct timex){.modes = 0});
    TRY(seteuid(0));
    TRY(syscall(SYS_clock_adjtime, 99, &shown));
    TRY(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &shown));
    TRY(syscall(SYS_clock_settime, CLOCK_REALTIME, kBadAddress));
    TRY(syscall(SYS_clock_settime, CLOCK_REALTIME, &(struct timespec){0, 1000000000}));
    TRY(clock_settime(CLOCK_REALTIME, &(struct timespec){-1, 0}));
    TRY(clock_settime(CLOCK_MONOTONIC, &(struct timespec){1, 0}));
    TRY(settimeofday(&(struct timeval){1, 1000000}, NULL));
    TRY(settimeofday(&(struct timeval){-1, 0}, NULL));
}

static void objects(void) {
    struct shmid_ds status = {0};
    const int first = shmget(IPC_PRIVATE, 5000, 0600), second = shmget(IPC_PRIVATE, 1, 0640);
    struct shm_info before = {0}, after = {0};
    TRY(shmctl(0, SHM_INFO, (struct shmid_ds*)&before) >= 0);
    char* const place = shmat(first, NULL, 0);
    place[0] = 1;
    TRY(shmctl(0, SHM_INFO, (struct shmid_ds*)&after) >= 0);
    printf("resident %ld more, %ld of %d\n", (long)(after.shm_rss - before.shm_rss), (long)after.shm_tot,
           after.used_ids);
    TRY(shmat(first, place, SHM_REMAP) == place);
    TRY(shmat(first, NULL, SHM_REMAP));
    TRY(shmat(first, (void*)1, SHM_REMAP | SHM_RND));
    TRY(shmat(first, place + 1, 0));
    void* const run = shmat(second, NULL, SHM_EXEC | SHM_RDONLY);
    TRY(run != (void*)-1);
    TRY(shmctl(first, IPC_STAT, &status));
    printf("%o %d attached, %d\n", status.shm_perm.mode, (int)status.shm_nattch, (int)status.shm_segsz);
    status.shm_perm.mode = 0444;
    status.shm_perm.uid = 65534;
    TRY(shmctl(first, IPC_SET, &status));
    TRY(shmctl(first, IPC_STAT, &status));
    printf("%o, of %d\n", status.shm_perm.mode, status.shm_perm.uid);
    TRY(shmctl(first, IPC_SET, kBadAddress));
    const struct rlimit none = {0, 0};
    TRY(setrlimit(RLIMIT_MEMLOCK, &none));
    TRY(seteuid(65534));
    TRY(shmctl(first, SHM_LOCK, NULL));
    TRY(shmctl(first, SHM_UNLOCK, NULL));
    TRY(shmctl(second, SHM_LOCK, NULL));
    TRY(shmctl(second, IPC_SET, &status));
    TRY(shmat(first, NULL, 0));
    TRY(shmat(first, NULL, SHM_EXEC | SHM_RDONLY));
    TRY(shmat(first, NULL, SHM_RDONLY) != (void*)-1);
    TRY(seteuid(0));
    TRY(shmctl(first, SHM_LOCK, NULL));
    TRY(shmctl(first, IPC_STAT, &status));
    printf("%o\n", status.shm_perm.mode);
    TRY(shmctl(first, IPC_RMID, NULL));
    TRY(shmctl(second, IPC_RMID, NULL));
    const int queue = msgget(IPC_PRIVATE, 0600);
    struct msginfo messages = {0};
    struct {
        long type;
        char text[8];
    } message = {3, "seven b"};
    TRY(msgsnd(queue, &message, 7, 0));
    TRY(msgsnd(queue, &message, 1, 0));
    TRY(msgctl(0, MSG_INFO, (struct msqid_ds*)&messages) >= 0);
    printf("%d queues, %d messages of %d\n", messages.msgpool, messages.msgmap, messages.msgtql);
    TRY(msgctl(queue, IPC_RMID, NULL));
    const int set = semget(IPC_PRIVATE, 3, 0600), other = semget(IPC_PRIVATE, 2, 0600);
    struct seminfo semaphores = {0};
    TRY(semctl(0, 0, SEM_INFO, &semaphores) >= 0);
    printf("%d sets of %d\n", semaphores.semusz, semaphores.semaem);
    TRY(semctl(set, 0, IPC_RMID));
    TRY(semctl(0, 0, SEM_INFO, &semaphores) >= 0);
    printf("%d sets of %d\n", semaphores.semusz, semaphores.semaem);
    TRY(semctl(other, 0, IPC_RMID));
}

static void on_alarm(int signal) {
    (void)signal;
}

// The call that follows is interrupted.
static void soon(void) {
    const struct itimerval once = {.it_value.tv_usec = 30000};
    setitimer(ITIMER_REAL, &once, NULL);
}

static void waits(void) {
    const struct sigaction handled = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &handled, NULL);
    signal(SIGPIPE, SIG_IGN);
    int pipes[2], others[2], ends[2];
    uint64_t number = UINT64_MAX - 1;
    const int event = eventfd(0, 0), notify = inotify_init(), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    sigset_t none;
    sigemptyset(&none);
    const int signals = signalfd(-1, &none, 0);
    TRY(pipe(pipes));
    TRY(pipe(others));
    TRY(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
#define INTERRUPTED(call) \
    do {                  \
        soon();           \
        TRY(call);        \
    } while (0)
    INTERRUPTED(read(event, &number, 8));
    number = UINT64_MAX - 1;
    TRY(write(event, &number, 8));
    number = 1;
    INTERRUPTED(write(event, &number, 8));
    INTERRUPTED(read(notify, buffer, 4096));
    INTERRUPTED(read(timer, &number, 8));
    INTERRUPTED(read(signals, buffer, 128));
    INTERRUPTED(read(pipes[0], buffer, 1));
    INTERRUPTED(splice(pipes[0], NULL, others[1], NULL, 1, 0));
    INTERRUPTED(tee(pipes[0], others[1], 1, 0));
    INTERRUPTED(vmsplice(pipes[0], &(struct iovec){buffer, 1}, 1, 0));
    TRY(write(pipes[1], buffer, 65536));
    INTERRUPTED(write(pipes[1], buffer, 1));
    INTERRUPTED(vmsplice(pipes[1], &(struct iovec){buffer, 1}, 1, 0));
    TRY(write(others[1], buffer, 10));
    INTERRUPTED(splice(others[0], NULL, pipes[1], NULL, 1, 0));
    INTERRUPTED(tee(others[0], pipes[1], 1, 0));
    INTERRUPTED(sendfile(pipes[1], open("/proc/self/exe", O_RDONLY), NULL, 10));
    INTERRUPTED(recv(ends[0], buffer, 1, 0));
    while (send(ends[0], "x", 1, MSG_DONTWAIT) > 0) {
    }
    INTERRUPTED(send(ends[0], "x", 1, 0));
    INTERRUPTED(waitid(P_ALL, 0, NULL, WEXITED));
    INTERRUPTED(pause());
    INTERRUPTED(poll(NULL, 0, 1000));
    soon();
    TRY(close(pipes[0]));
    TRY(vmsplice(pipes[1], &(struct iovec){buffer, 1}, 1, 0));
    TRY(splice(others[0], NULL, pipes[1], NULL, 1, 0));
    TRY(tee(others[0], pipes[1], 1, 0));
    pause();
}

static void show_link(int fd, size_t size) {
    char path[64], text[128] = "";
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const long count = readlink(path, text, size);  // without the number of its inode
    text[strcspn(text, "0123456789")] = '\0';
    printf("%s %d\n", text, count > 0);
}

static void descriptors(void) {
    int pipes[2], ends[2];
    sigset_t none;
    sigemptyset(&none);
    TRY(pipe(pipes));
    TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    const int event = eventfd(0x1234, 0), notify = inotify_init(), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    const int epoll = epoll_create1(0), signals = signalfd(-1, &none, 0), memory = memfd_create("named", 0);
    const int all[] = {pipes[0], ends[0], event, notify, timer, epoll, signals, memory};
    struct epoll_event wanted = {.events = EPOLLIN | EPOLLET, .data.u64 = 0x123456789abcdef0};
    TRY(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted));
    TRY(write(ends[0], "12345", 5));
    TRY(write(pipes[1], "123", 3));
    TRY(ftruncate(memory, 9000));
    TRY(lseek(memory, 5, SEEK_SET));
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        int value = -1;
        long long long_value = -1;
        show_link(all[i], all[i] == pipes[0] || all[i] == ends[0] ? 6 : 100);
        TRY(ioctl(all[i], FIONREAD, &value));
        printf("%d\n", value);
        TRY(ioctl(all[i], FIOQSIZE, &long_value));
        TRY(ioctl(all[i], FIGETBSZ, &value));
        TRY(ioctl(all[i], FIONBIO, &(int){1}));
        TRY(fcntl(all[i], F_GETFL));
        TRY(ioctl(all[i], FIONREAD, kBadAddress));
        TRY(ioctl(all[i], FICLONE, all[i]));
    }
    const char* const kShown[] = {"/proc/self/fd", "/tmp", "/dev/null", "/dev/urandom", "/proc/self/status"};
    for (size_t i = 0; i < sizeof(kShown) / sizeof(*kShown); i++) {
        const int fd = open(kShown[i], O_RDONLY);
        long long long_value = -1;
        int value = -1;
        printf("%s\n", kShown[i]);
        TRY(ioctl(fd, FIOQSIZE, &long_value));
        TRY(ioctl(fd, FIGETBSZ, &value));
        TRY(ioctl(fd, FIONREAD, &value));
        TRY(ioctl(fd, 0x80045200, &value));
        close(fd);
    }
    TRY(access("/proc/self/fd", R_OK));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"settings", settings},
                                                   {"clocks", clocks},
                                                   {"objects", objects},
                                                   {"waits", waits},
                                                   {"descriptors", descriptors}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours),
                         count > 1 ? arguments[1] : NULL);
}
