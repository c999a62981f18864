#include "vmm/run/kernel_workload.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstddef>

namespace levitate::vmm {
namespace {

constexpr std::size_t kMostPending = 4096;
// How many bytes wait for a kernel that does not read them.
constexpr std::size_t kUartWindow = 4096;

}  // namespace

KernelWorkload::KernelWorkload(const RunSpec& spec, const RunHooks& hooks) : Workload(spec, hooks) {
    if (!spec.stdin_bytes) {
        terminal_.emplace(STDIN_FILENO, RawTerminal::How::Keys);
    }
}

void KernelWorkload::on_connected() {
    if (const auto& bytes = spec().stdin_bytes) {
        uart().send(*bytes);
    }
}

void KernelWorkload::take(std::byte byte) {
    pending_.push_back(byte);
    if (byte == std::byte{'\n'} || pending_.size() >= kMostPending) {
        flush();
    }
}

void KernelWorkload::flush() {
    if (pending_.empty()) {
        return;
    }
    // What a kernel writes beyond what is kept is not needed.
    static_cast<void>(output().put(OutputStream::Stdout, pending_));
    write_log({reinterpret_cast<const char*>(pending_.data()), pending_.size()});
    pending_.clear();
    if (output().reader_gone(OutputStream::Stdout)) {
        fail("nobody reads the kernel's output any more");
    }
}

std::uint32_t KernelWorkload::stdin_credit() const {
    return static_cast<std::uint32_t>(kUartWindow - std::min(kUartWindow, uart().unread()));
}

}  // namespace levitate::vmm
