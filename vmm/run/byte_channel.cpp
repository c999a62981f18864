#include "vmm/run/byte_channel.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <vector>

#include "traces/abi/constants.hpp"
#include "vmm/initramfs/init/channel.hpp"

namespace levitate::vmm {
namespace {

using init::ChannelCall;

// What is taken of a buffer at a time, whatever its length is said to be.
constexpr std::uint64_t kMostBytes = 1U << 20U;
constexpr std::int64_t kBadAddress = -traces::abi::error_number("EFAULT");
constexpr std::int64_t kNoSuchCall = -traces::abi::error_number("ENOSYS");

}  // namespace

bool ByteChannel::serve(Engine& engine, const VcpuRegisters& at_vector) {
    const auto key = std::bit_cast<std::array<std::uint64_t, 2>>(key_);
    if (at_vector.x[1] != key[0] || at_vector.x[2] != key[1]) {
        return false;
    }
    std::int64_t result = kNoSuchCall;
    switch (static_cast<ChannelCall>(at_vector.x[0])) {
        case ChannelCall::Send:
            result = take(engine, at_vector);
            break;
        case ChannelCall::Receive:
            result = give(engine, at_vector);
            break;
        case ChannelCall::AwaitRun:
            break;  // it has one
    }
    go_on(engine, at_vector, result);
    return true;
}

// Behind the SVC.
void ByteChannel::go_on(Engine& engine, const VcpuRegisters& at_vector, std::int64_t result) {
    VcpuRegisters after = at_vector;
    after.x[0] = static_cast<std::uint64_t>(result);
    after.pc = at_vector.elr_el1;
    after.pstate = at_vector.spsr_el1;
    engine.set_registers(after);
}

void ByteChannel::hand_over(Engine& engine, std::uint64_t seed, std::span<const std::byte> archive) {
    while (!archive.empty()) {
        const auto part = archive.first(std::min<std::size_t>(archive.size(), init::kChannelStdinWindow));
        send({.type = init::FrameType::Root, .payload = {part.begin(), part.end()}});
        archive = archive.subspan(part.size());
    }
    send({.type = init::FrameType::RootEnd, .payload = {}});
    const init::RunTicket ticket{.key = key_, .seed = seed};
    const auto bytes = std::as_bytes(std::span{&ticket, 1});
    const VcpuRegisters call = engine.registers();
    const std::size_t stored = engine.write_memory(GuestVirt{call.x[3]}, bytes, View::User);
    go_on(engine, call, stored == bytes.size() ? static_cast<std::int64_t>(stored) : kBadAddress);
}

std::int64_t ByteChannel::take(const Engine& engine, const VcpuRegisters& call) {
    std::vector<std::byte> payload(std::min(call.x[4], kMostBytes));
    payload.resize(engine.read_memory(GuestVirt{call.x[3]}, payload, View::User));
    const auto taken = static_cast<std::int64_t>(payload.size());
    if (taken == 0 && call.x[4] != 0) {
        return kBadAddress;
    }
    is_used_ = true;
    receiver_.on_frame({.type = static_cast<init::FrameType>(call.x[5]), .payload = std::move(payload)});
    return taken;
}

std::int64_t ByteChannel::give(Engine& engine, const VcpuRegisters& call) {
    if (for_init_.empty()) {
        return 0;
    }
    const init::DecodedFrame& frame = for_init_.front();
    const std::span<const std::byte> payload = frame.payload;
    if (payload.size() > call.x[4] ||
        engine.write_memory(GuestVirt{call.x[3]}, payload, View::User) != payload.size()) {
        return kBadAddress;
    }
    const auto result =
        static_cast<std::int64_t>(frame.type) << 32 | static_cast<std::int64_t>(payload.size());
    for_init_.pop_front();
    return result;
}

}  // namespace levitate::vmm
