#include "vmm/run/guest_channel.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <utility>

#include "vmm/run/write_all.hpp"

namespace levitate::vmm {
namespace {

using init::FrameType;

// A program that never stops writing must not fill the host's memory.
constexpr std::size_t kMaximumCapture = 64U << 20U;
constexpr std::size_t kMaximumLog = 2U << 20U;

std::string text_of(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        text.push_back(std::to_integer<char>(byte));
    }
    return text;
}

// Linux and Rust say "Kernel panic - not syncing" and "panicked at"; others write the word as they like.
bool speaks_of_panic(std::string_view line) {
    std::string lower = " ";
    for (const char character : line) {
        lower.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(character))));
    }
    lower.push_back(' ');
    for (const std::string_view word : {"panic", "panicked"}) {
        for (std::size_t at = lower.find(word); at != std::string::npos; at = lower.find(word, at + 1)) {
            const auto is_letter = [&](std::size_t place) {
                return std::isalnum(static_cast<unsigned char>(lower[place])) != 0;
            };
            if (!is_letter(at - 1) && !is_letter(at + word.size())) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

GuestChannel::GuestChannel(OutputMode mode, const init::HashKey& key,
                           std::function<void(std::span<const std::byte>)> send,
                           std::function<void()> attention)
    : mode_(mode),
      send_(std::move(send)),
      attention_(std::move(attention)),
      decoder_(key, *this),
      encoder_(key),
      stdout_{.fd = STDOUT_FILENO, .close_frame = FrameType::CloseStdout, .captured = {}},
      stderr_{.fd = STDERR_FILENO, .close_frame = FrameType::CloseStderr, .captured = {}} {}

void GuestChannel::take_by_call(const init::DecodedFrame& frame) {
    by_calls_ = true;
    on_frame(frame);
}

void GuestChannel::send(FrameType type, std::span<const std::byte> payload) {
    if (by_calls_) {
        for_guest_.push_back({.type = type, .payload = {payload.begin(), payload.end()}});
        constexpr std::array kDoorbell{std::byte{'\n'}};  // init waits for something to read on the line
        send_(kDoorbell);
        return;
    }
    std::vector<std::byte> encoded;
    encoder_.append(type, payload, encoded);
    send_(encoded);
}

void GuestChannel::on_output(OutputStream stream, std::span<const std::byte> bytes) {
    put_out(stream == OutputStream::Stdout ? stdout_ : stderr_, bytes);
}

void GuestChannel::on_unseen_output(const std::string& call) {
    notes_.insert("what " + call +
                  " put on the console is not part of the program's output here: it did not pass "
                  "through the program's memory");
}

void GuestChannel::end_program(std::optional<int> exit_code, std::optional<int> signal) {
    exit_code_ = exit_code;
    signal_ = signal;
    done_ = true;
    attention_();
}

void GuestChannel::send_stdin(std::span<const std::byte> bytes) {
    if (direct_) {
        line_is_empty_ = bytes.empty() ? line_is_empty_ : bytes.back() == std::byte{'\n'};
        send_(bytes);
        return;
    }
    stdin_credit_ -= static_cast<std::uint32_t>(bytes.size());
    send(FrameType::Stdin, bytes);
}

void GuestChannel::send_stdin_end() {
    if (direct_) {
        // A terminal has no end; VEOF hands a program what stands in the line, and that is nothing the second
        // time (man 3 termios).
        constexpr std::array kEnd{std::byte{4}, std::byte{4}};
        send_(std::span{kEnd}.first(line_is_empty_ ? 1 : 2));
        return;
    }
    send(FrameType::StdinEnd, {});
}

void GuestChannel::on_frame(const init::DecodedFrame& frame) {
    const std::span<const std::byte> payload = frame.payload;
    switch (frame.type) {
        case FrameType::Hello:
            on_hello(payload);
            break;
        case FrameType::Started:
            started_ = true;
            break;
        case FrameType::Stdout:
            put_out(stdout_, payload);
            break;
        case FrameType::Stderr:
            put_out(stderr_, payload);
            break;
        case FrameType::StdinCredit:
            stdin_credit_ += init::number_at(payload, 0);
            break;
        case FrameType::StdinClosed:
            stdin_closed_ = true;
            break;
        case FrameType::Exited:
            exit_code_ = static_cast<int>(init::number_at(payload, 4));
            break;
        case FrameType::Killed:
            signal_ = static_cast<int>(init::number_at(payload, 4));
            break;
        case FrameType::ExecFailed: {
            constexpr std::size_t kStep = 8;
            const auto step = payload.size() > kStep ? payload.subspan(kStep) : std::span<const std::byte>{};
            exec_failure_ =
                ExecFailure{.error = static_cast<int>(init::number_at(payload, 4)), .step = text_of(step)};
            break;
        }
        case FrameType::Note:
            notes_.insert(
                "this kernel refused what Levitate's init asked for, and the program runs without: " +
                text_of(payload));
            break;
        case FrameType::AllDone:
            done_ = true;
            attention_();
            break;
        case FrameType::Stdin:
        case FrameType::StdinEnd:
        case FrameType::CloseStdout:
        case FrameType::CloseStderr:
            break;  // sent by us: an echo
    }
}

void GuestChannel::on_hello(std::span<const std::byte> payload) {
    if (payload.empty() || payload.front() != std::byte{init::kProtocolVersion}) {
        fail("init speaks another version of the protocol; build init and levitate again, together");
        return;
    }
    kernel_name_ = text_of(payload.subspan(1));
    attention_();
}

void GuestChannel::put_out(Output& output, std::span<const std::byte> bytes) {
    if (mode_ != OutputMode::Stream) {
        if (output.captured.size() + bytes.size() > kMaximumCapture) {
            fail(fmt::format("the program has written more than {} MiB", kMaximumCapture >> 20U));
            return;
        }
        output.captured.insert(output.captured.end(), bytes.begin(), bytes.end());
    }
    if (mode_ != OutputMode::Capture && !output.reader_gone && !write_all(output.fd, bytes)) {
        output.reader_gone = true;
        if (!direct_) {
            // The program is to see what it would see in our place: EPIPE or SIGPIPE.
            send(output.close_frame, {});
        }
    }
}

void GuestChannel::on_text(std::string_view text) {
    if (console_) {
        console_(text);
    }
    kernel_log_.append(text);
    if (kernel_log_.size() > kMaximumLog) {
        kernel_log_.erase(0, kMaximumLog / 2);
    }
}

std::string GuestChannel::last_words() const {
    std::string_view log = kernel_log_;
    std::string_view telling;
    while (!log.empty()) {
        const auto end = log.find('\n');
        std::string_view line = log.substr(0, end);
        line = line.substr(0, line.find_last_not_of("\r ") + 1);
        if (speaks_of_panic(line)) {
            return std::string{line};
        }
        if (!line.empty()) {
            telling = line;
        }
        log = end == std::string_view::npos ? std::string_view{} : log.substr(end + 1);
    }
    return std::string{telling};
}

void GuestChannel::fail(std::string why) {
    if (failure_.empty()) {
        failure_ = std::move(why);
    }
    attention_();
}

}  // namespace levitate::vmm
