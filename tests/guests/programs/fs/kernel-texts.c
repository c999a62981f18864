// Texts of /proc and /sys: their modes and contents where these are the same everywhere, the bounds of what
// can be written to /proc/sys.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/capability.h>

#include "../behaviours.h"
#include "../report.h"

static char buffer[8192];

static void show_start(const char* path, size_t size) {
    struct stat status = {0};
    const int fd = open(path, O_RDONLY);
    memset(buffer, 0, sizeof(buffer));
    const long count = read(fd, buffer, size);
    const int error = count < 0 ? errno : 0;
    if (strncmp(path, "/proc", 5) == 0) {
        fstat(fd, &status);  // times in /sys are of when its file was first looked for
    }
    printf("%s: mode %o, size %ld, links %d, %ld %s\n%s\n", path, status.st_mode, (long)status.st_size,
           (int)status.st_nlink, count, error != 0 ? strerrorname_np(error) : "", buffer);
    close(fd);
}

// The tables of the net as far as there is nothing of a moment in them.
static void networks(void) {
    static const struct {
        const char* name;
        size_t size;
    } kTables[] = {{"arp", 4096},     {"dev_mcast", 4096}, {"if_inet6", 4096}, {"packet", 4096},
                   {"raw", 4096},     {"raw6", 4096},      {"route", 4096},    {"udp", 4096},
                   {"udp6", 4096},    {"udplite", 4096},   {"udplite6", 4096}, {"tcp", 150},
                   {"tcp6", 145},     {"dev", 200},        {"snmp", 229},      {"sockstat", 14},
                   {"sockstat6", 12}, {"unix", 57}};
    char path[64];
    for (size_t i = 0; i < sizeof(kTables) / sizeof(*kTables); i++) {
        snprintf(path, sizeof(path), "/proc/net/%s", kTables[i].name);
        show_start(path, kTables[i].size);
        TRY(access(path, X_OK));
    }
}

static void machine(void) {
    static const char* const kFiles[] = {
        "/sys/devices/system/cpu/online",
        "/sys/devices/system/cpu/possible",
        "/sys/devices/system/cpu/present",
        "/sys/devices/system/cpu/offline",
        "/sys/devices/system/cpu/isolated",
        "/sys/devices/system/cpu/smt/active",
        "/sys/class/net/lo/address",
        "/sys/class/net/lo/ifindex",
        "/sys/class/net/lo/operstate",
        "/sys/class/net/lo/type",
        "/proc/swaps",
        "/proc/sys/kernel/panic",
        "/proc/sys/kernel/panic_on_oops",
        "/proc/sys/kernel/random/poolsize",
    };
    static const char* const kModes[] = {"/proc/cgroups",
                                         "/proc/cmdline",
                                         "/proc/cpuinfo",
                                         "/proc/devices",
                                         "/proc/filesystems",
                                         "/proc/interrupts",
                                         "/proc/loadavg",
                                         "/proc/locks",
                                         "/proc/meminfo",
                                         "/proc/stat",
                                         "/proc/tty/drivers",
                                         "/proc/tty/ldiscs",
                                         "/proc/uptime",
                                         "/proc/version",
                                         "/proc/vmstat",
                                         "/proc/sys/kernel/domainname",
                                         "/proc/sys/kernel/hostname",
                                         "/proc/sys/kernel/tainted",
                                         "/proc/sys/fs/dir-notify-enable",
                                         "/proc/sys/kernel/osrelease",
                                         "/proc/sys/kernel/version",
                                         "/proc/sys/kernel/random/uuid",
                                         "/proc/sys/kernel/random/boot_id",
                                         "/proc/sys/kernel/random/entropy_avail",
                                         "/proc/sys/kernel/randomize_va_space",
                                         "/sys/devices/system/cpu/kernel_max",
                                         "/sys/devices/system/cpu/cpu0/regs/identification/midr_el1"};
    for (size_t i = 0; i < sizeof(kFiles) / sizeof(*kFiles); i++) {
        show_start(kFiles[i], 4096);
        TRY(access(kFiles[i], X_OK));
    }
    for (size_t i = 0; i < sizeof(kModes) / sizeof(*kModes); i++) {
        printf("%s: read %d, written %d, executed %d\n", kModes[i], access(kModes[i], R_OK),
               access(kModes[i], W_OK), access(kModes[i], X_OK));
    }
}

static const char* text_of(const char* path) {
    const int fd = open(path, O_RDONLY);
    const long count = read(fd, buffer, sizeof(buffer) - 1);
    buffer[count < 0 ? 0 : count] = '\0';
    close(fd);
    return buffer;
}

static void put(const char* path, const char* text) {
    const int fd = open(path, O_WRONLY);
    errno = 0;
    const long count = fd < 0 ? -1 : write(fd, text, strlen(text));
    printf("  %s: %s\n", text, count < 0 ? strerrorname_np(errno) : "taken");
    close(fd);
}

static void without(int capability) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    syscall(SYS_capget, &header, data);
    data[capability / 32].effective &= ~(1U << capability % 32);
    TRY(syscall(SYS_capset, &header, data));
}

static void bounds(void) {
    static const struct {
        const char* name;
        const char* values[8];
    } kBounds[] = {
        {"fs/nr_open", {"63", "64", "128", "2147483584", "2147483648"}},
        {"fs/pipe-max-size", {"0", "4095", "4096", "4097", "8193", "1073741824", "2147483649", "4294967296"}},
        {"fs/protected_hardlinks", {"-1", "0", "1", "2"}},
        {"fs/protected_symlinks", {"-1", "0", "1", "2"}},
        {"fs/suid_dumpable", {"-1", "0", "2", "3"}},
        {"kernel/dmesg_restrict", {"-1", "1", "0", "2"}},
        {"kernel/kptr_restrict", {"-1", "0", "1", "2", "3"}},
        {"net/core/rmem_default", {"2303", "2304", "2305"}},
        {"net/core/rmem_max", {"2303", "2304", "2305"}},
        {"net/core/wmem_default", {"4607", "4608", "4609"}},
        {"net/core/wmem_max", {"4607", "4608", "4609"}},
        {"net/core/somaxconn", {"-1", "0", "1"}},
        {"net/ipv4/ip_local_port_range",
         {"0 5", "2000 1999", "2000 2000", "1024 65535", "1023 2000", "2000 65536"}},
        {"net/ipv4/ip_unprivileged_port_start", {"-1", "0", "32768", "32769", "65536"}},
        {"vm/dirty_background_ratio", {"-1", "0", "100", "101"}},
        {"vm/dirty_ratio", {"-1", "0", "100", "101"}},
        {"vm/max_map_count", {"-1"}},
        {"vm/overcommit_memory", {"-1", "1", "2", "3"}},
        {"vm/panic_on_oom", {"-1", "1", "3"}},
        {"vm/swappiness", {"-1", "0", "200", "201"}},
        {"vm/vfs_cache_pressure", {"-1", "0"}},
    };
    for (size_t i = 0; i < sizeof(kBounds) / sizeof(*kBounds); i++) {
        char path[128], before[128];
        snprintf(path, sizeof(path), "/proc/sys/%s", kBounds[i].name);
        snprintf(before, sizeof(before), "%s", text_of(path));
        printf("%s\n", kBounds[i].name);
        for (int k = 0; k < 8 && kBounds[i].values[k] != NULL; k++) {
            put(path, kBounds[i].values[k]);
            printf("  is %s", strcmp(text_of(path), before) == 0 ? "as before\n" : buffer);
        }
        const int fd = open(path, O_WRONLY);
        TRY(write(fd, before, strlen(before)) == (ssize_t)strlen(before));
        close(fd);
    }
    without(CAP_SYS_ADMIN);
    put("/proc/sys/kernel/dmesg_restrict", "0");
    put("/proc/sys/kernel/kptr_restrict", "0");
    put("/proc/sys/kernel/tainted", "0");
    put("/proc/sys/vm/swappiness", "60");
}

int main(int count, char** arguments) {
    static const struct Behaviour kBehaviours[] = {
        {"networks", networks}, {"machine", machine}, {"bounds", bounds}};
    return run_behaviour(kBehaviours, sizeof(kBehaviours) / sizeof(*kBehaviours),
                         count > 1 ? arguments[1] : NULL);
}
