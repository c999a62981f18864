// What a guest asks of its host by HLT #0xf000 (Semihosting for AArch32 and AArch64, version 4.1): ending the
// machine with a status, and writing to a console.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "vmm/arch/address.hpp"
#include "vmm/devices/state_transfer.hpp"

namespace levitate::vmm {

struct SemihostingReply {
    std::uint64_t result = 0;        // for x0
    std::optional<int> exit_status;  // the guest ends the machine
};

class Semihosting {
  public:
    // Gets every byte that the guest writes.
    using Output = std::function<void(std::byte)>;
    // Copies the guest's memory from there, and returns how many bytes it could copy.
    using ReadMemory = std::function<std::size_t(GuestVirt, std::span<std::byte>)>;

    explicit Semihosting(Output output) : output_(std::move(output)) {}

    // A call with `operation` in w0 and `parameter` in x1. Operations that are not there fail with ENOSYS, as
    // SYS_ERRNO then says.
    SemihostingReply call(std::uint32_t operation, std::uint64_t parameter, const ReadMemory& read);
    void transfer_state(StateTransfer& transfer) { transfer.values(error_); }

  private:
    SemihostingReply fail(int error);
    SemihostingReply open(GuestVirt block, const ReadMemory& read);
    SemihostingReply write(GuestVirt block, const ReadMemory& read);
    SemihostingReply exit(GuestVirt block, const ReadMemory& read);
    void write_string(GuestVirt text, const ReadMemory& read);
    // How many bytes could be written.
    std::uint64_t write_bytes(GuestVirt from, std::uint64_t length, const ReadMemory& read);

    Output output_;
    int error_ = 0;
};

}  // namespace levitate::vmm
