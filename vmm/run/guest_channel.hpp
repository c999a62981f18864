// The host's end of the line to init: finds the program's output and its end in what the UART sends, and
// passes standard input on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vmm/initramfs/init/frame.hpp"
#include "vmm/run/direct_program.hpp"
#include "vmm/run/stdin_receiver.hpp"

namespace levitate::vmm {

enum class OutputMode {
    Stream,            // to our own stdout and stderr as it arrives
    Capture,           // kept
    StreamAndCapture,  // both
};

// What init could not do for the program.
struct ExecFailure {
    int error = 0;  // Linux's errno
    std::string step;
};

class GuestChannel final : public ConsoleWrites::Receiver,
                           public StdinReceiver,
                           private init::FrameDecoder::Receiver {
  public:
    // `send` puts bytes on the wire to the guest; `attention` is called when the engine should stop so that
    // the session can look at what has changed: init runs, the run is over, or its output is too much. `key`
    // is the one that init has: what does not carry its tag is text.
    GuestChannel(OutputMode mode, const init::HashKey& key,
                 std::function<void(std::span<const std::byte>)> send, std::function<void()> attention);

    // Gets what comes outside the frames, as soon as that is known of it.
    void set_console(std::function<void(std::string_view)> console) { console_ = std::move(console); }

    void receive(std::byte byte) {
        ++received_;
        decoder_.feed({&byte, 1});
    }
    // No byte comes any more: what could have become a frame is text.
    void finish() { decoder_.finish(); }
    // How many bytes came.
    std::uint64_t received() const { return received_; }

    // A frame that init has sent by a call, not over the line. From then on what is for init waits for its
    // calls.
    void take_by_call(const init::DecodedFrame& frame);
    // nullptr: nothing waits.
    const init::DecodedFrame* next_for_guest() const {
        return for_guest_.empty() ? nullptr : &for_guest_.front();
    }
    void pop_for_guest() { for_guest_.pop_front(); }

    // There is no init: the line is the program's own terminal, and what it does is reported here by others.
    void set_direct() { direct_ = true; }
    void on_start() override { started_ = true; }
    void on_output(OutputStream stream, std::span<const std::byte> bytes) override;
    void on_unseen_output(const std::string& call) override;
    // The run cannot go on, as failure() says then.
    void fail(std::string why);
    // The run is over: the program has ended.
    void end_program(std::optional<int> exit_code, std::optional<int> signal);

    // Text of the kernel that came another way than through receive().
    void keep_text(std::string_view text) {
        received_ += text.size();
        on_text(text);
    }

    void send_stdin(std::span<const std::byte> bytes) override;
    void send_stdin_end() override;

    // "Linux 6.1.0-40-arm64 #1 SMP …". Empty: init does not run yet.
    const std::string& kernel_name() const { return kernel_name_; }
    bool program_started() const override { return started_; }
    std::uint32_t stdin_credit() const override { return direct_ ? init::kStdinWindow : stdin_credit_; }
    // What is known of the program only in part, each once, for people.
    const std::set<std::string>& notes() const { return notes_; }
    bool stdin_closed() const override { return stdin_closed_; }
    // Init has said all it has to say.
    bool is_done() const { return done_; }
    // Why the run cannot go on, for people; empty: it can.
    const std::string& failure() const { return failure_; }

    const std::optional<int>& exit_code() const { return exit_code_; }
    const std::optional<int>& signal() const { return signal_; }
    const std::optional<ExecFailure>& exec_failure() const { return exec_failure_; }
    std::uint64_t lost_frames() const { return decoder_.lost_frames(); }

    // Captured output, and what came outside the frames. Of these only the last mebibytes are kept.
    std::vector<std::byte>& stdout_bytes() { return stdout_.captured; }
    std::vector<std::byte>& stderr_bytes() { return stderr_.captured; }
    const std::string& kernel_log() const { return kernel_log_; }
    // The first line of the log that speaks of a panic, or else its last line.
    std::string last_words() const;

  private:
    struct Output {
        int fd;
        init::FrameType close_frame;
        std::vector<std::byte> captured;
        bool reader_gone = false;
    };

    void on_frame(const init::DecodedFrame& frame) override;
    void on_text(std::string_view text) override;
    void on_hello(std::span<const std::byte> payload);
    void put_out(Output& output, std::span<const std::byte> bytes);
    void send(init::FrameType type, std::span<const std::byte> payload);

    OutputMode mode_;
    std::function<void(std::span<const std::byte>)> send_;
    std::function<void()> attention_;
    std::function<void(std::string_view)> console_;
    init::FrameDecoder decoder_;
    init::FrameEncoder encoder_;
    Output stdout_;
    Output stderr_;
    std::string kernel_log_;
    std::string kernel_name_;
    std::string failure_;
    std::optional<int> exit_code_;
    std::optional<int> signal_;
    std::optional<ExecFailure> exec_failure_;
    std::set<std::string> notes_;
    bool by_calls_ = false;
    std::deque<init::DecodedFrame> for_guest_;  // by_calls_
    std::uint32_t stdin_credit_ = 0;
    bool direct_ = false;
    bool line_is_empty_ = true;  // direct: the terminal's line that standard input has come to
    std::uint64_t received_ = 0;
    bool started_ = false;
    bool stdin_closed_ = false;
    bool done_ = false;
};

}  // namespace levitate::vmm
