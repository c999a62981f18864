// The UART of a kernel that runs alone, without a program and without our init: it is connected to our stdin
// and stdout, as `qemu-system-aarch64 -nographic` does it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "vmm/devices/pl011.hpp"
#include "vmm/run/guest_channel.hpp"
#include "vmm/run/raw_terminal.hpp"
#include "vmm/run/stdin_receiver.hpp"

namespace levitate::vmm {

class KernelConsole final : public StdinReceiver {
  public:
    enum class Input { Live, Given };
    // `log` gets everything that is written, too.
    KernelConsole(OutputMode mode, Input input, std::function<void(std::string_view)> log);

    // Where input goes. To be called once, before anything is sent.
    void connect(Pl011& uart) { uart_ = &uart; }

    // A byte from the UART. It is written at once if it ends a line, else by the next flush().
    void receive(std::byte byte);
    void flush();
    // Nobody reads our stdout any more.
    bool reader_gone() const { return reader_gone_; }
    // What has been written, if that is to be captured.
    std::vector<std::byte>& captured() { return captured_; }

    bool program_started() const override { return true; }
    std::uint32_t stdin_credit() const override;
    bool stdin_closed() const override { return false; }
    void send_stdin(std::span<const std::byte> bytes) override { uart_->send(bytes); }
    // A UART has no end of file.
    void send_stdin_end() override {}

  private:
    OutputMode mode_;
    std::function<void(std::string_view)> log_;
    std::optional<RawTerminal> terminal_;
    Pl011* uart_ = nullptr;
    std::vector<std::byte> pending_;
    std::vector<std::byte> captured_;
    bool reader_gone_ = false;
};

}  // namespace levitate::vmm
