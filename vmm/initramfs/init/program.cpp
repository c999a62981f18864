#include "vmm/initramfs/init/program.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vmm/descriptor.hpp"
#include "vmm/initramfs/init/signals.hpp"
#include "vmm/initramfs/init/start.hpp"

namespace levitate::vmm::init {
namespace {

// man 7 pipe.
constexpr std::size_t kPipeCapacity = 65536;

// What the program writes to one of its outputs.
struct Output {
    Descriptor pipe;
    FrameType frame;

    // Sends on what there is, and closes the pipe at end of file.
    void forward(Line& line) {
        static std::array<std::byte, kPipeCapacity> buffer;
        const ssize_t count = ::read(pipe.get(), buffer.data(), buffer.size());
        if (count > 0) {
            line.send(frame, std::span{buffer}.first(static_cast<std::size_t>(count)));
        } else if (count == 0 || errno != EINTR) {
            pipe.close();
        }
    }
};

std::vector<std::uint32_t> numbers_of(std::span<const std::byte> payload) {
    std::vector<std::uint32_t> numbers;
    for (std::size_t at = 0; at + sizeof(std::uint32_t) <= payload.size(); at += sizeof(std::uint32_t)) {
        numbers.push_back(number_at(payload, at));
    }
    return numbers;
}

// Carries bytes both ways until the program has ended and its pipes are empty.
class Pump {
  public:
    Pump(RunningProgram program, Line& line, bool types_input)
        : line_(line),
          child_(program.child),
          pid_(program.pid),
          statuses_(std::move(program.statuses)),
          outputs_{Output{std::move(program.output), FrameType::Stdout},
                   Output{std::move(program.error_output), FrameType::Stderr}},
          input_(std::move(program.input)),
          terminal_(std::move(program.terminal), line, types_input) {
        if (terminal_.types_input()) {
            input_.leave();
        } else {
            input_.ask_for_input();
        }
    }

    // The wait status.
    int run() {
        std::optional<int> status;
        while (!(status = reap())) {
            turn(Wait::Block);
        }
        while (turn(Wait::No) == Progress::Made) {
        }
        return *status;
    }

  private:
    // Takes the status of every child that has ended, including orphans that process 1 has inherited. Returns
    // the program's status, if it is one of them, or if the leader of its session is.
    std::optional<int> reap() {
        std::optional<int> program_status;
        int status = 0;
        for (pid_t child = 0; (child = ::waitpid(-1, &status, WNOHANG)) > 0;) {
            if (child == child_) {
                program_status = status;
            }
        }
        if (!program_status || !statuses_.is_open()) {
            return program_status;
        }
        while (!said_end_ && take_status()) {
        }
        return said_end_.value_or(*program_status);
    }

    // One thing that the session's leader says of the program: a stop, of which the host is told, or its end.
    // False: it has nothing more to say.
    bool take_status() {
        int status = 0;
        if (::read(statuses_.get(), &status, sizeof status) != sizeof status) {
            statuses_.close();
            return false;
        }
        if (WIFSTOPPED(status)) {
            line_.send_number(FrameType::Stopped, static_cast<std::uint32_t>(WSTOPSIG(status)));
        } else {
            said_end_ = status;
        }
        return true;
    }

    enum class Wait { Block, No };
    enum class Progress { None, Made };

    // Polls once and does what that asks for. Returns whether there was output of the program to read.
    Progress turn(Wait wait) {
        std::array<pollfd, 6> requests{
            pollfd{.fd = outputs_[0].pipe.get(), .events = POLLIN, .revents = 0},
            pollfd{.fd = outputs_[1].pipe.get(), .events = POLLIN, .revents = 0},
            pollfd{.fd = line_.descriptor(), .events = POLLIN, .revents = 0},
            input_.poll_request(),
            pollfd{.fd = terminal_.descriptor(), .events = terminal_.events(), .revents = 0},
            pollfd{.fd = statuses_.get(), .events = POLLIN, .revents = 0},
        };
        const timespec at_once{};
        sigset_t none;
        sigemptyset(&none);
        // SIGCHLD is let in only here, so the program's end cannot slip by between waitpid and ppoll.
        const int ready =
            ::ppoll(requests.data(), requests.size(), wait == Wait::No ? &at_once : nullptr, &none);
        if (ready <= 0) {
            return Progress::None;
        }
        Progress progress = Progress::None;
        for (std::size_t index = 0; index < outputs_.size(); ++index) {
            if (requests[index].revents != 0) {
                outputs_[index].forward(line_);
                progress = Progress::Made;
            }
        }
        if ((requests[2].revents & POLLIN) != 0) {
            take_frames();
        }
        if (input_.is_open()) {
            input_.on_poll(requests[3].revents);
        }
        if (terminal_.is_open() && terminal_.on_poll(requests[4].revents)) {
            progress = Progress::Made;
        }
        if (requests[5].revents != 0) {
            take_status();
        }
        return progress;
    }

    void take_frames() {
        for (const DecodedFrame& frame : line_.receive()) {
            take_frame(frame);
        }
    }

    void take_frame(const DecodedFrame& frame) {
        switch (frame.type) {
            case FrameType::Stdin:
                if (terminal_.types_input()) {
                    terminal_.add(frame.payload);
                } else {
                    input_.add(frame.payload);
                }
                break;
            case FrameType::StdinEnd:
                if (terminal_.types_input()) {
                    terminal_.hang_up();
                } else {
                    input_.end();
                }
                break;
            case FrameType::CloseStdout:
                outputs_[0].pipe.close();
                break;
            case FrameType::CloseStderr:
                outputs_[1].pipe.close();
                break;
            case FrameType::CloseTerminal:
                terminal_.hang_up();
                break;
            case FrameType::Window:
                terminal_.set_window(numbers_of(frame.payload));
                break;
            case FrameType::Signal:
                pass_signal(pid_, numbers_of(frame.payload));
                break;
            case FrameType::Continue:
                ::kill(-pid_, SIGCONT);
                break;
            case FrameType::AskHandles:
                line_.send_number(FrameType::Handles, programs_handle_signals() ? 1 : 0);
                break;
            default:
                break;  // an echo of ours
        }
    }

    Line& line_;
    pid_t child_;
    pid_t pid_;
    Descriptor statuses_;  // of the session's leader; closed: the program is our own child
    std::optional<int> said_end_;
    std::array<Output, 2> outputs_;
    InputFeeder input_;
    Terminal terminal_;
};

}  // namespace

void run_case(const Case& one, std::uint32_t number, Line& line) {
    auto program = start_program(one, number, line);
    if (!program) {
        return;
    }
    const bool types_input = one.terminal.descriptors.find('0') != std::string::npos;
    std::vector<std::byte> started;
    append_number(started, number);
    append_number(started, program->terminal.master.is_open() ? 1 : 0);
    line.send(FrameType::Started, started);
    const int status = Pump{std::move(*program), line, types_input}.run();
    std::vector<std::byte> payload;
    append_number(payload, number);
    if (WIFSIGNALED(status)) {
        append_number(payload, static_cast<std::uint32_t>(WTERMSIG(status)));
        line.send(FrameType::Killed, payload);
    } else {
        append_number(payload, static_cast<std::uint32_t>(WEXITSTATUS(status)));
        line.send(FrameType::Exited, payload);
    }
}

}  // namespace levitate::vmm::init
