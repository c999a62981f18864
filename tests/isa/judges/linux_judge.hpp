// A program for AArch64 Linux (linux_judge.c) as judge, run by qemu-aarch64, or by Linux itself on an AArch64
// host.
#pragma once

#include <sys/types.h>

#include "tests/isa/judges/judge.hpp"

namespace levitate::isa {

// Judges everything that EL0 sees, but for the known differences (differences.hpp).
class LinuxJudge final : public Judge {
  public:
    // Starts the program; begin() says if that failed.
    LinuxJudge();
    ~LinuxJudge() override;
    LinuxJudge(const LinuxJudge&) = delete;
    LinuxJudge& operator=(const LinuxJudge&) = delete;

    // Whether the program and qemu-aarch64 were found when this was built, and are still there. The
    // environment variable LEVITATE_QEMU_AARCH64 names another qemu-aarch64.
    static bool is_available();

    std::string_view name() const override { return "qemu-aarch64"; }
    std::expected<void, std::string> begin(const Batch& batch,
                                           std::span<const EmulatedStep> emulated) override;
    std::expected<std::span<const JudgeReply>, std::string> verdict() override;

  private:
    std::string start();
    // The program has ended by itself: the error.
    const std::string& ended();

    JudgeBatch* batch_ = nullptr;  // shared with the program
    pid_t child_ = -1;
    int turns_ = -1;
    std::string error_;
};

}  // namespace levitate::isa
