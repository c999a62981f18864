// Hands the kernel every kind of bad address, in every call number and in well-known calls. Nothing may come
// of it but an errno; the program counts the EFAULTs of calls that must give one.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// None is small enough to be a descriptor.
static const uintptr_t kAddresses[] = {
    0x800, 0x123456789000, 0x0000ffff00000000, 0xffff000000000000, 0xffff800008000000, 0xfffffffffffffff8,
};
enum { kAddressCount = sizeof(kAddresses) / sizeof(kAddresses[0]) };

// Calls that end, stop or replace the program, or block for ever.
static int is_left_out(long number) {
    switch (number) {
        case __NR_exit:
        case __NR_exit_group:
        case __NR_rt_sigreturn:
        case __NR_clone:
        case __NR_clone3:
        case __NR_vhangup:
        case __NR_reboot:
        case __NR_kill:
        case __NR_tkill:
        case __NR_tgkill:
        case __NR_ppoll:
        case __NR_pselect6:
        case __NR_rt_sigsuspend:
        case __NR_restart_syscall:
        case __NR_wait4:
        case __NR_waitid:
        case __NR_munmap:
        case __NR_brk:
            return 1;
        default:
            return 0;
    }
}

static void every_number(void) {
    for (long number = 0; number < 460; ++number) {
        if (is_left_out(number)) {
            continue;
        }
        // A child for each: what a wild call does to the process ends with it.
        const pid_t child = fork();
        if (child == 0) {
            alarm(1);
            for (int index = 0; index < kAddressCount; ++index) {
                const uintptr_t address = kAddresses[index];
                syscall(number, address, address, address, address, address, address);
                syscall(number, 3, address, 8, address, 8, address);
            }
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    printf("every number was tried\n");
}

static void must_fault(void) {
    const int file = open("/dev/zero", O_RDWR);
    int ends[2];
    if (file < 0 || pipe(ends) != 0) {
        return;
    }
    int faults = 0;
    int tried = 0;
    for (int index = 0; index < kAddressCount; ++index) {
        const long calls[][4] = {
            {__NR_read, file, (long)kAddresses[index], 16},
            {__NR_write, ends[1], (long)kAddresses[index], 16},
            {__NR_pipe2, (long)kAddresses[index], 0, 0},
            {__NR_uname, (long)kAddresses[index], 0, 0},
            {__NR_openat, AT_FDCWD, (long)kAddresses[index], O_RDONLY},
            {__NR_getrandom, (long)kAddresses[index], 16, 0},
            {__NR_fstat, file, (long)kAddresses[index], 0},
        };
        for (unsigned call = 0; call < sizeof(calls) / sizeof(calls[0]); ++call) {
            ++tried;
            const long result = syscall(calls[call][0], calls[call][1], calls[call][2], calls[call][3]);
            faults += result == -1 && errno == EFAULT;
        }
    }
    printf("EFAULT: %d of %d\n", faults, tried);

    // What fits before an unmapped page is written before the error is met.
    const int text = open("/tmp/levitate-short-write", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char* pages = mmap(NULL, 0x2000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (text >= 0 && pages != MAP_FAILED && munmap(pages + 0x1000, 0x1000) == 0) {
        printf("short write: %zd\n", write(text, pages + 0xff0, 64));
    }
}

int main(void) {
    must_fault();
    fflush(stdout);
    every_number();
    return 0;
}
