#include "vmm/initramfs/init/start.hpp"

#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "vmm/initramfs/init/exec_vector.hpp"
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

void send_exec_failure(Line& line, std::uint32_t number, int error, std::string_view step) {
    std::vector<std::byte> payload;
    append_number(payload, number);
    append_number(payload, static_cast<std::uint32_t>(error));
    for (const char character : step) {
        payload.push_back(static_cast<std::byte>(character));
    }
    line.send(FrameType::ExecFailed, payload);
}

// The ends of a program's pipes, and how it reports.
struct Ends {
    Pipe input;
    Pipe output;
    Pipe error_output;
    Pipe report;
    Pipe statuses;
};

// The program's side of one of its descriptors.
int descriptor_of(const Case& one, const TerminalPair& terminal, char which, const Descriptor& pipe) {
    const bool is_terminal =
        terminal.slave.is_open() && one.terminal.descriptors.find(which) != std::string::npos;
    return is_terminal ? terminal.slave.get() : pipe.get();
}

[[noreturn]] void execute(const Case& one, const Ends& ends, const TerminalPair& terminal, char** arguments,
                          char** environment) {
    const auto failure = apply_surroundings(
        {.stdin_fd = descriptor_of(one, terminal, '0', ends.input.reader),
         .stdout_fd = descriptor_of(one, terminal, '1', ends.output.writer),
         .stderr_fd = descriptor_of(one, terminal, '2', ends.error_output.writer),
         .report_fd = ends.report.writer.get(),
         .directory = one.directory.c_str(),
         .own_session = !terminal.slave.is_open(),
         .randomization = one.randomize_addresses ? AddressRandomization::On : AddressRandomization::Off,
         .scheduling = one.batch ? Scheduling::Batch : Scheduling::Normal,
         .on_refused = report_refused});
    if (failure.step != nullptr) {
        report_and_exit(failure.report_fd, failure.step, failure.error);
    }
    ::execve(one.program.c_str(), arguments, environment);
    report_and_exit(kReportFd, "execve", errno);
}

// Leads the session of a program that has a terminal, and says what becomes of it. So the program's process
// group has a parent in its session, without which it could not be stopped from the terminal (POSIX, orphaned
// process groups).
[[noreturn]] void lead_session(pid_t program, Ends ends, TerminalPair terminal) {
    ::signal(SIGHUP, SIG_IGN);
    const int statuses = ends.statuses.writer.get();
    ::write(statuses, &program, sizeof program);
    ends.input = {};
    ends.output = {};
    ends.error_output = {};
    ends.report = {};
    terminal = {};
    for (;;) {
        int status = 0;
        if (::waitpid(program, &status, WUNTRACED) != program) {
            if (errno == EINTR) {
                continue;
            }
            ::_exit(EXIT_FAILURE);
        }
        ::write(statuses, &status, sizeof status);
        if (!WIFSTOPPED(status)) {
            ::_exit(EXIT_SUCCESS);
        }
    }
}

// A session with the terminal, in which the program is in the foreground.
[[noreturn]] void execute_in_session(const Case& one, Ends ends, TerminalPair terminal, char** arguments,
                                     char** environment) {
    ::setsid();
    ::ioctl(terminal.slave.get(), TIOCSCTTY, 0);
    const std::uint64_t own_thread_pointer = thread_pointer();
    const pid_t program = ::fork();
    if (program < 0) {
        report_and_exit(ends.report.writer.get(), "fork", errno);
    }
    if (program > 0) {
        lead_session(program, std::move(ends), std::move(terminal));
    }
    restore_thread_pointer(own_thread_pointer);
    ::setpgid(0, 0);
    ::signal(SIGTTOU, SIG_IGN);
    ::tcsetpgrp(terminal.slave.get(), ::getpid());
    execute(one, ends, terminal, arguments, environment);
}

TerminalPair make_terminal(const Case& one, Line& line) {
    if (one.terminal.descriptors.empty()) {
        return {};
    }
    TerminalPair terminal = open_terminal(one.terminal);
    if (!terminal.failure.empty()) {
        line.send_text(FrameType::Note, terminal.failure + ": it has pipes instead of a terminal");
    }
    return terminal;
}

}  // namespace

std::optional<RunningProgram> start_program(const Case& one, std::uint32_t number, Line& line) {
    // If the kernel gives no pipe, it stays closed, and whatever uses it fails and says so.
    Ends ends{.input = make_pipe().value_or(Pipe{}),
              .output = make_pipe().value_or(Pipe{}),
              .error_output = make_pipe().value_or(Pipe{}),
              .report = make_pipe().value_or(Pipe{}),
              .statuses = {}};
    TerminalPair terminal = make_terminal(one, line);
    const bool has_terminal = terminal.slave.is_open();
    if (has_terminal) {
        ends.statuses = make_pipe().value_or(Pipe{});
    }
    InputFeeder feeder{one, std::move(ends.input.writer), line};
    std::vector<char*> arguments = exec_vector(one.arguments);
    std::vector<char*> environment = exec_vector(one.environment);
    const std::uint64_t own_thread_pointer = thread_pointer();
    const pid_t pid = ::fork();
    if (pid < 0) {
        send_exec_failure(line, number, errno, "fork");
        return std::nullopt;
    }
    if (pid == 0) {
        if (restore_thread_pointer(own_thread_pointer)) {
            report_refused(ends.report.writer.get(), "TPIDR_EL0", -1, 0);
        }
        if (has_terminal) {
            execute_in_session(one, std::move(ends), std::move(terminal), arguments.data(),
                               environment.data());
        }
        execute(one, ends, terminal, arguments.data(), environment.data());
    }
    ends.report.writer.close();
    ends.statuses.writer.close();
    ExecReport said{};
    while (::read(ends.report.reader.get(), &said, sizeof said) == sizeof said) {
        if (!said.is_note) {
            ::waitpid(pid, nullptr, 0);
            send_exec_failure(line, number, said.error, said.step.data());
            return std::nullopt;
        }
        line.send_text(FrameType::Note, describe(said));
    }
    pid_t program = pid;
    if (has_terminal) {
        ::read(ends.statuses.reader.get(), &program, sizeof program);
    }
    return RunningProgram{.child = pid,
                          .pid = program,
                          .input = std::move(feeder),
                          .output = std::move(ends.output.reader),
                          .error_output = std::move(ends.error_output.reader),
                          .terminal = std::move(terminal),
                          .statuses = std::move(ends.statuses.reader)};
}

}  // namespace levitate::vmm::init
