// A program that is process 1 itself: nothing is asked of the kernel that the program does not ask. Its
// output comes from its own calls at the boundary, and its end from these or from the kernel's panic about
// it.
#pragma once

#include "vmm/run/console_writes.hpp"
#include "vmm/run/init_panic.hpp"
#include "vmm/run/workload.hpp"

namespace levitate::vmm {

class DirectWorkload final : public Workload, private ConsoleWrites::Receiver {
  public:
    DirectWorkload(const RunSpec& spec, const RunHooks& hooks) : Workload(spec, hooks) {}

    std::optional<PackRequest> pack_request() const override;
    ProgramStart program_start() const override;
    traces::EventSink* observer() override { return &writes_; }
    void look_at(const BoundaryTracer& tracer) override;
    // There is no init that could say when the program is about to start, or name the kernel.
    std::string kernel_name() const override { return spec().kernel.filename().string(); }

    std::uint32_t stdin_credit() const override;
    void send_stdin(std::span<const std::byte> bytes) override;
    void send_stdin_end() override;

  private:
    void on_connected() override;
    void take(std::byte byte) override;
    void on_start() override { status().started = true; }
    void on_output(OutputStream stream, std::span<const std::byte> bytes) override { put_out(stream, bytes); }
    void on_unseen_output(const std::string& call) override;
    void end(std::optional<int> exit_code, std::optional<int> signal);

    ConsoleWrites writes_{*this};
    InitPanic init_panic_;
    bool line_is_empty_ = true;  // the terminal's line that standard input has come to
};

}  // namespace levitate::vmm
