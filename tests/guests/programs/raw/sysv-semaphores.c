// System V semaphores: creation, values, operations as one, sleeping, undoing at the end, permissions.
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../behaviours.h"
#include "../report.h"

static long control(int id, int number, int command, unsigned long argument) {
    return syscall(SYS_semctl, id, number, command, argument);
}

static struct sembuf one(unsigned short number, short change, short flags) {
    const struct sembuf operation = {.sem_num = number, .sem_op = change, .sem_flg = flags};
    return operation;
}

static void show_values(int id) {
    unsigned short values[3] = {0};
    control(id, 0, GETALL, (unsigned long)values);
    printf("  values %d %d %d\n", values[0], values[1], values[2]);
}

static int creation(void) {
    TRY(semget(1, 0, IPC_CREAT | 0600));
    TRY(semget(1, -1, IPC_CREAT));
    TRY(semget(1, 32001, IPC_CREAT));
    TRY(semget(1, 1, 0));
    const int id = semget(1, 3, IPC_CREAT | 0640);
    TRY(semget(1, 4, 0));
    TRY(semget(1, 3, IPC_CREAT | IPC_EXCL));
    TRY(semget(1, 0, 0) == id);
    const int other = semget(IPC_PRIVATE, 1, 0600);
    TRY(control(other, 0, IPC_RMID, 0));
    TRY(control(other, 0, GETVAL, 0));
    TRY(control(-1, 0, GETVAL, 0));
    TRY(control(id, 0, 99, 0));
    return id;
}

static void values(int id) {
    unsigned short all[3] = {1, 2, 3};
    TRY(control(id, 0, SETVAL, 5));
    TRY(control(id, 0, GETVAL, 0));
    TRY(control(id, 3, GETVAL, 0));
    TRY(control(id, -1, GETVAL, 0));
    TRY(control(id, 0, SETVAL, -1ul));
    TRY(control(id, 0, SETVAL, 32768));
    TRY(control(id, 9, SETVAL, 1));
    TRY(control(id, 0, SETALL, (unsigned long)all));
    all[1] = 40000;
    TRY(control(id, 0, SETALL, (unsigned long)all));
    TRY(control(id, 0, SETALL, 8));
    TRY(control(id, 0, GETALL, 8));
    show_values(id);
}

static void operations(int id) {
    struct sembuf list[2] = {one(0, -1, 0), one(1, -3, IPC_NOWAIT)};
    const struct timespec none = {0};
    const struct timespec wrong = {.tv_nsec = -1};
    TRY(semop(id, list, 0));
    TRY(semop(id, list, 501));
    TRY(semop(id, kBadAddress, 1));
    TRY(semop(-1, list, 1));
    TRY(semop(99, list, 1));
    TRY(semop(id, list, 2));
    show_values(id);
    list[1] = one(1, 32767, 0);
    TRY(semop(id, list, 2));
    list[1] = one(3, 1, 0);
    TRY(semop(id, list, 2));
    show_values(id);
    list[0] = one(0, 0, IPC_NOWAIT);
    TRY(semop(id, list, 1));
    list[0] = one(0, 0, 0);
    TRY(semtimedop(id, list, 1, &none));
    TRY(semtimedop(id, list, 1, &wrong));
    TRY(semtimedop(id, list, 1, kBadAddress));
    list[0] = one(0, -1, 0);
    list[1] = one(0, 0, 0);
    TRY(semop(id, list, 2));
    show_values(id);
    list[0] = one(0, 32767, SEM_UNDO);
    TRY(semop(id, list, 1));
    list[0] = one(0, -32767, 0);
    TRY(semop(id, list, 1));
    list[0] = one(0, 2, SEM_UNDO);
    TRY(semop(id, list, 1));
    TRY(control(id, 0, SETVAL, 1));
}

// The child sleeps until this process lets it go on, and its changes are undone when it ends. This process
// says nothing while the child does.
static void sleepers(int id) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct sembuf list[2] = {one(0, -5, SEM_UNDO), one(2, -1, SEM_UNDO)};
        TRY(semop(id, list, 2));
        show_values(id);
        fflush(stdout);
        _exit(0);
    }
    usleep(400000);  // until it sleeps
    printf("waiting: %ld %ld %ld\n", control(id, 0, GETNCNT, 0), control(id, 2, GETNCNT, 0),
           control(id, 0, GETZCNT, 0));
    struct sembuf operation = one(0, 4, 0);
    const int added = semop(id, &operation, 1);
    waitpid(child, NULL, 0);
    printf("added: %d\n", added);
    show_values(id);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        operation = one(0, 0, 0);
        TRY(semop(id, &operation, 1));
        operation = one(0, -1, 0);
        TRY(semop(id, &operation, 1));
        TRY(semop(id, &operation, 1));
        fflush(stdout);
        _exit(0);
    }
    usleep(400000);  // until it sleeps
    const long set = control(id, 0, SETVAL, 0);
    usleep(400000);  // until it sleeps
    const long removed = control(id, 0, IPC_RMID, 0);
    waitpid(child, NULL, 0);
    printf("set: %ld, removed: %ld\n", set, removed);
    TRY(control(id, 0, IPC_RMID, 0));
}

static void ask_as_another_user(int id) {
    TRY(setgid(1000));
    TRY(setuid(1000));
    struct sembuf operation = one(0, 1, 0);
    TRY(semop(id, &operation, 1));
    TRY(semget(1, 1, 0200));
    TRY(semget(1, 1, 0400) == id);
    TRY(control(id, 0, SETVAL, 1));
    TRY(control(id, 0, GETVAL, 0));
    TRY(control(id, 0, IPC_RMID, 0));
    struct semid_ds state = {0};
    TRY(control(id, 0, IPC_SET, (unsigned long)&state));
}

// Linux gives each set another number, so none is shown.
static void status(void) {
    struct semid_ds state = {0};
    struct seminfo info;
    const int id = semget(1, 1, IPC_CREAT | 0600);
    TRY(control(id, 0, IPC_STAT, (unsigned long)&state));
    printf("  mode %o user %u creator %u count %lu\n", state.sem_perm.mode, state.sem_perm.uid,
           state.sem_perm.cuid, state.sem_nsems);
    TRY(control(id, 0, IPC_STAT, 8));
    TRY(control(id, 0, IPC_SET, 8));
    state.sem_perm.mode = 07444;
    state.sem_perm.uid = 5;
    TRY(control(id, 0, IPC_SET, (unsigned long)&state));
    TRY(control(id, 0, IPC_STAT, (unsigned long)&state));
    printf("  mode %o user %u\n", state.sem_perm.mode, state.sem_perm.uid);
    TRY(control(0, 0, IPC_INFO, (unsigned long)&info) >= 0);
    printf("  %d %d %d %d %d %d\n", info.semmni, info.semmns, info.semmsl, info.semopm, info.semusz,
           info.semaem);
    TRY(control(0, 0, SEM_INFO, (unsigned long)&info) >= 0);
    printf("  %d %d\n", info.semusz, info.semaem);
    TRY(control(id, 0, SEM_STAT, (unsigned long)&state) == id);
    TRY(control(32767, 0, SEM_STAT, (unsigned long)&state));
    fflush(stdout);
    if (fork() == 0) {
        ask_as_another_user(id);
        _exit(0);
    }
    wait(NULL);
    TRY(control(id, 0, IPC_RMID, 0));
}

static void creating(void) {
    const int id = creation();
    values(id);
    operations(id);
    TRY(control(id, 0, IPC_RMID, 0));
}

static void sleeping(void) {
    const int id = semget(1, 3, IPC_CREAT | 0600);
    control(id, 0, SETVAL, 1);
    control(id, 2, SETVAL, 3);
    sleepers(id);
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"values", creating}, {"sleepers", sleeping}, {"status", status}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
