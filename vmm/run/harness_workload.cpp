#include "vmm/run/harness_workload.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
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
    : Workload(spec, hooks), key_(key), decoder_(key, *this), encoder_(key), calls_(key, *this) {}

std::optional<PackRequest> HarnessWorkload::pack_request() const {
    PackRequest request = vmm::pack_request(spec());
    request.key = key_;
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
            status().started = true;
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
            call_attention();
            break;
        case FrameType::Stdin:
        case FrameType::StdinEnd:
        case FrameType::CloseStdout:
        case FrameType::CloseStderr:
            break;  // sent by us: an echo
    }
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
