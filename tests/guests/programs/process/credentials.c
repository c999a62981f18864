// Users, groups and capabilities: who may become whom, and what is lost and kept on the way.
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../behaviours.h"
#include "../report.h"

static void show_users(void) {
    uid_t real;
    uid_t effective;
    uid_t saved;
    getresuid(&real, &effective, &saved);
    printf("  users %u %u %u, files %d", real, effective, saved, setfsuid((uid_t)-1));
    getresgid(&real, &effective, &saved);
    printf(", groups %u %u %u, files %d\n", real, effective, saved, setfsgid((gid_t)-1));
}

static void show_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    syscall(SYS_capget, &header, data);
    printf("  effective %x %x, permitted %x %x, inheritable %x\n", data[0].effective, data[1].effective,
           data[0].permitted, data[1].permitted, data[0].inheritable);
}

// The raw calls change this thread only, as libc's do where there is no other.
static void users(void) {
    TRY(getresuid(kBadAddress, NULL, NULL));
    TRY(setuid((uid_t)-1));
    TRY(setresuid(1, 2, 3));
    show_users();
    show_capabilities();
    TRY(setresuid((uid_t)-1, 4, (uid_t)-1));
    TRY(setresuid((uid_t)-1, 3, (uid_t)-1));
    TRY(setreuid(3, 1));
    show_users();
    TRY(setreuid((uid_t)-1, 2));
    TRY(setuid(3));
    TRY(setuid(0));
    show_users();
    TRY(setfsuid(2));
    TRY(setfsuid(99));
    show_users();
    TRY(seteuid(1));
    show_users();
}

static void groups(void) {
    gid_t list[4] = {0};
    TRY(setgroups(3, (gid_t[]){7, 5, 6}));
    TRY(getgroups(0, NULL));
    TRY(getgroups(2, list));
    TRY(syscall(SYS_getgroups, -1, list));
    TRY(getgroups(3, kBadAddress));
    TRY(getgroups(4, list));
    printf("  %u %u %u\n", list[0], list[1], list[2]);
    TRY(syscall(SYS_setgroups, 65537, list));
    TRY(syscall(SYS_setgroups, -1, list));
    TRY(setgroups(1, kBadAddress));
    TRY(setgid((gid_t)-1));
    TRY(setresgid(10, 20, 30));
    show_users();
    TRY(setregid(20, 10));
    show_users();
    TRY(setfsgid(40));
    TRY(setuid(1000));
    TRY(setgroups(0, NULL));
    TRY(setgid(30));
    TRY(setgid(10));
    TRY(setresgid(30, 30, 30));
    TRY(setregid(99, (gid_t)-1));
    TRY(setfsgid(99));
    show_users();
}

static void keeping(void) {
    TRY(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
    TRY(prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0));
    TRY(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
    TRY(setresuid(1000, 1000, 1000));
    show_capabilities();
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    data[0].permitted = 1U << CAP_SETUID | 1U << CAP_KILL | 1U << CAP_SETPCAP;
    data[0].effective = 1U << CAP_SETUID;
    data[0].inheritable = 1U << CAP_KILL;
    TRY(syscall(SYS_capset, &header, data));
    show_capabilities();
    data[0].permitted |= 1U << CAP_CHOWN;
    TRY(syscall(SYS_capset, &header, data));
    data[0].permitted = 1U << CAP_SETUID | 1U << CAP_KILL;
    data[0].effective = 1U << CAP_CHOWN;
    TRY(syscall(SYS_capset, &header, data));
    data[0].effective = 0;
    TRY(syscall(SYS_capset, &header, data));
    TRY(setuid(1001));
    show_capabilities();
    TRY(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0));
    TRY(prctl(PR_CAPBSET_DROP, CAP_CHOWN, 0, 0, 0));
}

static void capability_calls(void) {
    struct __user_cap_header_struct header = {0x1234, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    TRY(syscall(SYS_capget, &header, data));
    printf("  version %x\n", header.version);
    header.version = 0x1234;
    TRY(syscall(SYS_capget, &header, NULL));
    header.version = 0x1234;
    TRY(syscall(SYS_capset, &header, data));
    header.pid = -1;
    TRY(syscall(SYS_capget, &header, data));
    header.pid = 32000;
    TRY(syscall(SYS_capget, &header, data));
    TRY(syscall(SYS_capset, &header, data));
    header.pid = 1;
    TRY(syscall(SYS_capset, &header, data));
    header.pid = 0;
    TRY(syscall(SYS_capget, &header, kBadAddress));
    TRY(syscall(SYS_capget, kBadAddress, data));
    TRY(syscall(SYS_capset, &header, kBadAddress));
    header.version = _LINUX_CAPABILITY_VERSION_1;
    TRY(syscall(SYS_capget, &header, data));
    printf("  %x\n", data[0].permitted);
    TRY(prctl(PR_CAPBSET_READ, 40, 0, 0, 0));
    TRY(prctl(PR_CAPBSET_READ, 41, 0, 0, 0));
    TRY(prctl(PR_CAPBSET_DROP, 64, 0, 0, 0));
    TRY(prctl(PR_CAPBSET_DROP, CAP_MKNOD, 0, 0, 0));
    TRY(prctl(PR_CAPBSET_READ, CAP_MKNOD, 0, 0, 0));
    TRY(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
    TRY(prctl(PR_SET_SECUREBITS, 0x1000, 0, 0, 0));
    TRY(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED, 0, 0, 0));
    TRY(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
    TRY(setuid(1000));
    show_capabilities();
    TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
    header.version = _LINUX_CAPABILITY_VERSION_3;
    syscall(SYS_capget, &header, data);
    data[0].inheritable = 1U << CAP_KILL;
    TRY(syscall(SYS_capset, &header, data));
    TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
    TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0));
    TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 64, 0, 0));
    TRY(prctl(PR_CAP_AMBIENT, 9, CAP_KILL, 0, 0));
    TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
    data[0].inheritable = 0;
    TRY(syscall(SYS_capset, &header, data));
    TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0));
    TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"users", users}, {"groups", groups}, {"keeping", keeping}, {"capabilities", capability_calls}};
    setvbuf(stdout, NULL, _IOLBF, 0);
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(kBehaviours[0]),
                         count > 1 ? arguments[1] : NULL);
}
