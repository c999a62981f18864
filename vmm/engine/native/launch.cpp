#include "vmm/engine/native/launch.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "vmm/engine/native/tree.hpp"
#include "vmm/initramfs/init/exec_vector.hpp"
#include "vmm/initramfs/init/surroundings.hpp"

namespace levitate::vmm::native {
namespace {

constexpr int kExitCannotRun = 126;

struct Report {
    int error = 0;
    std::array<char, 16> step{};
};

struct Pipes {
    Pipe input;
    Pipe output;
    Pipe error_output;
    Pipe report;
    Pipe go;  // the child waits on it until it has been seized
};

[[noreturn]] void report_and_exit(int fd, const char* step, int error) {
    Report report{.error = error, .step = {}};
    std::strncpy(report.step.data(), step, report.step.size() - 1);
    // Even if the report fails, the parent still sees that there was no exec.
    static_cast<void>(!::write(fd, &report, sizeof(report)));
    ::_exit(kExitCannotRun);
}

// Everything the child does. Without a tree it calls only async-signal-safe functions.
[[noreturn]] void become(const Program& program, Pipes& pipes, char* const* argv, char* const* envp) {
    const int report = pipes.report.writer.get();
    pipes.go.writer.close();
    char go = 0;
    if (::read(pipes.go.reader.get(), &go, sizeof(go)) != sizeof(go)) {
        ::_exit(kExitCannotRun);
    }
    if (!program.tree.empty()) {
        const TreeFailure failure = enter_fresh_tree(program.tree, program.mount_point);
        if (failure.step != nullptr) {
            report_and_exit(report, failure.step, failure.error);
        }
    }
    using init::AddressRandomization;
    const auto failure =
        init::apply_surroundings({.stdin_fd = pipes.input.reader.get(),
                                  .stdout_fd = pipes.output.writer.get(),
                                  .stderr_fd = pipes.error_output.writer.get(),
                                  .report_fd = report,
                                  .directory = program.directory.c_str(),
                                  .randomization = program.randomize_addresses ? AddressRandomization::On
                                                                               : AddressRandomization::Off});
    if (failure.step != nullptr) {
        report_and_exit(failure.report_fd, failure.step, failure.error);
    }
    ::execve(program.path.c_str(), argv, envp);
    report_and_exit(init::kReportFd, "execve", errno);
}

Result<Pipes> make_pipes() {
    Pipes pipes;
    for (Pipe* const pipe : {&pipes.input, &pipes.output, &pipes.error_output, &pipes.report, &pipes.go}) {
        auto made = make_pipe();
        if (!made) {
            return failure(Error::Kind::Harness, std::string("pipe2: ") + std::strerror(errno));
        }
        *pipe = std::move(*made);
    }
    return pipes;
}

bool seize(pid_t pid) {
    constexpr std::uintptr_t kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                                        PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT |
                                        PTRACE_O_EXITKILL;
    return ::ptrace(PTRACE_SEIZE, pid, nullptr, reinterpret_cast<void*>(kOptions)) == 0;
}

}  // namespace

Result<LaunchedProgram> launch(const Program& program) {
    auto pipes = make_pipes();
    if (!pipes) {
        return std::unexpected(pipes.error());
    }
    const std::vector<char*> argv = init::exec_vector(program.argv);
    const std::vector<char*> envp = init::exec_vector(program.envp);
    const pid_t pid = ::fork();
    if (pid < 0) {
        return failure(Error::Kind::Harness, std::string("fork: ") + std::strerror(errno));
    }
    if (pid == 0) {
        become(program, *pipes, argv.data(), envp.data());
    }
    const char go = 1;
    if (!seize(pid) || ::write(pipes->go.writer.get(), &go, sizeof(go)) != sizeof(go)) {
        const int error = errno;
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return failure(Error::Kind::Harness,
                       std::string("cannot trace a child with ptrace: ") + std::strerror(error));
    }
    return LaunchedProgram{.pid = pid,
                           .input = std::move(pipes->input.writer),
                           .output = std::move(pipes->output.reader),
                           .error_output = std::move(pipes->error_output.reader),
                           .report = std::move(pipes->report.reader)};
}

Error exec_failure(const Program& program, const LaunchedProgram& launched) {
    Report report;
    if (::read(launched.report.get(), &report, sizeof(report)) != sizeof(report)) {
        return {.kind = Error::Kind::Harness, .message = program.path + ": ended before it was executed"};
    }
    report.step.back() = '\0';
    const auto kind = report.error == ENOENT ? Error::Kind::NotFound : Error::Kind::NotExecutable;
    return {.kind = kind,
            .message = program.path + ": " + report.step.data() + ": " + std::strerror(report.error)};
}

}  // namespace levitate::vmm::native
