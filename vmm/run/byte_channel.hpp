// The host's side of vmm/initramfs/init/channel.hpp: frames between init and the host by calls to the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <utility>

#include "vmm/engine/engine.hpp"
#include "vmm/initramfs/init/frame.hpp"
#include "vmm/initramfs/init/keyed_hash.hpp"

namespace levitate::vmm {

class ByteChannel {
  public:
    // `receiver` gets the frames that init sends.
    ByteChannel(const init::HashKey& key, init::FrameDecoder::Receiver& receiver)
        : key_(key), receiver_(receiver) {}

    // Whether init has sent a frame by a call, so that it asks for what it gets in the same way.
    bool is_used() const { return is_used_; }
    // Whether frames wait that init has not asked for.
    bool has_waiting() const { return !for_init_.empty(); }
    // The frame waits until init asks for it.
    void send(init::DecodedFrame frame) { for_init_.push_back(std::move(frame)); }

    // Answers the call that the guest stands at after ExitReason::ChannelCall, and puts it behind the SVC.
    // False: it does not have the key, so it is a program's own call, which goes to the kernel.
    bool serve(Engine& engine, const VcpuRegisters& at_vector);

    // The guest stands at AwaitRun: gives it this channel's key, and `archive` when it asks.
    void hand_over(Engine& engine, std::uint64_t seed, std::span<const std::byte> archive);

  private:
    static void go_on(Engine& engine, const VcpuRegisters& at_vector, std::int64_t result);
    std::int64_t take(const Engine& engine, const VcpuRegisters& call);
    std::int64_t give(Engine& engine, const VcpuRegisters& call);

    init::HashKey key_;
    init::FrameDecoder::Receiver& receiver_;
    std::deque<init::DecodedFrame> for_init_;
    bool is_used_ = false;
};

}  // namespace levitate::vmm
