// What one process may do to another by a pidfd or its number: descriptors, signals, memory, advice, waiting;
// and advice about its own memory.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

enum { kPage = 4096, kPopulateRead = 22, kPopulateWrite = 23, kShared = 50 };

static char data[kPage] = "the child's data";

static long open_process(pid_t process) {
    return syscall(SYS_pidfd_open, process, 0);
}

static long get_descriptor(long process, int fd, unsigned flags) {
    return syscall(SYS_pidfd_getfd, process, fd, flags);
}

static long send_to(long process, int number, const void* info, unsigned flags) {
    return syscall(SYS_pidfd_send_signal, process, number, info, flags);
}

static long advise(long process, const void* vectors, size_t count, int advice, unsigned flags) {
    return syscall(SYS_process_madvise, process, vectors, count, advice, flags);
}

static long release(long process, unsigned flags) {
    return syscall(SYS_process_mrelease, process, flags);
}

static pid_t start_child(void) {
    int ends[2];
    (void)!pipe(ends);
    const pid_t child = fork();
    if (child == 0) {
        const int file = open("/tmp/file", O_CREAT | O_RDWR, 0600);
        dup2(file, kShared);
        (void)!write(file, "hello", 5);
        lseek(file, 2, SEEK_SET);
        (void)!write(ends[1], "r", 1);
        pause();
        _exit(0);
    }
    char byte;
    (void)!read(ends[0], &byte, 1);
    usleep(400000);  // until it pauses
    close(ends[0]);
    close(ends[1]);
    return child;
}

static void descriptors(long process) {
    char bytes[8] = {0};
    const int file = (int)get_descriptor(process, kShared, 0);
    TRY(fcntl(file, F_GETFD));
    TRY(read(file, bytes, 3));
    TRY(get_descriptor(process, 99, 0));
    TRY(get_descriptor(process, -1, 0));
    TRY(get_descriptor(process, kShared, 1));
    TRY(get_descriptor(file, kShared, 0));
    TRY(get_descriptor(99, kShared, 0));
    TRY(send_to(process, 0, NULL, 0));
    TRY(send_to(process, 0, NULL, 1));
    TRY(send_to(process, 65, NULL, 0));
    TRY(send_to(file, 0, NULL, 0));
    siginfo_t info = {.si_signo = SIGUSR1};
    TRY(send_to(process, SIGUSR2, &info, 0));
    TRY(send_to(process, SIGUSR1, &info, 0));
    TRY(send_to(process, SIGUSR1, kBadAddress, 0));
    TRY(read((int)process, bytes, 1));
    TRY(write((int)process, bytes, 1));
    TRY(setns((int)process, 0));
    TRY(setns((int)process, CLONE_NEWUTS));
    TRY(setns((int)process, CLONE_NEWUSER));
    TRY(setns((int)process, 1));
    TRY(setns(file, CLONE_NEWUTS));
    TRY(setns(99, 0));
    TRY(release(process, 0));
    TRY(release(process, 1));
    TRY(release(file, 0));
    close(file);
}

static void memory(long process, pid_t child) {
    static struct iovec many[1025];
    memset(many, 0, sizeof(many));
    char bytes[32] = {0};
    struct iovec here = {bytes, 16};
    struct iovec there[2] = {{data, 16}, {(void*)8, 4}};
    TRY(process_vm_readv(child, &here, 1, there, 1, 0));
    printf("  %s\n", bytes);
    TRY(process_vm_readv(child, &here, 1, there, 1, 1));
    TRY(process_vm_readv(30000, &here, 1, there, 1, 0));
    TRY(process_vm_readv(child, &here, 0, there, 1, 0));
    TRY(process_vm_readv(child, &here, 1, there, 0, 0));
    TRY(process_vm_readv(child, many, 1025, there, 1, 0));
    TRY(process_vm_readv(child, &here, 1, many, 1025, 0));
    TRY(process_vm_readv(child, kBadAddress, 1, there, 1, 0));
    TRY(process_vm_readv(child, &here, 1, kBadAddress, 1, 0));
    TRY(process_vm_readv(child, &here, 1, &there[1], 1, 0));
    there[0].iov_len = 4;
    TRY(process_vm_readv(child, &here, 1, there, 2, 0));
    here.iov_base = kBadAddress;
    TRY(process_vm_readv(child, &here, 1, there, 1, 0));
    strcpy(bytes, "written");
    here = (struct iovec){bytes, 7};
    there[0].iov_len = 16;
    TRY(process_vm_writev(child, &here, 1, there, 1, 0));
    here.iov_len = 16;
    TRY(process_vm_readv(child, &here, 1, there, 1, 0));
    printf("  %s, and here %s\n", bytes, data);
    there[0].iov_base = (void*)process_vm_readv;
    TRY(process_vm_writev(child, &here, 1, there, 1, 0));
    there[0] = (struct iovec){(void*)((unsigned long)data & -(unsigned long)kPage), kPage};
    TRY(advise(process, there, 1, MADV_COLD, 0));
    TRY(advise(process, there, 2, MADV_COLD, 0));
    TRY(advise(process, there, 1, MADV_COLD, 1));
    TRY(advise(process, there, 1, MADV_DONTNEED, 0));
    TRY(advise(process, there, 0, MADV_WILLNEED, 0));
    TRY(advise(process, many, 1025, MADV_COLD, 0));
    TRY(advise(process, kBadAddress, 1, MADV_COLD, 0));
    TRY(advise(99, there, 1, MADV_COLD, 0));
    there[0].iov_base = (void*)kPage;
    TRY(advise(process, there, 1, MADV_COLD, 0));
    there[0].iov_base = (void*)1;
    TRY(advise(process, there, 1, MADV_COLD, 0));
}

static void end(long process, pid_t child) {
    struct pollfd entry = {.fd = (int)process, .events = POLLIN | POLLOUT};
    struct iovec vector = {data, 4};
    TRY(poll(&entry, 1, 0));
    TRY(send_to(process, SIGTERM, NULL, 0));
    TRY(poll(&entry, 1, -1));
    printf("  events %x\n", entry.revents);
    TRY(get_descriptor(process, kShared, 0));
    TRY(send_to(process, SIGUSR1, NULL, 0));
    TRY(release(process, 0));
    TRY(setns((int)process, CLONE_NEWUTS));
    TRY(process_vm_readv(child, &vector, 1, &vector, 1, 0));
    siginfo_t info;
    TRY(waitid(P_PIDFD, (id_t)process, &info, WEXITED));
    printf("  code %d status %d\n", info.si_code, info.si_status);
    TRY(send_to(process, 0, NULL, 0));
    TRY(get_descriptor(process, kShared, 0));
    TRY(waitid(P_PIDFD, (id_t)process, &info, WEXITED));
    TRY(waitid(P_PIDFD, 0, &info, WEXITED));
    TRY(waitid(P_PIDFD, 99, &info, WEXITED));
    TRY(poll(&entry, 1, 0));
    TRY(open_process(child));
    print_fdinfo((int)process);
}

static void own_memory(void) {
    char* const anonymous = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char* const private = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const int file = open("/tmp/mapped", O_CREAT | O_RDWR, 0600);
    (void)!ftruncate(file, 3 * kPage);
    char* const shared = mmap(NULL, 3 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    memset(shared, 's', 3 * kPage);
    memset(anonymous, 'a', 2 * kPage);
    TRY(madvise(anonymous, kPage, MADV_REMOVE));
    printf("  %d %d\n", anonymous[0], anonymous[kPage]);
    TRY(madvise(shared + kPage, kPage, MADV_REMOVE));
    printf("  %d %d %d\n", shared[0], shared[kPage], shared[2 * kPage]);
    TRY(madvise(private, kPage, MADV_REMOVE));
    char* const copy = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    TRY(madvise(copy, kPage, MADV_REMOVE));
    mlock(shared, kPage);
    TRY(madvise(shared, kPage, MADV_REMOVE));
    TRY(madvise(private, kPage, MADV_FREE));
    TRY(madvise(shared, kPage, MADV_FREE));
    TRY(madvise(private, kPage, MADV_WIPEONFORK));
    TRY(madvise(shared, kPage, MADV_WIPEONFORK));
    TRY(madvise(private + kPage, kPage, MADV_DONTFORK));
    private[0] = 'p';
    fflush(stdout);
    if (fork() == 0) {
        printf("in the child: %d\n", private[0]);
        TRY(madvise(private + kPage, kPage, MADV_NORMAL));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    char* const nothing = mmap(NULL, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TRY(madvise(nothing, kPage, kPopulateRead));
    TRY(madvise(private, 2 * kPage, kPopulateWrite));
    munmap(private + kPage, kPage);
    TRY(madvise(private, 2 * kPage, MADV_COLD));
    (void)!ftruncate(file, kPage);
    TRY(madvise(shared, 3 * kPage, kPopulateRead));
    TRY(madvise(private, kPage, 99));
    TRY(madvise(private + 1, kPage, MADV_COLD));
    TRY(madvise(private, 0, MADV_COLD));
}

static void without_rights(void) {
    struct iovec vector = {data, 4};
    const long self = open_process(getpid());
    TRY(setuid(1000));
    const long init = open_process(1);
    TRY(get_descriptor(init, 0, 0));
    TRY(send_to(init, 0, NULL, 0));
    TRY(advise(init, &vector, 1, MADV_COLD, 0));
    TRY(advise(self, &vector, 1, MADV_COLD, 0));
    TRY(process_vm_readv(1, &vector, 1, &vector, 1, 0));
    TRY(setns((int)self, CLONE_NEWUTS));
}

static void with_descriptors(void) {
    const pid_t child = start_child();
    const long process = open_process(child);
    descriptors(process);
    end(process, child);
}

static void with_memory(void) {
    const pid_t child = start_child();
    const long process = open_process(child);
    memory(process, child);
    end(process, child);
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {{"descriptors", with_descriptors},
                                                   {"memory", with_memory},
                                                   {"own-memory", own_memory},
                                                   {"rights", without_rights}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
