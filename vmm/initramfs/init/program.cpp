#include "vmm/initramfs/init/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "vmm/descriptor.hpp"
#include "vmm/initramfs/init/surroundings.hpp"

namespace levitate::vmm::init {
namespace {

// What the child says before its execve of a call that the kernel has refused.
struct ExecReport {
    bool is_note;  // the child goes on without
    int argument;  // the call's first; -1: none
    int error;
    std::array<char, 24> step;
};

void send_report(int report_fd, ExecReport what, const char* step) {
    std::strncpy(what.step.data(), step, what.step.size() - 1);
    ::write(report_fd, &what, sizeof what);
}

void report_refused(int report_fd, const char* call, int argument, int error) {
    send_report(report_fd, {.is_note = true, .argument = argument, .error = error, .step = {}}, call);
}

[[noreturn]] void report_and_exit(int report_fd, const char* step, int error) {
    send_report(report_fd, {.is_note = false, .argument = -1, .error = error, .step = {}}, step);
    ::_exit(error == ENOENT ? 127 : 126);
}

// The thread pointer of EL0 (Arm ARM D17.2.138), by which the C library finds errno.
std::uint64_t thread_pointer() {
    std::uint64_t value = 0;
    asm volatile("mrs %0, tpidr_el0" : "=r"(value));
    return value;
}

// A child has its parent's thread pointer (man 2 clone). With a kernel that loses it, init would end at its
// first errno. True: it was lost.
bool restore_thread_pointer(std::uint64_t parents) {
    const bool is_lost = thread_pointer() != parents;
    asm volatile("msr tpidr_el0, %0" : : "r"(parents));
    return is_lost;
}

// "setrlimit(7): Function not implemented"
std::string describe(const ExecReport& note) {
    std::string text = note.step.data();
    if (note.error == 0) {
        return text + " was lost over fork";
    }
    text += note.argument < 0 ? "()" : "(" + std::to_string(note.argument) + ")";
    return text.append(": ").append(std::strerror(note.error));
}

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    pointers.reserve(strings.size() + 1);
    for (const std::string& string : strings) {
        pointers.push_back(const_cast<char*>(string.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

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

// What the program reads: bytes wait here until its pipe takes them.
class InputFeeder {
  public:
    InputFeeder(const Case& one, Descriptor pipe, Line& line) : pipe_(std::move(pipe)), line_(line) {
        live_ = one.input == Input::Live;
        pending_ = one.input_bytes;
        ended_ = !live_;
        ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
        // The pipe is filled as far as it goes, and closed if that was everything, before the program starts.
        // So what the program sees does not depend on when init runs.
        if (!is_empty()) {
            feed();
        }
        close_if_done();
    }

    // Asks the host for input. Does nothing if the input is part of the case.
    void ask_for_input() {
        if (live_) {
            line_.send_number(FrameType::StdinCredit, line_.stdin_window());
        }
    }

    pollfd poll_request() const {
        return {.fd = pipe_.get(), .events = static_cast<short>(is_empty() ? 0 : POLLOUT), .revents = 0};
    }
    bool is_open() const { return pipe_.is_open(); }
    void add(std::span<const std::byte> bytes) {
        pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    void end() {
        ended_ = true;
        close_if_done();
    }

    void on_poll(short events) {
        if ((events & POLLERR) != 0) {
            reader_gone();
            return;
        }
        if ((events & POLLOUT) != 0) {
            feed();
        }
    }

  private:
    void feed() {
        const ssize_t written = ::write(pipe_.get(), pending_.data() + fed_, pending_.size() - fed_);
        if (written < 0) {
            if (errno == EPIPE) {
                reader_gone();
            }
            return;
        }
        fed_ += static_cast<std::size_t>(written);
        if (is_empty()) {
            pending_.clear();
            fed_ = 0;
        }
        if (live_ && !ended_) {
            line_.send_number(FrameType::StdinCredit, static_cast<std::uint32_t>(written));
        }
        close_if_done();
    }
    bool is_empty() const { return fed_ == pending_.size(); }
    void reader_gone() {
        pipe_.close();
        if (live_) {
            line_.send(FrameType::StdinClosed, {});
        }
    }
    void close_if_done() {
        if (ended_ && is_empty()) {
            pipe_.close();
        }
    }

    Descriptor pipe_;
    Line& line_;
    bool live_ = false;
    bool ended_ = false;
    std::string pending_;
    std::size_t fed_ = 0;  // of pending_: what the pipe has taken
};

struct RunningProgram {
    pid_t pid = -1;
    InputFeeder input;
    Descriptor output;
    Descriptor error_output;
};

void send_exec_failure(Line& line, std::uint32_t number, int error, std::string_view step) {
    std::vector<std::byte> payload;
    append_number(payload, number);
    append_number(payload, static_cast<std::uint32_t>(error));
    for (const char character : step) {
        payload.push_back(static_cast<std::byte>(character));
    }
    line.send(FrameType::ExecFailed, payload);
}

// Returns when execve has succeeded. nullopt: it has failed, and that has been reported.
std::optional<RunningProgram> start_program(const Case& one, std::uint32_t number, Line& line) {
    // If the kernel gives no pipe, it stays closed, and whatever uses it fails and says so.
    Pipe input = make_pipe().value_or(Pipe{});
    Pipe output = make_pipe().value_or(Pipe{});
    Pipe error_output = make_pipe().value_or(Pipe{});
    Pipe report = make_pipe().value_or(Pipe{});
    InputFeeder feeder{one, std::move(input.writer), line};
    std::vector<char*> arguments = pointers_to(one.arguments);
    std::vector<char*> environment = pointers_to(one.environment);
    const std::uint64_t own_thread_pointer = thread_pointer();
    const pid_t pid = ::fork();
    if (pid < 0) {
        send_exec_failure(line, number, errno, "fork");
        return std::nullopt;
    }
    if (pid == 0) {
        if (restore_thread_pointer(own_thread_pointer)) {
            report_refused(report.writer.get(), "TPIDR_EL0", -1, 0);
        }
        const auto failure = apply_surroundings(
            {.stdin_fd = input.reader.get(),
             .stdout_fd = output.writer.get(),
             .stderr_fd = error_output.writer.get(),
             .report_fd = report.writer.get(),
             .directory = one.directory.c_str(),
             .randomization = one.randomize_addresses ? AddressRandomization::On : AddressRandomization::Off,
             .scheduling = one.batch ? Scheduling::Batch : Scheduling::Normal,
             .on_refused = report_refused});
        if (failure.step != nullptr) {
            report_and_exit(failure.report_fd, failure.step, failure.error);
        }
        ::execve(one.program.c_str(), arguments.data(), environment.data());
        report_and_exit(kReportFd, "execve", errno);
    }
    report.writer.close();
    ExecReport said{};
    while (::read(report.reader.get(), &said, sizeof said) == sizeof said) {
        if (!said.is_note) {
            ::waitpid(pid, nullptr, 0);
            send_exec_failure(line, number, said.error, said.step.data());
            return std::nullopt;
        }
        line.send_text(FrameType::Note, describe(said));
    }
    return RunningProgram{.pid = pid,
                          .input = std::move(feeder),
                          .output = std::move(output.reader),
                          .error_output = std::move(error_output.reader)};
}

// Carries bytes both ways until the program has ended and its pipes are empty.
class Pump {
  public:
    Pump(RunningProgram program, Line& line)
        : line_(line),
          pid_(program.pid),
          outputs_{Output{std::move(program.output), FrameType::Stdout},
                   Output{std::move(program.error_output), FrameType::Stderr}},
          input_(std::move(program.input)) {
        input_.ask_for_input();
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
    // the program's status, if it is one of them.
    std::optional<int> reap() const {
        std::optional<int> program_status;
        int status = 0;
        for (pid_t child = 0; (child = ::waitpid(-1, &status, WNOHANG)) > 0;) {
            if (child == pid_) {
                program_status = status;
            }
        }
        return program_status;
    }

    enum class Wait { Block, No };
    enum class Progress { None, Made };

    // Polls once and does what that asks for. Returns whether there was output of the program to read.
    Progress turn(Wait wait) {
        std::array<pollfd, 4> requests{
            pollfd{.fd = outputs_[0].pipe.get(), .events = POLLIN, .revents = 0},
            pollfd{.fd = outputs_[1].pipe.get(), .events = POLLIN, .revents = 0},
            pollfd{.fd = line_.descriptor(), .events = POLLIN, .revents = 0},
            input_.poll_request(),
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
        return progress;
    }

    void take_frames() {
        for (const DecodedFrame& frame : line_.receive()) {
            if (frame.type == FrameType::Stdin) {
                input_.add(frame.payload);
            } else if (frame.type == FrameType::StdinEnd) {
                input_.end();
            } else if (frame.type == FrameType::CloseStdout) {
                outputs_[0].pipe.close();
            } else if (frame.type == FrameType::CloseStderr) {
                outputs_[1].pipe.close();
            }
        }
    }

    Line& line_;
    pid_t pid_;
    std::array<Output, 2> outputs_;
    InputFeeder input_;
};

}  // namespace

void run_case(const Case& one, std::uint32_t number, Line& line) {
    auto program = start_program(one, number, line);
    if (!program) {
        return;
    }
    line.send_number(FrameType::Started, number);
    const int status = Pump{std::move(*program), line}.run();
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
