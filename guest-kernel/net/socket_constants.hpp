// Numbers of the socket interface that Linux's UAPI headers leave to the C library (Linux
// include/linux/socket.h and include/linux/net.h). SOL_SOCKET and SO_* are in <asm/socket.h>.
#pragma once

namespace kernel::socket_constants {

inline constexpr int kFamilyUnspecified = 0;  // AF_UNSPEC
inline constexpr int kFamilyUnix = 1;         // AF_UNIX
inline constexpr int kFamilyInet = 2;         // AF_INET
inline constexpr int kFamilyInet6 = 10;       // AF_INET6
inline constexpr int kFamilyNetlink = 16;     // AF_NETLINK
inline constexpr unsigned kFamilyEnd = 46;    // AF_MAX

inline constexpr unsigned kStream = 1;     // SOCK_STREAM
inline constexpr unsigned kDatagram = 2;   // SOCK_DGRAM
inline constexpr unsigned kRaw = 3;        // SOCK_RAW
inline constexpr unsigned kSeqPacket = 5;  // SOCK_SEQPACKET
inline constexpr unsigned kTypeEnd = 11;   // SOCK_MAX
inline constexpr unsigned kTypeMask = 0xf;

inline constexpr int kShutRead = 0;
inline constexpr int kShutWrite = 1;
inline constexpr int kShutBoth = 2;

inline constexpr unsigned kPeek = 0x2;                // MSG_PEEK
inline constexpr unsigned kControlTruncated = 0x8;    // MSG_CTRUNC
inline constexpr unsigned kTruncated = 0x20;          // MSG_TRUNC
inline constexpr unsigned kDontWait = 0x40;           // MSG_DONTWAIT
inline constexpr unsigned kWaitAll = 0x100;           // MSG_WAITALL
inline constexpr unsigned kNoSignal = 0x4000;         // MSG_NOSIGNAL
inline constexpr unsigned kOutOfBand = 0x1;           // MSG_OOB
inline constexpr unsigned kMore = 0x8000;             // MSG_MORE
inline constexpr unsigned kErrorQueue = 0x2000;       // MSG_ERRQUEUE
inline constexpr unsigned kWaitForOne = 0x10000;      // MSG_WAITFORONE
inline constexpr unsigned kCloseOnExec = 0x40000000;  // MSG_CMSG_CLOEXEC

inline constexpr int kLevelIp = 0;         // SOL_IP
inline constexpr int kLevelTcp = 6;        // SOL_TCP
inline constexpr int kLevelUdp = 17;       // SOL_UDP
inline constexpr int kLevelIpv6 = 41;      // SOL_IPV6
inline constexpr int kLevelNetlink = 270;  // SOL_NETLINK

inline constexpr int kRights = 1;                // SCM_RIGHTS
inline constexpr int kCredentials = 2;           // SCM_CREDENTIALS
inline constexpr unsigned kMaximumRights = 253;  // SCM_MAX_FD

}  // namespace kernel::socket_constants
