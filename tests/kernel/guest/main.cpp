#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "behaviour.hpp"

namespace behaviour {

void fail(const char* expression, int line) {
    std::printf("  line %d: %s\n", line, expression);
    std::fflush(stdout);
    _exit(1);
}

namespace {

bool run_case(const Case& one) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        // Programs start with addresses that are not random: what a case compares is the same everywhere.
        alarm(10);
        one.run();
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    std::printf("%s %s", status == 0 ? "ok" : "FAILED", one.name);
    if (status != 0) {
        std::printf(" (status 0x%x)", static_cast<unsigned>(status));
    }
    std::printf("\n");
    return status == 0;
}

int run_all() {
    int failures = 0;
    for (const Case* one = first_case(); one != nullptr; one = one->next) {
        failures += run_case(*one) ? 0 : 1;
    }
    std::printf("%s\n", failures == 0 ? "ALL PASSED" : "SOME FAILED");
    std::fflush(stdout);
    return failures;
}

}  // namespace

}  // namespace behaviour

int main(int count, char** arguments) {
    if (count > 1 && std::strcmp(arguments[1], "exit-with") == 0) {
        return std::atoi(arguments[2]);
    }
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, nullptr);
    mkdir("/dev", 0755);
    mount("devtmpfs", "/dev", "devtmpfs", 0, nullptr);
    behaviour::run_all();
    reboot(RB_POWER_OFF);
}
