// System V message queues and shared memory: errors, order, limits, attaching, marking, fork.
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

struct message {
    long type;
    char text[9000];
};

static struct message message;

static int send_to(int id, long type, const char* text, int flags) {
    message.type = type;
    strcpy(message.text, text);
    return msgsnd(id, &message, strlen(text) + 1, flags);
}

static void receive(int id, size_t size, long type, int flags) {
    memset(&message, 0, sizeof(message));
    errno = 0;
    const ssize_t bytes = msgrcv(id, &message, size, type, flags);
    printf("received %zd %s: %ld %s\n", bytes, bytes < 0 ? strerrorname_np(errno) : "", message.type,
           message.text);
}

static void queue_errors(int id) {
    TRY(msgget(5, 0) == id);
    TRY(msgget(6, 0));
    TRY(msgget(5, IPC_CREAT | IPC_EXCL));
    TRY(send_to(id, 0, "zero", 0));
    TRY(msgsnd(id, &message, 8193, 0));
    TRY(msgsnd(id, &message, (size_t)-1, 0));
    TRY(msgsnd(id, kBadAddress, 1, 0));
    TRY(send_to(-1, 1, "", 0));
    TRY(send_to(99, 1, "", 0));
    TRY(msgrcv(id, &message, (size_t)-1, 0, 0));
    TRY(msgrcv(99, &message, 1, 0, 0));
    TRY(msgctl(id, 99, NULL));
    TRY(msgctl(-1, IPC_STAT, NULL));
}

static void order(int id) {
    TRY(send_to(id, 3, "three", 0));
    TRY(send_to(id, 1, "one", 0));
    TRY(send_to(id, 2, "two", 0));
    TRY(send_to(id, 1, "another one", 0));
    receive(id, 2, 0, 0);
    receive(id, 100, 1, MSG_COPY);
    receive(id, 100, 1, MSG_COPY | IPC_NOWAIT);
    receive(id, 100, 9, MSG_COPY | IPC_NOWAIT);
    receive(id, 100, -2, 0);
    receive(id, 4, 3, MSG_NOERROR);
    receive(id, 100, 1, MSG_EXCEPT);
    receive(id, 100, 7, IPC_NOWAIT);
    receive(id, 100, 0, 0);
    receive(id, 100, 0, IPC_NOWAIT);
    TRY(send_to(id, 9, "lost", 0));
    TRY(msgrcv(id, kBadAddress, 100, 0, 0));
    receive(id, 100, 0, IPC_NOWAIT);
}

static void sleepers(int id) {
    struct msqid_ds state;
    message.type = 1;
    TRY(msgsnd(id, &message, 8192, IPC_NOWAIT));
    TRY(msgsnd(id, &message, 8192, IPC_NOWAIT));
    TRY(msgsnd(id, &message, 1, IPC_NOWAIT));
    TRY(msgsnd(id, &message, 0, IPC_NOWAIT));
    TRY(msgctl(id, IPC_STAT, &state));
    printf("  %lu bytes in %lu of %lu, mode %o\n", state.__msg_cbytes, state.msg_qnum, state.msg_qbytes,
           state.msg_perm.mode);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        TRY(msgsnd(id, &message, 10, 0));
        TRY(msgrcv(id, &message, 100, 77, 0));
        fflush(stdout);
        _exit(0);
    }
    usleep(400000);  // until it sleeps for room
    TRY(msgrcv(id, &message, 9000, 0, 0));
    usleep(400000);  // until it has sent and sleeps for a message
    msgctl(id, IPC_STAT, &state);
    printf("  last sender the child %d\n", state.msg_lspid == child);
    printf("  last receiver this one %d\n", state.msg_lrpid == getpid());
    state.msg_qbytes = 100000;
    state.msg_perm.mode = 0400;
    TRY(msgctl(id, IPC_SET, &state));
    TRY(msgctl(id, IPC_SET, kBadAddress));
    msgctl(id, IPC_STAT, &state);
    printf("  %lu, mode %o\n", state.msg_qbytes, state.msg_perm.mode);
    TRY(msgctl(id, IPC_RMID, NULL));
    waitpid(child, NULL, 0);
    TRY(msgctl(id, IPC_RMID, NULL));
    struct msginfo info;
    TRY(msgctl(0, IPC_INFO, (struct msqid_ds*)&info));
    printf("  %d %d %d %d %d %d\n", info.msgpool, info.msgmax, info.msgmnb, info.msgmni, info.msgssz,
           info.msgseg);
}

static void show_segment(int id) {
    struct shmid_ds state;
    TRY(shmctl(id, IPC_STAT, &state));
    printf("  mode %o, %zu bytes, attached %lu, key %d, creator %d, last %d\n", state.shm_perm.mode,
           state.shm_segsz, state.shm_nattch, state.shm_perm.__key, state.shm_cpid == getpid(),
           state.shm_lpid == getpid());
}

static void segments(void) {
    TRY(shmget(7, 0, IPC_CREAT));
    TRY(shmget(7, 100, 0));
    const int id = shmget(7, 5000, IPC_CREAT | 0600);
    printf("id %d\n", id);
    TRY(shmget(7, 5001, 0));
    TRY(shmget(7, 0, 0) == id);
    TRY(shmget(7, 1, IPC_CREAT | IPC_EXCL));
    TRY(shmget(IPC_PRIVATE, (size_t)-1, 0600));
    TRY(shmat(99, NULL, 0));
    TRY(shmat(-1, NULL, 0));
    TRY(shmat(id, (void*)0x700001, 0));
    TRY(shmat(id, NULL, SHM_REMAP));
    char* const first = shmat(id, NULL, 0);
    first[4999] = 'z';
    TRY(shmat(id, first, 0));
    TRY(shmat(id, first + 1, SHM_RND));
    char* const second = shmat(id, NULL, SHM_RDONLY);
    printf("  the same memory %d\n", second[4999] == 'z');
    TRY(mprotect(second, 4096, PROT_READ | PROT_WRITE));
    show_segment(id);
    TRY(shmat(id, (void*)0x70000001, SHM_RND) == (void*)0x70000000);
    TRY(shmat(id, (void*)0x70000000, SHM_REMAP) == (void*)0x70000000);
    // Cut in two parts, which are two attachments and go together.
    TRY(mprotect((void*)0x70000000, 4096, PROT_READ));
    show_segment(id);
    TRY(shmdt((void*)0x70001000));
    TRY(shmdt((void*)0x70000000));
    TRY(shmdt((void*)0x70000000));
    TRY(shmdt(first + 1));
    fflush(stdout);
    if (fork() == 0) {
        first[0] = 'c';
        show_segment(id);
        TRY(shmdt(first));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    printf("  written by the child %d\n", first[0] == 'c');
    TRY(shmctl(id, SHM_LOCK, NULL));
    TRY(shmctl(id, IPC_RMID, NULL));
    show_segment(id);
    TRY(shmget(7, 1, 0));
    char* const third = shmat(id, NULL, 0);
    printf("  attached although it is marked %d\n", third[4999] == 'z');
    TRY(shmdt(third));
    TRY(shmdt(second));
    TRY(shmctl(id, SHM_UNLOCK, NULL));
    show_segment(id);
    TRY(shmdt(first));
    TRY(shmctl(id, IPC_RMID, NULL));
    TRY(shmctl(id, 99, NULL));
    struct shminfo limits;
    TRY(shmctl(0, IPC_INFO, (struct shmid_ds*)&limits));
    printf("  %lx %lx %lx %lx\n", limits.shmmax, limits.shmmin, limits.shmmni, limits.shmall);
    const int private = shmget(IPC_PRIVATE, 4097, 0600);
    struct shm_info usage;
    TRY(shmctl(0, SHM_INFO, (struct shmid_ds*)&usage));
    printf("  id %d, %d ids, %lu pages\n", private, usage.used_ids, usage.shm_tot);
    TRY(setgid(1000));
    TRY(setuid(1000));
    struct shmid_ds state;
    TRY(shmat(private, NULL, 0));
    TRY(shmctl(private, IPC_STAT, &state));
    TRY(shmctl(private, IPC_RMID, NULL));
    TRY(shmctl(private, SHM_LOCK, NULL));
}

static void queues(void) {
    const int id = msgget(5, IPC_CREAT | 0600);
    queue_errors(id);
    order(id);
}

static void sleeping(void) {
    sleepers(msgget(5, IPC_CREAT | 0600));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"queues", queues}, {"sleepers", sleeping}, {"segments", segments}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
