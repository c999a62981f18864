#include "vmm/run/workload.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "vmm/run/direct_workload.hpp"
#include "vmm/run/harness_workload.hpp"
#include "vmm/run/kernel_workload.hpp"

namespace levitate::vmm {
namespace {

OutputMode output_mode(const RunHooks& hooks) {
    if (hooks.capture_output) {
        return OutputMode::Capture;
    }
    return hooks.sink != nullptr ? OutputMode::StreamAndCapture : OutputMode::Stream;
}

// The key does not come from a seed, because a program could work that out. Nothing that a guest does depends
// on the key's value, so a run is still a function of its seeds.
init::HashKey random_key() {
    init::HashKey key{};
    ::arc4random_buf(key.data(), key.size());
    return key;
}

}  // namespace

Workload::Workload(const RunSpec& spec, const RunHooks& hooks)
    : spec_(spec), log_(hooks.on_console), output_(output_mode(hooks)) {}

void Workload::connect(Pl011& uart, std::function<void()> attention) {
    uart_ = &uart;
    attention_ = std::move(attention);
    on_connected();
}

void Workload::receive(std::byte byte) {
    ++received_;
    take(byte);
}

void Workload::fail(std::string why) {
    if (failure_.empty()) {
        failure_ = std::move(why);
    }
    attention_();
}

void Workload::put_out(OutputStream stream, std::span<const std::byte> bytes) {
    if (!output_.put(stream, bytes)) {
        fail(fmt::format("the program has written more than {} MiB", ProgramOutput::kMaximumCapture >> 20U));
    }
}

std::unique_ptr<Workload> make_workload(const RunSpec& spec, const RunHooks& hooks) {
    if (is_kernel_alone(spec)) {
        return std::make_unique<KernelWorkload>(spec, hooks);
    }
    if (spec.init_mode == InitMode::Direct) {
        return std::make_unique<DirectWorkload>(spec, hooks);
    }
    return std::make_unique<HarnessWorkload>(spec, hooks, random_key());
}

}  // namespace levitate::vmm
