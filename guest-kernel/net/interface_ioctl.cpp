// ioctl's questions about network interfaces (man 7 netdevice; Linux net/core/dev_ioctl.c,
// net/ipv4/devinet.c).
#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/sockios.h>

#include "net/inet_socket.hpp"
#include "net/interface_request.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

void put_name(InterfaceRequest& request) {
    request.name = {};
    __builtin_memcpy(request.name.data(), LoopbackInterface::kName.data(), LoopbackInterface::kName.size());
}

void put_v4(InterfaceRequest& request, std::uint32_t address) {
    request.address = {};
    request.address.sin_family = socket_constants::kFamilyInet;
    request.address.sin_addr.s_addr = __builtin_bswap32(address);
}

// SIOCGIFCONF: the interfaces that have an IPv4 address.
Result<long> list_interfaces(UserAddress argument) {
    auto list = TRY(UserIn<InterfaceList>(argument).read());
    const std::size_t room = list.length > 0 ? static_cast<std::size_t>(list.length) : 0;
    const UserAddress out(list.requests);
    std::size_t used = 0;
    if (loopback_interface().has_v4_address()) {
        InterfaceRequest request{};
        put_name(request);
        put_v4(request, INADDR_LOOPBACK);
        if (out.is_null()) {
            used = sizeof(request);  // how much room would be needed
        } else if (room >= sizeof(request)) {
            TRY(copy_to_user(out, &request, sizeof(request)));
            used = sizeof(request);
        }
    }
    list.length = static_cast<int>(used);
    TRY(UserOut<InterfaceList>(argument).write(list));
    return 0;
}

Result<void> answer_address(unsigned command, InterfaceRequest& request) {
    constexpr std::uint32_t kMask = 0xff000000;
    if (!loopback_interface().has_v4_address()) {
        return Errno(EADDRNOTAVAIL);
    }
    switch (command) {
        case SIOCGIFADDR:
        case SIOCGIFDSTADDR:
            put_v4(request, INADDR_LOOPBACK);
            return {};
        case SIOCGIFNETMASK:
            put_v4(request, kMask);
            return {};
        default:  // SIOCGIFBRDADDR
            put_v4(request, 0);
            return {};
    }
}

Result<void> answer(unsigned command, InterfaceRequest& request) {
    switch (command) {
        case SIOCGIFFLAGS:
            request.flags = static_cast<short>(loopback_interface().flags());
            return {};
        case SIOCGIFINDEX:
            request.number = LoopbackInterface::kIndex;
            return {};
        case SIOCGIFMTU:
            request.number = LoopbackInterface::kMtu;
            return {};
        case SIOCGIFMETRIC:
            request.number = 0;
            return {};
        case SIOCGIFTXQLEN:
            request.number = LoopbackInterface::kTransmitQueue;
            return {};
        case SIOCGIFHWADDR:
            request.bytes = {};
            __builtin_memcpy(request.bytes.data(), &LoopbackInterface::kHardwareType,
                             sizeof(LoopbackInterface::kHardwareType));
            return {};
        case SIOCGIFMAP:
            request.bytes = {};
            return {};
        default:
            return answer_address(command, request);
    }
}

// A request that names its interface.
Result<long> answer_about_one(unsigned command, UserAddress argument) {
    auto request = TRY(UserIn<InterfaceRequest>(argument).read());
    request.name.back() = '\0';
    if (command == SIOCGIFNAME) {
        if (request.number != static_cast<int>(LoopbackInterface::kIndex)) {
            return Errno(ENODEV);
        }
        put_name(request);
    } else if (std::string_view(request.name.data()) != LoopbackInterface::kName) {
        return Errno(ENODEV);
    } else if (command == SIOCSIFFLAGS) {
        if (!Task::current().credentials.has(CAP_NET_ADMIN)) {
            return Errno(EPERM);
        }
        loopback_interface().change_flags(static_cast<unsigned short>(request.flags));
        return 0;
    } else {
        TRY(answer(command, request));
    }
    TRY(UserOut<InterfaceRequest>(argument).write(request));
    return 0;
}

// What a device's driver alone would know (SIOCDEVPRIVATE).
bool is_private(unsigned command) {
    return command >= SIOCDEVPRIVATE && command < SIOCDEVPRIVATE + 16;
}

bool is_change(unsigned command) {
    switch (command) {
        case SIOCSIFADDR:
        case SIOCSIFDSTADDR:
        case SIOCSIFBRDADDR:
        case SIOCSIFNETMASK:
        case SIOCSIFMETRIC:
        case SIOCSIFMTU:
        case SIOCSIFNAME:
        case SIOCSIFHWADDR:
        case SIOCSIFTXQLEN:
        case SIOCSIFMAP:
            return true;
        default:
            return false;
    }
}

// Linux sock_do_ioctl and dev_ioctl: the request is read whatever it asks for.
Result<long> refuse(unsigned command, UserAddress argument) {
    constexpr unsigned kSocketType = 0x89;  // SOCK_IOC_TYPE
    if ((command >> 8 & 0xff) != kSocketType) {
        return Errno(ENOTTY);
    }
    auto request = TRY(UserIn<InterfaceRequest>(argument).read());
    request.name.back() = '\0';
    if (is_change(command) && !Task::current().credentials.has(CAP_NET_ADMIN)) {
        return Errno(EPERM);
    }
    if (command != SIOCGIFSLAVE && !is_private(command)) {
        return Errno(ENOTTY);
    }
    if (std::string_view(request.name.data()) != LoopbackInterface::kName) {
        return Errno(ENODEV);
    }
    return Errno(is_private(command) ? EOPNOTSUPP : EINVAL);
}

}  // namespace

Result<long> interface_ioctl(unsigned command, UserAddress argument) {
    switch (command) {
        case SIOCGIFCONF:
            return list_interfaces(argument);
        case SIOCGIFNAME:
        case SIOCGIFFLAGS:
        case SIOCGIFINDEX:
        case SIOCGIFMTU:
        case SIOCGIFMETRIC:
        case SIOCGIFTXQLEN:
        case SIOCGIFHWADDR:
        case SIOCGIFMAP:
        case SIOCSIFFLAGS:
            return answer_about_one(command, argument);
        default:
            return refuse(command, argument);
    }
}

Result<long> InetSocket::ioctl(unsigned command, UserAddress argument) {
    switch (command) {
        case SIOCGIFADDR:
        case SIOCGIFDSTADDR:
        case SIOCGIFNETMASK:
        case SIOCGIFBRDADDR:
            return answer_about_one(command, argument);
        case SIOCGIFPFLAGS:
            TRY(UserIn<InterfaceRequest>(argument).read());
            return Errno(EINVAL);  // devinet_ioctl
        default:
            return Errno(ENOTTY);
    }
}

}  // namespace kernel
