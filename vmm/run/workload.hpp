// What a machine's kernel is to run, and how the host talks with it: one class for each way.
//
//     HarnessWorkload   Levitate's init, which starts the program and reports on it in frames
//     DirectWorkload    the program as process 1, whose calls at the boundary show what it does
//     KernelWorkload    no program: the kernel's UART is our stdin and stdout
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/devices/pl011.hpp"
#include "vmm/engine/engine.hpp"
#include "vmm/error.hpp"
#include "vmm/initramfs/packer.hpp"
#include "vmm/run/kernel_log.hpp"
#include "vmm/run/program_output.hpp"
#include "vmm/run/run.hpp"
#include "vmm/run/stdin_receiver.hpp"
#include "vmm/tracer/boundary_tracer.hpp"

namespace levitate::vmm {

// What is known of a program that a kernel runs.
struct ProgramStatus {
    bool started = false;
    bool over = false;  // nothing more will be heard of it
    std::optional<int> exit_code;
    std::optional<int> signal;
    std::set<std::string> notes;  // what is known only in part, each once, for people
};

class Workload : public StdinReceiver {
  public:
    Workload(const RunSpec& spec, const RunHooks& hooks);

    // What is to stand in the initramfs; nullopt: nothing of ours.
    virtual std::optional<PackRequest> pack_request() const = 0;
    // How the tracer knows the program's first instruction.
    virtual ProgramStart program_start() const = 0;
    // Sees all events of the boundary, whether or not they are recorded; nullptr: it does not want to.
    virtual traces::EventSink* observer() { return nullptr; }
    // The SVC by which it calls the host. Such calls go to serve_call().
    virtual std::optional<std::uint16_t> channel_svc() const { return std::nullopt; }

    // To be called once, before the guest's first instruction. Bytes go to it over `uart`. `attention` is
    // called when the engine should stop so that the session can look at what has changed: process 1 runs,
    // the program is over, or the run has failed.
    void connect(Pl011& uart, std::function<void()> attention);
    // A byte that the guest has sent over the UART.
    void receive(std::byte byte);
    // How many such bytes came.
    std::uint64_t received() const { return received_; }
    // The guest stands still for a moment: what is still to be written can be.
    virtual void flush() {}
    // Answers the call that the guest stands at after ExitReason::ChannelCall, and puts it behind the SVC.
    // False: it is the program's own call, which goes to the kernel.
    virtual bool serve_call(Engine& /*engine*/, const VcpuRegisters& /*at_vector*/) { return false; }
    // The guest has just been resumed where its init waits for what it is to run
    // (init::ChannelCall::AwaitRun), which is `archive`. Precondition: pack_request() has asked for init.
    virtual void hand_over(Engine& /*engine*/, std::span<const std::byte> /*archive*/) {}
    // Signals of ours, for the program. Do they reach it now?
    virtual bool takes_signals() const { return false; }
    // Whether a signal that could be passed on has a handler in the guest; nullopt: not known yet. The first
    // question makes the guest find out.
    virtual std::optional<bool> handles_signals() { return false; }
    // Passes one on: to the program, or to its process group. False: the guest has not taken the last one
    // yet.
    virtual bool pass_signal(int /*signal*/, bool /*to_group*/) { return false; }
    // The tracer has seen another exit.
    virtual void look_at(const BoundaryTracer& /*tracer*/) {}
    // No byte comes any more.
    virtual void finish() {}

    // The kernel's name, "Linux 6.1.0-40-arm64 #1 SMP …". Empty: process 1 does not run yet.
    virtual std::string kernel_name() const { return {}; }
    const ProgramStatus& program() const { return program_; }
    const KernelLog& log() const { return log_; }
    // What of the log is not output.
    virtual std::string kernel_log() const { return log_.text(); }
    std::vector<std::byte>& captured(OutputStream stream) { return output_.captured(stream); }
    // Why the run cannot go on, for people; empty: it can.
    const std::string& failure() const { return failure_; }
    // What of its reports did not arrive, for people; empty: nothing is known to be missing.
    virtual std::string damage() const { return {}; }
    // Why the guest could not execute the program.
    virtual std::optional<Error> refusal() const { return std::nullopt; }

    bool takes_input() const override { return program_.started; }
    bool stdin_closed() const override { return false; }

  protected:
    virtual void take(std::byte byte) = 0;
    virtual void on_connected() {}

    const RunSpec& spec() const { return spec_; }
    Pl011& uart() const { return *uart_; }
    void write_log(std::string_view text) { log_.append(text); }
    ProgramOutput& output() { return output_; }
    ProgramStatus& status() { return program_; }
    void call_attention() { attention_(); }
    void fail(std::string why);
    // Fails if the program writes more than is kept.
    void put_out(OutputStream stream, std::span<const std::byte> bytes);

  private:
    const RunSpec& spec_;
    Pl011* uart_ = nullptr;
    std::function<void()> attention_;
    std::uint64_t received_ = 0;
    KernelLog log_;
    ProgramOutput output_;
    ProgramStatus program_;
    std::string failure_;
};

// `spec` is complete (complete_spec()), and must outlive the workload.
std::unique_ptr<Workload> make_workload(const RunSpec& spec, const RunHooks& hooks);

}  // namespace levitate::vmm
