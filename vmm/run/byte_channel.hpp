// The host's side of vmm/initramfs/init/channel.hpp: frames between init and the host by calls to the engine.
#pragma once

#include "vmm/engine/engine.hpp"
#include "vmm/initramfs/init/keyed_hash.hpp"
#include "vmm/run/guest_channel.hpp"

namespace levitate::vmm {

class ByteChannel {
  public:
    ByteChannel(const init::HashKey& key, GuestChannel& frames) : key_(key), frames_(frames) {}

    // Answers the call that the guest stands at after ExitReason::ChannelCall, and puts it behind the SVC.
    // False: it has not the key, so it is a program's own call, which goes to the kernel.
    bool serve(Engine& engine, const VcpuRegisters& at_vector);

  private:
    std::int64_t send(const Engine& engine, const VcpuRegisters& call);
    std::int64_t receive(Engine& engine, const VcpuRegisters& call);

    init::HashKey key_;
    GuestChannel& frames_;
};

}  // namespace levitate::vmm
