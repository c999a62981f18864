#include "vmm/initramfs/init/system.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "vmm/descriptor.hpp"

namespace levitate::vmm::init {
namespace {

struct Mount {
    const char* type;
    const char* target;
    unsigned long flags;
    const char* options;
};
constexpr std::array kMounts{
    Mount{"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
    Mount{"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    Mount{"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    Mount{"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666"},
    Mount{"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"},
};

struct Link {
    const char* target;
    const char* path;
};
// devtmpfs has device nodes only; user space adds these (man 4 fd).
constexpr std::array kLinks{
    Link{"/proc/self/fd", "/dev/fd"},
    Link{"/proc/self/fd/0", "/dev/stdin"},
    Link{"/proc/self/fd/1", "/dev/stdout"},
    Link{"/proc/self/fd/2", "/dev/stderr"},
};

void raise_loopback() {
    const Descriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq request{};
    constexpr std::string_view kName = "lo";
    std::ranges::copy(kName, request.ifr_name);
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0) {
        request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
        ::ioctl(socket.get(), SIOCSIFFLAGS, &request);
    }
}

}  // namespace

void prepare_system() {
    constexpr mode_t kDirectoryMode = 0755;
    for (const Mount& mount : kMounts) {
        ::mkdir(mount.target, kDirectoryMode);
        ::mount(mount.type, mount.target, mount.type, mount.flags, mount.options);
    }
    for (const Link& link : kLinks) {
        if (::symlink(link.target, link.path) != 0 && errno != EEXIST) {
            return;  // no writable /dev: the others would fail as well
        }
    }
    raise_loopback();
}

int open_console() {
    int fd = -1;
    do {
        fd = ::open("/dev/console", O_RDWR | O_NOCTTY);
        if (fd < 0) {
            return -1;
        }
    } while (fd <= STDERR_FILENO);
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    termios settings{};
    if (::tcgetattr(fd, &settings) == 0) {
        ::cfmakeraw(&settings);
        ::tcsetattr(fd, TCSANOW, &settings);
    }
    return fd;
}

void power_off() {
    ::sync();
    ::reboot(RB_POWER_OFF);
    // A kernel without that call panics at least, which can be seen from outside.
    ::_exit(EXIT_FAILURE);
}

}  // namespace levitate::vmm::init
