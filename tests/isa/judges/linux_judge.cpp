#include "tests/isa/judges/linux_judge.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tests/isa/judges/differences.hpp"

namespace levitate::isa {

namespace {

constexpr int kBatchDescriptor = 3;

const char* qemu() {
    const char* const other = std::getenv("LEVITATE_QEMU_AARCH64");
    return other != nullptr ? other : LEVITATE_QEMU;
}

// In the child: only async-signal-safe calls.
[[noreturn]] void become_judge(const char* program, int batch, int turns) {
    dup2(turns, STDIN_FILENO);
    dup2(turns, STDOUT_FILENO);
    if (batch == kBatchDescriptor) {
        fcntl(batch, F_SETFD, 0);
    } else {
        dup2(batch, kBatchDescriptor);
    }
    execl(program, program, "-cpu", "neoverse-n1", LEVITATE_LINUX_JUDGE, nullptr);
    _exit(127);
}

}  // namespace

LinuxJudge::LinuxJudge() : error_(start()) {}

LinuxJudge::~LinuxJudge() {
    if (turns_ >= 0) {
        close(turns_);
    }
    if (child_ > 0) {
        waitpid(child_, nullptr, 0);
    }
    if (batch_ != nullptr) {
        munmap(batch_, sizeof *batch_);
    }
}

bool LinuxJudge::is_available() {
    return access(qemu(), X_OK) == 0 && access(LEVITATE_LINUX_JUDGE, R_OK) == 0;
}

std::string LinuxJudge::start() {
    if (!is_available()) {
        return "qemu-aarch64 or the AArch64 cross compiler is not installed: run scripts/setup test, and "
               "build again";
    }
    const int memory = memfd_create("batch", MFD_CLOEXEC);
    std::array<int, 2> turns{};
    if (memory < 0 || ftruncate(memory, sizeof *batch_) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, turns.data()) != 0) {
        return fmt::format("cannot make what is shared with the judge: {}", std::strerror(errno));
    }
    void* const shared = mmap(nullptr, sizeof *batch_, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (shared == MAP_FAILED) {
        return fmt::format("cannot map the batch: {}", std::strerror(errno));
    }
    batch_ = static_cast<JudgeBatch*>(shared);
    const char* const program = qemu();
    child_ = fork();
    if (child_ == 0) {
        become_judge(program, memory, turns[1]);
    }
    close(memory);
    close(turns[1]);
    turns_ = turns[0];
    return child_ < 0 ? fmt::format("cannot fork: {}", std::strerror(errno)) : std::string{};
}

const std::string& LinuxJudge::ended() {
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = -1;
    const std::uint64_t slot = std::min<std::uint64_t>(batch_->running_slot, JUDGE_SLOTS - 1);
    error_ = fmt::format("the judge ended with wait status {:#x} while it executed {:08x}", status,
                         batch_->steps[slot].word);
    return error_;
}

std::expected<void, std::string> LinuxJudge::begin(const Batch& batch,
                                                   std::span<const EmulatedStep> emulated) {
    if (!error_.empty()) {
        return std::unexpected{error_};
    }
    batch_->sequence_count = batch.sequences.size();
    std::ranges::copy(batch.sequences, std::begin(batch_->sequences));
    std::ranges::copy(batch.steps, std::begin(batch_->steps));
    for (JudgeReply& reply : batch_->replies) {
        reply.outcome = JUDGE_NOT_RUN;
    }
    // What follows on a step that is known to differ follows on another state.
    for (JudgeSequence& sequence : std::span{batch_->sequences}.first(batch.sequences.size())) {
        for (std::uint32_t i = 0; i < sequence.step_count; ++i) {
            const std::uint64_t slot = sequence.first_slot + i;
            if (is_known_difference(name(), batch.steps[slot].word, emulated[slot].before)) {
                sequence.step_count = i;
            }
        }
    }
    const char turn = JUDGE_TURN;
    if (send(turns_, &turn, 1, MSG_NOSIGNAL) != 1) {
        return std::unexpected{ended()};
    }
    return {};
}

std::expected<std::span<const JudgeReply>, std::string> LinuxJudge::verdict() {
    char turn = 0;
    // QEMU's own failures print to standard output, too.
    if (error_.empty() && (recv(turns_, &turn, 1, 0) != 1 || turn != JUDGE_TURN)) {
        ended();
    }
    if (!error_.empty()) {
        return std::unexpected{error_};
    }
    return std::span<const JudgeReply>{batch_->replies};
}

}  // namespace levitate::isa
