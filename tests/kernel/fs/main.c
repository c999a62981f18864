#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

static int passed;
static int failed;
static int failures_of_this_test;
static const char* current_test;

void check_failed(const char* file, int line, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("FAIL %s: %s:%d: ", current_test, file, line);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    failures_of_this_test++;
}

void run_tests(const struct test_case* tests) {
    for (; tests->name != NULL; tests++) {
        char directory[64];
        snprintf(directory, sizeof(directory), "/work/%s", tests->name);
        if (mkdir(directory, 0755) != 0 || chdir(directory) != 0) {
            printf("cannot make %s: %s\n", directory, strerror(errno));
        }
        current_test = tests->name;
        failures_of_this_test = 0;
        umask(022);
        syscall(SYS_close_range, 3, ~0U, 0);
        tests->run();
        if (failures_of_this_test == 0) {
            printf("PASS %s\n", tests->name);
            passed++;
        } else {
            failed++;
        }
    }
}

int main(void) {
    bool is_init = getpid() == 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    mkdir("/work", 0755);
    if (is_init) {
        mkdir("/proc", 0755);
        mkdir("/dev", 0755);
        mkdir("/sys", 0755);
        if (mount("proc", "/proc", "proc", 0, NULL) != 0 || mount("dev", "/dev", "devtmpfs", 0, NULL) != 0 ||
            mount("sysfs", "/sys", "sysfs", 0, NULL) != 0) {
            printf("cannot mount: %s\n", strerror(errno));
        }
    }
    run_tests(path_tests);
    run_tests(file_tests);
    run_tests(descriptor_tests);
    run_tests(pipe_tests);
    run_tests(poll_tests);
    run_tests(mount_tests);
    run_tests(proc_tests);
    run_tests(lock_tests);
    run_tests(socket_tests);
    run_tests(splice_tests);
    run_tests(tty_tests);
    printf("fs-tests: %d passed, %d failed\n", passed, failed);
    if (is_init) {
        sync();
        reboot(RB_POWER_OFF);
    }
    return failed == 0 ? 0 : 1;
}
