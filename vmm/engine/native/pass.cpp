#include "vmm/engine/native/pass.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace levitate::vmm::native {
namespace {

using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC

// SIGCHLD as a descriptor, so that one poll can wait for both ptrace stops and bytes.
Descriptor open_child_signals() {
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &children, nullptr);
    return Descriptor{::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK)};
}

// Ignores SIGPIPE: a program that does not read its input must not end us.
class IgnoredBrokenPipes {
  public:
    IgnoredBrokenPipes() : previous_(std::signal(SIGPIPE, SIG_IGN)) {}
    ~IgnoredBrokenPipes() { std::signal(SIGPIPE, previous_); }
    IgnoredBrokenPipes(const IgnoredBrokenPipes&) = delete;
    IgnoredBrokenPipes& operator=(const IgnoredBrokenPipes&) = delete;

  private:
    void (*previous_)(int);
};

// Writes to the program's standard input.
class InputFeeder {
  public:
    InputFeeder(const std::optional<std::vector<std::byte>>& input, Descriptor pipe)
        : pipe_(std::move(pipe)), is_live_(!input.has_value()) {
        if (input) {
            pending_ = *input;
        }
        ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
        close_if_done();
    }

    pollfd pipe_request() const {
        return {
            .fd = pipe_.get(), .events = static_cast<short>(pending_.empty() ? 0 : POLLOUT), .revents = 0};
    }
    pollfd source_request() const {
        const bool wants = pipe_.is_open() && is_live_ && pending_.empty();
        return {.fd = wants ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0};
    }

    void on_pipe(short events) {
        if ((events & POLLERR) != 0) {
            pipe_.close();
        } else if ((events & POLLOUT) != 0) {
            const ssize_t written = ::write(pipe_.get(), pending_.data(), pending_.size());
            if (written > 0) {
                given_.insert(given_.end(), pending_.begin(), pending_.begin() + written);
                pending_.erase(pending_.begin(), pending_.begin() + written);
            }
            close_if_done();
        }
    }

    void on_source(short events) {
        if ((events & (POLLIN | POLLHUP)) == 0) {
            return;
        }
        pending_.resize(4096);
        const ssize_t count = ::read(STDIN_FILENO, pending_.data(), pending_.size());
        pending_.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        is_live_ = count > 0;
        close_if_done();
    }

    std::vector<std::byte> take_given() { return std::move(given_); }

  private:
    void close_if_done() {
        if (!is_live_ && pending_.empty()) {
            pipe_.close();
        }
    }

    Descriptor pipe_;
    std::vector<std::byte> pending_;
    std::vector<std::byte> given_;
    bool is_live_;
};

class OutputReader {
  public:
    OutputReader(Descriptor pipe, int fd, const OutputListener& listener)
        : pipe_(std::move(pipe)), fd_(fd), listener_(listener) {}

    pollfd request() const { return {.fd = pipe_.get(), .events = POLLIN, .revents = 0}; }

    // Reads once, if poll has said that there is something.
    void on_poll(short events) {
        if (events == 0) {
            return;
        }
        std::array<std::byte, 16384> buffer;
        const ssize_t count = ::read(pipe_.get(), buffer.data(), buffer.size());
        if (count > 0) {
            const auto bytes = std::span(buffer).first(static_cast<std::size_t>(count));
            bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
            if (listener_) {
                listener_(fd_, bytes);
            }
        } else if (count == 0 || errno != EINTR) {
            pipe_.close();
        }
    }

    std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    Descriptor pipe_;
    int fd_;
    const OutputListener& listener_;
    std::vector<std::byte> bytes_;
};

// Waits for whatever comes first: a ptrace stop, bytes in either direction, the time limit.
class Pump {
  public:
    Pump(const PassSpec& spec, LaunchedProgram& launched, Descriptor child_signals,
         const OutputListener& listener)
        : child_signals_(std::move(child_signals)),
          input_(spec.input, std::move(launched.input)),
          output_(std::move(launched.output), STDOUT_FILENO, listener),
          error_output_(std::move(launched.error_output), STDERR_FILENO, listener) {
        if (spec.timeout.count() > 0) {
            deadline_ = Clock::now() + spec.timeout;
        }
    }

    bool is_late() const { return deadline_ && Clock::now() >= *deadline_; }

    void wait() { turn(milliseconds_left()); }

    // Reads what the program wrote before it ended. It does not wait for the end of file, because a child
    // that was left behind may still hold the pipes.
    void drain() {
        while (turn(0)) {
        }
    }

    traces::OutcomeEvent take_output() {
        return {.exit_code = std::nullopt,
                .signal = std::nullopt,
                .stdout_bytes = output_.take(),
                .stderr_bytes = error_output_.take()};
    }

    std::vector<std::byte> take_input() { return input_.take_given(); }

  private:
    int milliseconds_left() const {
        if (!deadline_) {
            return -1;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - Clock::now());
        return left.count() < 0 ? 0 : static_cast<int>(left.count());
    }

    // False: nothing came from the program's outputs.
    bool turn(int milliseconds) {
        std::array<pollfd, 5> requests{output_.request(), error_output_.request(), input_.pipe_request(),
                                       input_.source_request(),
                                       pollfd{.fd = child_signals_.get(), .events = POLLIN, .revents = 0}};
        if (::poll(requests.data(), requests.size(), milliseconds) <= 0) {
            return false;
        }
        output_.on_poll(requests[0].revents);
        error_output_.on_poll(requests[1].revents);
        input_.on_pipe(requests[2].revents);
        input_.on_source(requests[3].revents);
        if (requests[4].revents != 0) {
            signalfd_siginfo information;
            while (::read(child_signals_.get(), &information, sizeof(information)) > 0) {
            }
        }
        return requests[0].revents != 0 || requests[1].revents != 0;
    }

    Descriptor child_signals_;
    InputFeeder input_;
    OutputReader output_;
    OutputReader error_output_;
    std::optional<Clock::time_point> deadline_;
};

}  // namespace

Result<PassResult> record_pass(const PassSpec& spec, Pass pass, const traces::Header& header,
                               traces::EventSink& sink, const OutputListener& listener) {
    const IgnoredBrokenPipes ignored_broken_pipes;
    Recorder recorder(sink, header, [] { return Clock::now().time_since_epoch(); });
    Descriptor child_signals = open_child_signals();
    auto launched = launch(spec.program);
    if (!launched) {
        recorder.finish({}, launched.error().message);
        return std::unexpected(launched.error());
    }
    Pump pump(spec, *launched, std::move(child_signals), listener);
    NativeTracer tracer(recorder, pass, launched->pid);
    tracer.serve();
    while (!tracer.program_status() && !pump.is_late()) {
        pump.wait();
        tracer.serve();
    }
    pump.drain();
    PassResult result{.outcome = pump.take_output(), .input = pump.take_input(), .incomplete = {}};
    if (const auto status = tracer.program_status()) {
        const auto end = end_from_wait_status(static_cast<std::uint32_t>(*status));
        result.outcome.exit_code = end.exit_code;
        result.outcome.signal = end.signal;
    } else {
        result.incomplete = "time limit of " + std::to_string(spec.timeout.count()) + " ms reached";
    }
    if (pass == Pass::AuxvReads && result.incomplete.empty() && !tracer.guards_auxv()) {
        result.incomplete = "the auxiliary vector could not be guarded";
    }
    const bool has_started = recorder.has_started();
    recorder.finish(result.outcome, result.incomplete);
    tracer.kill_all();
    if (!has_started && tracer.program_status()) {
        return std::unexpected(exec_failure(spec.program, *launched));
    }
    return result;
}

}  // namespace levitate::vmm::native
