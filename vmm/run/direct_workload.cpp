#include "vmm/run/direct_workload.hpp"

#include <array>

#include "vmm/run/prepare.hpp"

namespace levitate::vmm {
namespace {

// The program's terminal is the kernel's, which holds 4095 bytes of a line in Linux (drivers/tty/n_tty.c).
constexpr std::uint32_t kStdinWindow = 2048;

}  // namespace

std::optional<PackRequest> DirectWorkload::pack_request() const {
    return vmm::pack_request(spec());
}

ProgramStart DirectWorkload::program_start() const {
    return {.by = ProgramStart::By::Process1, .path = {}};
}

void DirectWorkload::on_connected() {
    if (const auto& bytes = spec().stdin_bytes) {
        send_stdin(*bytes);
        send_stdin_end();
    }
}

void DirectWorkload::take(std::byte byte) {
    const char character = std::to_integer<char>(byte);
    write_log({&character, 1});
    if (const auto status = init_panic_.feed(byte)) {
        constexpr std::uint32_t kSignal = 0x7f;  // man 2 wait: the rest is the exit code, in bits 15 to 8
        const auto signal = static_cast<int>(*status & kSignal);
        end(signal == 0 ? std::optional(static_cast<int>(*status >> 8U & 0xffU)) : std::nullopt,
            signal == 0 ? std::nullopt : std::optional(signal));
    }
}

void DirectWorkload::look_at(const BoundaryTracer& tracer) {
    if (program().over) {
        return;
    }
    if (const auto exit_code = tracer.program_exit_code()) {
        end(exit_code, std::nullopt);
    }
}

void DirectWorkload::end(std::optional<int> exit_code, std::optional<int> signal) {
    status().exit_code = exit_code;
    status().signal = signal;
    status().over = true;
    call_attention();
}

void DirectWorkload::on_unseen_output(const std::string& call) {
    status().notes.insert("what " + call +
                          " put on the console is not part of the program's output here: it did not pass "
                          "through the program's memory");
}

std::uint32_t DirectWorkload::stdin_credit() const {
    return kStdinWindow;
}

void DirectWorkload::send_stdin(std::span<const std::byte> bytes) {
    line_is_empty_ = bytes.empty() ? line_is_empty_ : bytes.back() == std::byte{'\n'};
    uart().send(bytes);
}

// A terminal has no end; VEOF hands a program what stands in the line, and that is nothing the second time
// (man 3 termios).
void DirectWorkload::send_stdin_end() {
    constexpr std::array kEnd{std::byte{4}, std::byte{4}};
    uart().send(std::span{kEnd}.first(line_is_empty_ ? 1 : 2));
}

}  // namespace levitate::vmm
