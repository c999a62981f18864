#include "vmm/cli/rerun.hpp"

#include <fmt/format.h>

#include "vmm/arch/aarch64.hpp"
#include "vmm/debugger/modules.hpp"
#include "vmm/tracer/boundary_tracer.hpp"
#include "vmm/tracer/engine_memory.hpp"

namespace levitate::vmm::cli {
namespace {

constexpr std::uint64_t kSlice = 10'000'000;

}  // namespace

Result<std::unique_ptr<Rerun>> Rerun::to_event(const RunSpec& spec, std::uint64_t order) {
    auto rerun = std::make_unique<Rerun>();
    rerun->hooks_.sink = &rerun->collector_;
    rerun->hooks_.capture_output = true;
    rerun->hooks_.on_event = [self = rerun.get(), order](Engine&, const traces::Event& event) {
        self->task_ = event.task;
        return event.order < order;
    };
    auto session = Session::create(spec, rerun->hooks_);
    if (!session) {
        return std::unexpected(std::move(session.error()));
    }
    rerun->session_ = std::move(*session);
    while (true) {
        const AdvanceReason reason = rerun->session_->advance(kSlice);
        if (reason == AdvanceReason::Stopped) {
            break;
        }
        if (reason == AdvanceReason::Ended) {
            return failure(Error::Kind::Harness,
                           fmt::format("run again, the program did not reach event {}", order));
        }
    }
    // From here on no event stops the run, so a debugger that continues is not stopped again.
    rerun->hooks_.on_event = nullptr;
    return rerun;
}

std::vector<Frame> Rerun::backtrace() const {
    const Engine& engine = session_->engine();
    const VcpuRegisters cpu = engine.registers();
    UserRegisters registers = cpu;
    // A task that has just ended is seen at its last exception, with the PC of EL0 in ELR_EL1.
    if (!is_at_el0(cpu.pstate)) {
        registers.pc = cpu.elr_el1;
    }
    for (const TaskView& task : session_->tracer()->tasks()) {
        if (task.number == task_ && task.registers) {
            registers = *task.registers;
        }
    }
    std::vector<HostFile> files;
    for (const FileMapping& file : session_->modules()) {
        files.push_back({.guest = file.guest, .host = file.host});
    }
    const auto modules = loaded_modules(collector_.trace().events, files);
    return vmm::backtrace(modules, registers, EngineMemory{engine});
}

}  // namespace levitate::vmm::cli
