// The structures that system calls pass, from Linux's UAPI headers; those whose fields no handler reads are
// only declared.
#pragma once

#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/capability.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <linux/poll.h>
#include <linux/resource.h>
#include <linux/rseq.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/sem.h>
#include <linux/signal.h>
#include <linux/stat.h>
#include <linux/sysinfo.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/times.h>
#include <linux/timex.h>
#include <linux/uio.h>
#include <linux/utsname.h>

#include <cstdint>

using std::int64_t;
using std::uint64_t;

// The kernel's own sigset_t: _NSIG bits (the UAPI type of the same size is sigset_t).
using kernel_sigset_t = sigset_t;

struct file_handle;
struct io_event;
struct io_uring_params;
struct iocb;
struct mq_attr;
struct perf_event_attr;

// pselect6's sixth argument (man 2 pselect, "C library/kernel differences").
struct sigset_argpack {
    std::uint64_t mask;
    std::uint64_t size;
};

// Linux include/linux/socket.h, struct user_msghdr: what sendmsg and recvmsg take.
struct user_msghdr {
    std::uint64_t msg_name;
    std::int32_t msg_namelen;
    std::uint64_t msg_iov;
    std::uint64_t msg_iovlen;
    std::uint64_t msg_control;
    std::uint64_t msg_controllen;
    std::uint32_t msg_flags;
};

// The same, for several messages in a call.
struct mmsghdr {
    user_msghdr msg_hdr;
    std::uint32_t msg_len;
};
