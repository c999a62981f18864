#define _GNU_SOURCE
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/case.h"

// A case that hangs ends by this.
enum { SECONDS = 20 };

static struct test_case* first_case;

void register_case(struct test_case* one) {
    struct test_case** end = &first_case;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = one;
}

void check_failed(const char* file, int line, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%d: ", file, line);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
    _exit(1);
}

static int run_case(const struct test_case* one) {
    char directory[64];
    snprintf(directory, sizeof(directory), "/work/%s", one->name);
    if (mkdir(directory, 0755) != 0) {
        printf("cannot make %s: %s\n", directory, strerror(errno));
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS);
        if (chdir(directory) != 0) {
            check_failed(__FILE__, __LINE__, "cannot go to %s: %s", directory, strerror(errno));
        }
        one->run();
        fflush(stdout);
        _exit(0);
    }
    int status = -1;
    while (waitpid(child, &status, 0) == -1 && errno == EINTR) {
    }
    if (status == 0) {
        printf("PASS %s\n", one->name);
    } else {
        printf("FAIL %s (status 0x%x)\n", one->name, (unsigned)status);
    }
    return status == 0;
}

static void mount_all(void) {
    mkdir("/work", 0755);
    mkdir("/proc", 0755);
    mkdir("/dev", 0755);
    mkdir("/sys", 0755);
    if (mount("proc", "/proc", "proc", 0, NULL) != 0 || mount("dev", "/dev", "devtmpfs", 0, NULL) != 0 ||
        mount("sysfs", "/sys", "sysfs", 0, NULL) != 0) {
        printf("cannot mount: %s\n", strerror(errno));
    }
}

int main(int count, char** arguments) {
    // What cases execute: another program that ends as it is told to.
    if (count > 2 && strcmp(arguments[1], "exit-with") == 0) {
        return atoi(arguments[2]);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    umask(022);
    mount_all();
    int passed = 0;
    int failed = 0;
    for (const struct test_case* one = first_case; one != NULL; one = one->next) {
        if (run_case(one)) {
            ++passed;
        } else {
            ++failed;
        }
    }
    printf("kernel cases: %d passed, %d failed\n", passed, failed);
    sync();
    reboot(RB_POWER_OFF);
    return 1;
}
