// Single instructions on two implementations: the emulator, and qemu-aarch64 running qemu_judge.c.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/unit/emu/fp/judge_protocol.h"

namespace levitate::emu::test {

// Whether qemu-aarch64 was found when this was built, and is still there.
bool judge_available();

// What qemu-aarch64 makes of the cases, in their order. At most JUDGE_CASES_MAXIMUM.
std::expected<std::vector<JudgeReply>, std::string> judge(std::span<const JudgeRequest> cases);

// What the emulator makes of them, at EL1 with the MMU on (an identity map of normal memory) and FPEN set.
std::vector<JudgeReply> emulate(std::span<const JudgeRequest> cases);

// What differs between two outcomes of one case, for people; empty if nothing does.
std::string difference(const JudgeRequest& request, const JudgeReply& emulated, const JudgeReply& judged);

}  // namespace levitate::emu::test
