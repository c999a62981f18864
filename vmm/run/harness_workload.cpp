#include "vmm/run/harness_workload.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>
#include <vector>

#include "vmm/initramfs/init/channel.hpp"
#include "vmm/run/prepare.hpp"

namespace levitate::vmm {
namespace {

using init::FrameType;

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

HarnessWorkload::HarnessWorkload(const RunSpec& spec, const RunHooks& hooks, const init::HashKey& key)
    : Workload(spec, hooks),
      key_(key),
      decoder_(init::Direction::FromInit, key, *this),
      encoder_(init::Direction::ToInit, key),
      calls_(key, *this) {
    if (!spec.terminal.empty()) {
        terminal_.emplace(spec.terminal);
    }
}

std::optional<PackRequest> HarnessWorkload::pack_request() const {
    PackRequest request = vmm::pack_request(spec());
    request.key = key_;
    if (terminal_) {
        request.terminal = terminal_->request();
    }
    return request;
}

ProgramStart HarnessWorkload::program_start() const {
    return {.by = ProgramStart::By::Exec, .path = spec().guest_program};
}

std::optional<std::uint16_t> HarnessWorkload::channel_svc() const {
    return spec().uart_only ? std::nullopt : std::optional<std::uint16_t>{init::kChannelSvc};
}

void HarnessWorkload::take(std::byte byte) {
    decoder_.feed({&byte, 1});
    if (init_panic_.feed(byte) && !program().over) {
        fail(program().started ? "Levitate's init has ended before the program"
                               : "Levitate's init ended before it could start the program");
    }
}

bool HarnessWorkload::serve_call(Engine& engine, const VcpuRegisters& at_vector) {
    return calls_.serve(engine, at_vector);
}

void HarnessWorkload::hand_over(Engine& engine, std::span<const std::byte> archive) {
    calls_.hand_over(engine, spec().seed, archive);
}

// From its first call on, what is for init waits for its calls.
void HarnessWorkload::send(FrameType type, std::span<const std::byte> payload) {
    if (calls_.is_used()) {
        calls_.send({.type = type, .payload = {payload.begin(), payload.end()}});
        constexpr std::array kDoorbell{std::byte{'\n'}};  // init waits for something to read on the line
        uart().send(kDoorbell);
        return;
    }
    std::vector<std::byte> encoded;
    encoder_.append(type, payload, encoded);
    uart().send(encoded);
}

void HarnessWorkload::send_stdin(std::span<const std::byte> bytes) {
    stdin_credit_ -= static_cast<std::uint32_t>(bytes.size());
    send(FrameType::Stdin, bytes);
}

void HarnessWorkload::send_stdin_end() {
    send(FrameType::StdinEnd, {});
}

void HarnessWorkload::on_frame(const init::DecodedFrame& frame) {
    const std::span<const std::byte> payload = frame.payload;
    switch (frame.type) {
        case FrameType::Hello:
            on_hello(payload);
            break;
        case FrameType::Started:
            on_started(payload);
            break;
        case FrameType::Terminal:
            put_on_terminal(payload);
            break;
        case FrameType::Stopped:
            on_stopped(static_cast<int>(init::number_at(payload, 0)));
            break;
        case FrameType::Handles:
            handles_signals_ = init::number_at(payload, 0) == 1;
            break;
        case FrameType::Stdout:
            on_output(OutputStream::Stdout, payload);
            break;
        case FrameType::Stderr:
            on_output(OutputStream::Stderr, payload);
            break;
        case FrameType::StdinCredit:
            stdin_credit_ += init::number_at(payload, 0);
            break;
        case FrameType::StdinClosed:
            stdin_closed_ = true;
            break;
        case FrameType::Exited:
            status().exit_code = static_cast<int>(init::number_at(payload, 4));
            break;
        case FrameType::Killed:
            status().signal = static_cast<int>(init::number_at(payload, 4));
            break;
        case FrameType::ExecFailed:
            on_exec_failed(payload);
            break;
        case FrameType::Note:
            status().notes.insert(
                "this kernel refused what Levitate's init asked for, and the program runs without: " +
                text_of(payload));
            break;
        case FrameType::AllDone:
            status().over = true;
            finish();
            call_attention();
            break;
        case FrameType::Stdin:
        case FrameType::StdinEnd:
        case FrameType::CloseStdout:
        case FrameType::CloseStderr:
        case FrameType::CloseTerminal:
        case FrameType::Window:
        case FrameType::Signal:
        case FrameType::Continue:
        case FrameType::AskHandles:
        case FrameType::Root:
        case FrameType::RootEnd:
            break;  // sent by us: an echo
    }
}

// The terminal is the program's from here on, if the guest's kernel could give it one.
void HarnessWorkload::on_started(std::span<const std::byte> payload) {
    status().started = true;
    if (!terminal_) {
        return;
    }
    if (init::number_at(payload, 4) == 0) {
        terminal_.reset();
        return;
    }
    terminal_->enter();
    send_new_window();
}

void HarnessWorkload::finish() {
    decoder_.finish();
    if (terminal_) {
        terminal_->leave();
    }
}

void HarnessWorkload::put_on_terminal(std::span<const std::byte> bytes) {
    if (terminal_ && !is_terminal_gone_ && !terminal_->put(bytes)) {
        is_terminal_gone_ = true;
        send(FrameType::CloseTerminal, {});
    }
}

void HarnessWorkload::on_stopped(int signal) {
    if (terminal_) {
        terminal_->stop(signal);
        send_new_window();
    }
    send(FrameType::Continue, {});
}

void HarnessWorkload::send_numbers(FrameType type, std::span<const std::uint32_t> numbers) {
    std::vector<std::byte> payload;
    for (const std::uint32_t number : numbers) {
        init::append_number(payload, number);
    }
    send(type, payload);
}

// False: it has not changed, or there is no terminal.
bool HarnessWorkload::send_new_window() {
    const auto window = terminal_ ? terminal_->new_window() : std::nullopt;
    if (window) {
        send_numbers(FrameType::Window, *window);
    }
    return window.has_value();
}

std::optional<bool> HarnessWorkload::handles_signals() {
    if (!asked_for_handlers_) {
        asked_for_handlers_ = true;
        send(FrameType::AskHandles, {});
        return std::nullopt;
    }
    return handles_signals_.value_or(false);
}

bool HarnessWorkload::pass_signal(int signal, bool to_group) {
    if (calls_.has_waiting()) {
        return false;
    }
    // What the program does about it may change what it handles.
    asked_for_handlers_ = false;
    handles_signals_.reset();
    if (signal == SIGWINCH && send_new_window()) {
        return true;
    }
    const std::array<std::uint32_t, 2> numbers{static_cast<std::uint32_t>(signal), to_group ? 1U : 0U};
    send_numbers(FrameType::Signal, numbers);
    return true;
}

void HarnessWorkload::on_hello(std::span<const std::byte> payload) {
    if (payload.empty() || payload.front() != std::byte{init::kProtocolVersion}) {
        fail("init speaks another version of the protocol; build init and levitate again, together");
        return;
    }
    kernel_name_ = text_of(payload.subspan(1));
    call_attention();
}

void HarnessWorkload::on_exec_failed(std::span<const std::byte> payload) {
    constexpr std::size_t kStep = 8;
    const auto step = payload.size() > kStep ? payload.subspan(kStep) : std::span<const std::byte>{};
    exec_failure_ =
        ExecFailure{.error = static_cast<int>(init::number_at(payload, 4)), .step = text_of(step)};
}

void HarnessWorkload::on_output(OutputStream stream, std::span<const std::byte> bytes) {
    const bool was_read = !output().reader_gone(stream);
    put_out(stream, bytes);
    if (was_read && output().reader_gone(stream)) {
        // The program is to see what it would see in our place: EPIPE or SIGPIPE.
        send(stream == OutputStream::Stdout ? FrameType::CloseStdout : FrameType::CloseStderr, {});
    }
}

std::string HarnessWorkload::damage() const {
    const std::uint64_t lost = decoder_.lost_frames();
    return lost == 0 ? std::string{} : fmt::format("{} frames between init and levitate were damaged", lost);
}

// Linux has the same errno values on arm64 as on the hosts that this runs on
// (include/uapi/asm-generic/errno.h).
std::optional<Error> HarnessWorkload::refusal() const {
    if (!exec_failure_) {
        return std::nullopt;
    }
    const auto& [error, step] = *exec_failure_;
    const bool of_program = step == "execve" || step == "chdir";
    const Error::Kind kind = error == ENOENT ? Error::Kind::NotFound : Error::Kind::NotExecutable;
    const std::string& subject = step == "chdir" ? spec().cwd : spec().guest_program;
    return Error{.kind = of_program ? kind : Error::Kind::Harness,
                 .message = fmt::format("{}: the guest's kernel refused it: {}: {}", subject, step,
                                        std::generic_category().message(error))};
}

}  // namespace levitate::vmm
