// A kernel that runs alone, without a program and without our init: its UART is connected to our stdin and
// stdout, as `qemu-system-aarch64 -nographic` does it.
#pragma once

#include <optional>
#include <vector>

#include "vmm/run/raw_terminal.hpp"
#include "vmm/run/workload.hpp"

namespace levitate::vmm {

class KernelWorkload final : public Workload {
  public:
    KernelWorkload(const RunSpec& spec, const RunHooks& hooks);

    std::optional<PackRequest> pack_request() const override { return std::nullopt; }
    ProgramStart program_start() const override { return {}; }
    void flush() override;
    // All of it is output.
    std::string kernel_log() const override { return {}; }

    bool takes_input() const override { return true; }
    std::uint32_t stdin_credit() const override;
    void send_stdin(std::span<const std::byte> bytes) override { uart().send(bytes); }
    // A UART has no end of file.
    void send_stdin_end() override {}

  private:
    void on_connected() override;
    // A byte is written at once if it ends a line, else by the next flush().
    void take(std::byte byte) override;

    std::optional<RawTerminal> terminal_;
    std::vector<std::byte> pending_;
};

}  // namespace levitate::vmm
