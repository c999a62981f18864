// A program under Levitate's init, which reports on it in frames: by calls that the engine answers, or over
// the UART where none does.
#pragma once

#include "vmm/initramfs/init/frame.hpp"
#include "vmm/run/byte_channel.hpp"
#include "vmm/run/host_terminal.hpp"
#include "vmm/run/init_panic.hpp"
#include "vmm/run/workload.hpp"

namespace levitate::vmm {

class HarnessWorkload final : public Workload, private init::FrameDecoder::Receiver {
  public:
    // `key` is the one that init has: what does not carry its tag is text.
    HarnessWorkload(const RunSpec& spec, const RunHooks& hooks, const init::HashKey& key);

    std::optional<PackRequest> pack_request() const override;
    ProgramStart program_start() const override;
    std::optional<std::uint16_t> channel_svc() const override;
    bool serve_call(Engine& engine, const VcpuRegisters& at_vector) override;
    void hand_over(Engine& engine, std::span<const std::byte> archive) override;
    bool takes_signals() const override { return program().started && !program().over; }
    std::optional<bool> handles_signals() override;
    bool pass_signal(int signal, bool to_group) override;
    void finish() override;
    std::string kernel_name() const override { return kernel_name_; }
    std::string damage() const override;
    std::optional<Error> refusal() const override;

    std::uint32_t stdin_credit() const override { return stdin_credit_; }
    bool stdin_closed() const override { return stdin_closed_; }
    void send_stdin(std::span<const std::byte> bytes) override;
    void send_stdin_end() override;

  private:
    // What init could not do for the program.
    struct ExecFailure {
        int error = 0;  // Linux's errno
        std::string step;
    };

    void take(std::byte byte) override;
    void on_frame(const init::DecodedFrame& frame) override;
    void on_text(std::string_view text) override { write_log(text); }
    void on_started(std::span<const std::byte> payload);
    void on_stopped(int signal);
    void put_on_terminal(std::span<const std::byte> bytes);
    void send_numbers(init::FrameType type, std::span<const std::uint32_t> numbers);
    bool send_new_window();
    void on_hello(std::span<const std::byte> payload);
    void on_exec_failed(std::span<const std::byte> payload);
    void on_output(OutputStream stream, std::span<const std::byte> bytes);
    void send(init::FrameType type, std::span<const std::byte> payload);

    init::HashKey key_;
    init::FrameDecoder decoder_;
    init::FrameEncoder encoder_;
    ByteChannel calls_;
    InitPanic init_panic_;
    std::string kernel_name_;
    std::optional<ExecFailure> exec_failure_;
    std::optional<HostTerminal> terminal_;  // whose image the program gets
    bool is_terminal_gone_ = false;
    bool asked_for_handlers_ = false;
    std::optional<bool> handles_signals_;
    std::uint32_t stdin_credit_ = 0;
    bool stdin_closed_ = false;
};

}  // namespace levitate::vmm
