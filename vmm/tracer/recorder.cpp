#include "vmm/tracer/recorder.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "traces/payload/payload.hpp"

namespace levitate::vmm {
namespace {

constexpr traces::TaskNumber kNoTask{};
constexpr std::uint64_t kAuxvEntrySize = 16;

class PayloadMemory final : public traces::MemoryReader {
  public:
    explicit PayloadMemory(const UserMemory& memory) : memory_(memory) {}

    std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
        return memory_.read(GuestVirt{address}, into);
    }

  private:
    const UserMemory& memory_;
};

}  // namespace

Recorder::Recorder(traces::EventSink& sink, traces::Header header, Clock clock)
    : sink_(sink), header_(std::move(header)), clock_(std::move(clock)) {}

std::uint64_t Recorder::time() const {
    return static_cast<std::uint64_t>((clock_() - start_).count());
}

Recorder::Task& Recorder::find(traces::TaskNumber task) {
    const auto found = tasks_.find(task);
    assert(found != tasks_.end());
    return found->second;
}

void Recorder::begin(const std::vector<traces::AuxvEntry>& auxv) {
    header_.auxv = auxv;
    sink_.begin(header_);
    start_ = clock_();
    begun_ = true;
}

void Recorder::emit(traces::TaskNumber number, traces::EventBody body) {
    const auto slot = static_cast<std::size_t>(number);
    if (next_index_.size() <= slot) {
        next_index_.resize(slot + 1);
    }
    sink_.event({.task = number,
                 .index = next_index_[slot]++,
                 .order = next_order_++,
                 .time = time(),
                 .body = std::move(body)});
}

void Recorder::emit_outstanding(traces::TaskNumber number, Task& task) {
    if (task.syscall) {
        traces::SyscallEvent event = std::move(task.syscall->event);
        task.syscall.reset();
        emit(number, std::move(event));
    }
}

traces::TaskNumber Recorder::start_program(std::int64_t tid, const InitialStack& stack, std::uint64_t sp,
                                           std::uint64_t entry_pc) {
    begin(stack.auxv);
    const traces::TaskNumber number = start_task(kNoTask, 0, tid);
    emit_exec(number, stack, sp, entry_pc);
    return number;
}

traces::TaskNumber Recorder::start_task(traces::TaskNumber parent, std::uint64_t clone_flags,
                                        std::int64_t tid) {
    const traces::TaskNumber number{++last_task_};
    // A copy of a process is in the same functions as the original.
    const auto of_parent = tasks_.find(parent);
    tasks_.emplace(
        number, Task{.syscall = std::nullopt,
                     .vdso = of_parent == tasks_.end() ? std::vector<VdsoEntry>{} : of_parent->second.vdso});
    emit(number, traces::TaskStartEvent{.parent = parent, .clone_flags = clone_flags, .tid = tid});
    return number;
}

void Recorder::end_task(traces::TaskNumber task, const traces::TaskEndEvent& end) {
    emit_outstanding(task, find(task));
    leave_vdso(task, find(task), 0);
    emit(task, end);
    tasks_.erase(task);
}

void Recorder::enter_syscall(traces::TaskNumber task, const SyscallEntry& entry, const UserMemory& memory) {
    Task& state = find(task);
    if (state.syscall && state.syscall->repeats && state.syscall->event.pc == entry.pc) {
        state.syscall->repeats = false;
        return;
    }
    emit_outstanding(task, state);
    PayloadMemory reader(memory);
    traces::SyscallEvent event{
        .number = entry.number,
        .arguments = entry.arguments,
        .result = std::nullopt,
        .restarted = false,
        .payloads = traces::read_payloads_at_entry(entry.number, entry.arguments, reader),
        .pc = entry.pc,
        .sp = entry.sp,
        .entry_order = next_order_++,
        .entry_time = time()};
    state.syscall = Outstanding{.event = std::move(event), .repeats = false};
}

void Recorder::return_from_syscall(traces::TaskNumber task, std::int64_t result, const UserMemory& memory) {
    Task& state = find(task);
    if (!state.syscall) {
        return;
    }
    traces::SyscallEvent& event = state.syscall->event;
    event.result = result;
    PayloadMemory reader(memory);
    traces::read_payloads_at_exit(event.number, event.arguments, result, reader, event.payloads);
    emit_outstanding(task, state);
}

void Recorder::end_syscall(traces::TaskNumber task) {
    emit_outstanding(task, find(task));
}

void Recorder::restart_syscall(traces::TaskNumber task, const UserMemory& memory) {
    Task& state = find(task);
    if (state.syscall) {
        traces::SyscallEvent& event = state.syscall->event;
        event.restarted = true;
        PayloadMemory reader(memory);
        traces::read_payloads_at_exit(event.number, event.arguments, std::nullopt, reader, event.payloads);
        emit_outstanding(task, state);
    }
}

void Recorder::repeat_syscall(traces::TaskNumber task) {
    Task& state = find(task);
    if (state.syscall) {
        state.syscall->repeats = true;
    }
}

const traces::SyscallEvent* Recorder::outstanding_syscall(traces::TaskNumber task) const {
    const auto found = tasks_.find(task);
    if (found == tasks_.end()) {
        return nullptr;
    }
    const std::optional<Outstanding>& syscall = found->second.syscall;
    return syscall ? &syscall->event : nullptr;
}

void Recorder::emit_exec(traces::TaskNumber task, const InitialStack& stack, std::uint64_t sp,
                         std::uint64_t entry_pc) {
    emit(task, traces::ExecEvent{.path = stack.executable,
                                 .argv = stack.argv,
                                 .envp = stack.envp,
                                 .auxv = stack.auxv,
                                 .sp = sp,
                                 .entry_pc = entry_pc,
                                 .platform = stack.platform,
                                 .random = stack.random});
}

void Recorder::exec(traces::TaskNumber task, const InitialStack& stack, std::uint64_t sp,
                    std::uint64_t entry_pc) {
    Task& state = find(task);
    if (state.syscall) {
        traces::SyscallEvent& event = state.syscall->event;
        traces::complete_exec_payloads(event.number, event.arguments, stack.executable, stack.argv,
                                       stack.envp, event.payloads);
    }
    emit_outstanding(task, state);
    leave_vdso(task, state, 0);
    emit_exec(task, stack, sp, entry_pc);
}

void Recorder::signal(traces::TaskNumber task, const DeliveredSignal& signal) {
    constexpr std::size_t kCodeOffset = 8;  // siginfo_t: si_signo, si_errno, si_code
    std::int32_t code = 0;
    if (signal.information.size() >= kCodeOffset + sizeof(code)) {
        std::memcpy(&code, signal.information.data() + kCodeOffset, sizeof(code));
    }
    emit(task, traces::SignalEvent{.signal = signal.signal,
                                   .code = code,
                                   .siginfo = signal.information,
                                   .handler = signal.handler,
                                   .frame = signal.frame,
                                   .interrupted_pc = signal.interrupted.pc,
                                   .context_flags = signal.context.flags,
                                   .stack = signal.context.stack,
                                   .mask = signal.context.mask,
                                   .fault_address = signal.context.fault_address,
                                   .records = signal.context.records,
                                   .esr = signal.context.esr});
}

void Recorder::auxv_load(traces::TaskNumber task, const AuxvLoad& load, const UserMemory& memory) {
    const std::uint64_t range_begin = value(load.range.begin);
    const std::uint64_t begin = std::max(value(load.address), range_begin);
    const std::uint64_t end = std::min(value(load.address) + load.size, value(load.range.end));
    for (std::uint64_t at = begin; at < end;) {
        const std::uint64_t offset = (at - range_begin) % kAuxvEntrySize;
        const std::uint64_t entry = at - offset;
        const std::uint64_t next = std::min(entry + kAuxvEntrySize, end);
        const auto words = read_value<std::array<std::uint64_t, 2>>(memory, GuestVirt{entry});
        if (!words) {
            return;
        }
        emit(task, traces::AuxvReadEvent{.type = (*words)[0],
                                         .value = (*words)[1],
                                         .offset = static_cast<unsigned>(offset),
                                         .size = static_cast<unsigned>(next - at),
                                         .pc = load.pc});
        at = next;
    }
}

void Recorder::emit_vdso(traces::TaskNumber number, const VdsoEntry& entry,
                         std::optional<std::int64_t> result, std::vector<traces::Payload> payloads) {
    emit(number, traces::VdsoCallEvent{.symbol = entry.symbol,
                                       .arguments = entry.arguments,
                                       .pc = entry.return_pc,
                                       .result = result,
                                       .payloads = std::move(payloads)});
}

// The functions that were entered after the first `depth` will not return: the program has left them by a
// jump out of a signal's handler, or has ended.
void Recorder::leave_vdso(traces::TaskNumber number, Task& task, std::size_t depth) {
    while (task.vdso.size() > depth) {
        const VdsoEntry entry = std::move(task.vdso.back());
        task.vdso.pop_back();
        emit_vdso(number, entry, std::nullopt, {});
    }
}

void Recorder::enter_vdso(traces::TaskNumber task, const VdsoEntry& entry) {
    Task& state = find(task);
    // Two functions that have not returned cannot have the same stack pointer.
    const auto left = std::ranges::find(state.vdso, entry.sp, &VdsoEntry::sp);
    leave_vdso(task, state, static_cast<std::size_t>(left - state.vdso.begin()));
    state.vdso.push_back(entry);
}

void Recorder::return_to(traces::TaskNumber task, std::uint64_t pc, std::uint64_t sp, std::int64_t result,
                         const UserMemory& memory) {
    Task& state = find(task);
    const auto found = std::ranges::find_if(
        state.vdso, [&](const VdsoEntry& entry) { return entry.return_pc == pc && entry.sp == sp; });
    if (found == state.vdso.end()) {
        return;
    }
    leave_vdso(task, state, static_cast<std::size_t>(found - state.vdso.begin()) + 1);
    const VdsoEntry entry = std::move(state.vdso.back());
    state.vdso.pop_back();
    std::vector<traces::Payload> payloads;
    if (const traces::abi::SyscallRow* const row = traces::abi::find_vdso_function(entry.symbol)) {
        PayloadMemory reader(memory);
        const std::array<std::uint64_t, 6> arguments{entry.arguments[0], entry.arguments[1]};
        traces::read_payloads_at_exit(row->number, arguments, result, reader, payloads);
    }
    emit_vdso(task, entry, result, std::move(payloads));
}

std::vector<std::uint64_t> Recorder::vdso_returns() const {
    std::vector<std::uint64_t> addresses;
    for (const auto& [number, task] : tasks_) {
        for (const VdsoEntry& entry : task.vdso) {
            addresses.push_back(entry.return_pc);
        }
    }
    return addresses;
}

void Recorder::registers_lost(traces::TaskNumber task, const traces::RegistersEvent& loss) {
    emit(task, loss);
}

void Recorder::finish(const traces::OutcomeEvent& outcome, const std::string& incomplete) {
    const bool started = has_started();
    if (!started) {
        begin({});
    }
    while (!tasks_.empty()) {
        // The outcome tells only the program's own end. The other tasks were not seen to end.
        const traces::TaskNumber number = tasks_.begin()->first;
        emit_outstanding(number, tasks_.begin()->second);
        leave_vdso(number, tasks_.begin()->second, 0);
        if (number == kFirstTask && incomplete.empty()) {
            emit(number, traces::TaskEndEvent{.exit_code = outcome.exit_code, .signal = outcome.signal});
        }
        tasks_.erase(number);
    }
    // A program that never started came to nothing.
    if (started) {
        emit(kFirstTask, outcome);
    }
    sink_.end(incomplete);
}

}  // namespace levitate::vmm
