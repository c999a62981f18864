// The other way between init and the host: frames by calls to the engine, without the UART.
//
// init executes SVC with an immediate that no kernel looks at (Linux takes all alike). An engine that owns it
// sees the exception when it has been taken, copies the frame through the page tables, and goes on behind the
// SVC with the result in x0: the kernel never runs. So it works under any kernel, and costs a few
// instructions however long the frame is. Where no engine owns it, the kernel gets a call with a number that
// is nobody's and refuses it, and init uses the UART.
//
//     x0       in: ChannelCall; out: its result, or a negative errno
//     x1, x2   the run's key (frame.hpp), little-endian; the call of a program, which has none, is the
//     kernel's x3, x4   address and length of the buffer x5       Send: the FrameType x8 kChannelCallNumber
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "vmm/initramfs/init/frame.hpp"

namespace levitate::vmm::init {

inline constexpr std::uint16_t kChannelSvc = 0x4c56;
inline constexpr std::uint64_t kChannelCallNumber = 0x4c560000;

enum class ChannelCall : std::uint64_t {
    // The buffer is (the beginning of) a frame's payload. Result: how many bytes of it were taken, which is
    // less than its length where a page of it is not mapped. Each part is a frame of its own.
    Send = 1,
    // Result: 0 if no frame waits; else FrameType << 32 | length of the payload that has been stored. A
    // payload that is longer than the buffer stays, and the call fails (EFAULT).
    Receive = 2,
    // init has no description of a run (run_description.hpp): it waits for one. Without a key, because init
    // has none. The machine may be saved while it stands at this call, and go on more than once. Result: the
    // size of a RunTicket, which has been stored in the buffer; the archive with what is to run follows in
    // frames, Root and RootEnd.
    AwaitRun = 3,
};

// What AwaitRun gives.
struct RunTicket {
    HashKey key{};
    std::uint64_t seed = 0;  // of the guest's random numbers
};

// What init grants of standard input at a time on this way: what a pipe takes.
inline constexpr std::uint32_t kChannelStdinWindow = 65536;

// For init. nullopt: no engine answers.
std::optional<std::size_t> send_by_call(const HashKey& key, FrameType type,
                                        std::span<const std::byte> payload);
std::optional<DecodedFrame> receive_by_call(const HashKey& key);
// The same without a copy: the payload is there until the next call.
struct ReceivedFrame {
    FrameType type{};
    std::span<const std::byte> payload;
};
std::optional<ReceivedFrame> borrow_by_call(const HashKey& key);
std::optional<RunTicket> await_run();

}  // namespace levitate::vmm::init
