// The run loop: what happens between two instructions, and what the CPU's user asks of it.
#include <algorithm>
#include <cstring>
#include <limits>

#include "emu/arch/bits.hpp"
#include "emu/core.hpp"

namespace levitate::emu {

namespace {

// After so many instructions the run loop looks whether it is to stop.
constexpr std::uint64_t kLongestSlice = 65536;

// Code pages kept (32 KiB each) before all are dropped.
constexpr std::size_t kMostCodePages = 8192;

constexpr std::uint64_t saturating_add(std::uint64_t first, std::uint64_t second) {
    std::uint64_t sum = 0;
    return __builtin_add_overflow(first, second, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}

}  // namespace

// The page at `pc`, made current; nullptr if fetching from it takes an exception, which has been raised.
CodePage* Core::fetch_page() {
    if (pc % kInstructionBytes != 0) {
        raise_now({.exception_class = ExceptionClass::PcAlignment, .sets_far = true, .far = pc});
        return nullptr;
    }
    const FetchTlbEntry& entry = tlbs_.fetch_entry(pstate.el, pc);
    if (entry.tag == page_of(pc)) {
        return entry.page;
    }
    const AccessMode mode = pstate.el == 0 ? AccessMode::User : AccessMode::Kernel;
    const auto translation = translate_for(pc, Access::Execute, mode, TableUpdate::Allowed);
    const auto abort = [this](std::uint32_t fsc) -> CodePage* {
        raise_now(
            {.exception_class = ExceptionClass::InstructionAbort, .iss = fsc, .sets_far = true, .far = pc});
        return nullptr;
    };
    if (!translation.has_value()) {
        if (const auto descriptor = translation.error().unanswered; descriptor.has_value()) {
            unanswered_.raised(Unanswered::Kind::TableWalk, *descriptor, sizeof(std::uint64_t));
        }
        return abort(translation.error().fsc);
    }
    const std::optional<RamPage> ram = memory_.page(translation->physical);
    if (!ram.has_value()) {
        unanswered_.raised(Unanswered::Kind::Fetch, translation->physical, kInstructionBytes);
        return abort(fault::kExternal);
    }
    if (*ram->code == nullptr && code_cache_.size() >= kMostCodePages) {
        drop_code();
    }
    CodePage& page = code_cache_.page(ram->host, *ram->code);
    // A page with a breakpoint is looked up at every instruction, so that run() sees each of them.
    if (!has_breakpoint_in(page_of(pc))) {
        tlbs_.keep(pstate.el, pc, translation->size_shift, page);
    }
    return &page;
}

void Core::drop_code() {
    flush_tlb();
    memory_.forget_code();
    code_cache_.drop();
    code_page_ = nullptr;
}

Halt Core::run(std::uint64_t instructions) {
    const std::uint64_t end = saturating_add(retired, instructions);
    std::uint64_t stepped_over = pc;  // a breakpoint here does not halt, once
    for (;;) {
        observed_retired_ = retired;
        if (const std::optional<Halt> halt = pending_halt()) {
            return *halt;
        }
        if (retired >= end) {
            return {.reason = HaltReason::Budget};
        }
        // In the order of Arm ARM D1.3.5: a step, what fetching can cause, a breakpoint, an illegal state.
        const bool stepping = is_stepping();
        CodePage* page = nullptr;
        if (stepping && !pstate.ss) {
            raise_now({.exception_class = ExceptionClass::SoftwareStep, .iss = step_syndrome_});
        } else {
            page = fetch_page();
        }
        if (page != nullptr && guest_breakpoints_ && debug::breaks_at(system, pstate, pc)) {
            raise_now({.exception_class = ExceptionClass::Breakpoint, .iss = fault::kDebug});
            page = nullptr;
        }
        if (page != nullptr && pstate.il) {
            raise_now({.exception_class = ExceptionClass::IllegalState});
            page = nullptr;
        }
        if (page == nullptr) {
            ++retired;
            take_exception(pc);
            continue;
        }
        std::uint64_t limit = std::min(
            {end - retired, kLongestSlice, next_timer_event_ - nanoseconds(), time_jumps_.next() - retired});
        if (has_breakpoint_in(page_of(pc))) {
            limit = 1;
            if (pc != stepped_over && halts_.has_breakpoint_at(pc)) {
                return {.reason = HaltReason::Breakpoint, .pc = pc};
            }
        }
        if (pc == stepped_over) {
            stepped_over = kNoTag;
        }
        std::uint32_t stepped = 0;
        if (stepping) {
            limit = 1;
            std::memcpy(&stepped, page->host + (pc & kPageOffsetMask), sizeof stepped);
        }
        if (run_slice(page, limit) == Flow::Exception) {
            ++retired;
            halts_.withdraw();  // a watched load that then faulted has not retired
            take_exception(pc);
            continue;
        }
        if (stepping) {
            pstate.ss = false;
            step_syndrome_ = debug::step_syndrome(stepped);
        }
        halts_.set_load_address(pc - kInstructionBytes);
    }
}

// What is to happen between two instructions: a halt, or time and interrupts.
std::optional<Halt> Core::pending_halt() {
    if (halts_.is_requested()) {
        return halts_.take();
    }
    if (stop_requested_.exchange(false, std::memory_order_relaxed)) {
        return Halt{.reason = HaltReason::Stopped};
    }
    jump_if_due();
    update_interrupts();
    if (waiting != Waiting::No && signalled_ == Signal::None) {
        if (!skip_to_next_event()) {
            return Halt{.reason = HaltReason::Idle};
        }
        update_interrupts();
    }
    waiting = Waiting::No;
    influences_.unmasked = influences_.unmasked || !pstate.masks(Signal::Irq) || !pstate.masks(Signal::Fiq);
    if (signalled_ != Signal::None && !pstate.masks(signalled_)) {
        take_interrupt(signalled_);
        return halts_.take();
    }
    return std::nullopt;
}

Flow Core::timers_changed() {
    next_timer_event_ = 0;
    return Flow::Leave;
}

void Core::update_interrupts() {
    if (nanoseconds() >= next_timer_event_) {
        const std::uint64_t now = counter();
        interrupts_dirty_ = timer.update_outputs(now) || interrupts_dirty_;
        next_timer_event_ = timer.next_event_nanoseconds(now);
    }
    if (interrupts_dirty_) {
        interrupts_dirty_ = false;
        signalled_ = gic.signals();
    }
}

// WFI and WFE: time passes to the next timer event, or event of the event stream. False: there is none.
bool Core::skip_to_next_event() {
    std::uint64_t event = next_timer_event_;
    if (waiting == Waiting::ForEvent) {
        event = std::min(event, next_stream_event());
    }
    if (event == kNever) {
        return false;
    }
    skipped_nanoseconds_ += event - nanoseconds();
    influences_.time = true;
    return true;
}

// After the halts, which only a user asks for, and before interrupts: so where a run halts changes nothing.
void Core::jump_if_due() {
    if (retired >= time_jumps_.next()) {
        const std::uint64_t expiry = timer.next_event_nanoseconds(counter());
        skipped_nanoseconds_ += time_jumps_.take(retired, expiry == kNever ? kNever : expiry - nanoseconds());
    }
}

// CNTKCTL_EL1.EVNTEN: an event whenever bit EVNTI of the counter changes as EVNTDIR says.
std::uint64_t Core::next_stream_event() const {
    if (!bit(system.cntkctl, 2)) {
        return kNever;
    }
    const std::uint64_t half_period = std::uint64_t{1} << bits(system.cntkctl, 7, 4);
    const std::uint64_t phase = bit(system.cntkctl, 3) ? 0 : half_period;
    const std::uint64_t period = 2 * half_period;
    const std::uint64_t since = (counter() - phase) % period;
    return timer.nanoseconds(counter() - since + period);
}

bool Core::has_breakpoint_in(std::uint64_t page) const {
    if (guest_breakpoints_ && debug::has_breakpoint_in(system, page)) {
        return true;
    }
    return halts_.has_breakpoint_in(page);
}

void Core::set_breakpoints(std::span<const std::uint64_t> addresses) {
    halts_.set_breakpoints(addresses);
    flush_tlb();
}

void Core::set_watched_ranges(std::span<const WatchedRange> ranges) {
    halts_.set_watched_ranges(ranges);
    flush_tlb();
}

// Stores are looked at only on the slow path, so entries that let them pass it by must go.
void Core::watch_influences(bool watch) {
    watches_influences_ = watch;
    influences_ = {};
    flush_tlb();
}

std::vector<std::uint64_t> Core::state_words() const {
    std::vector<std::uint64_t> words(x.begin(), x.end());
    // The stack pointers are where the registers of the same names are, whichever is in use.
    SystemRegisters kept = system;
    kept.sp_el0 = sp_el0();
    kept.sp_el1 = sp_el1();
    words[kSpPlace] = 0;
    words.insert(words.end(), {pc, pstate.to_spsr(), fpcr, fpsr, std::uint64_t{event_register},
                               static_cast<std::uint64_t>(waiting), std::uint64_t{monitor.marked},
                               monitor.address, monitor.size});
    for (const Vector& vector : v) {
        words.insert(words.end(), vector.d.begin(), vector.d.end());
    }
    static_assert(sizeof kept % sizeof(std::uint64_t) == 0);
    const std::size_t count = words.size();
    words.resize(count + sizeof kept / sizeof(std::uint64_t));
    std::memcpy(words.data() + count, &kept, sizeof kept);
    words.insert(words.end(),
                 {gic.priority_mask, gic.binary_point, gic.binary_point_0, gic.group_enable,
                  gic.group_enable_0, gic.active_priorities, gic.active_priorities_0, gic.control()});
    return words;
}

std::optional<std::uint64_t> Core::translate(std::uint64_t address, unsigned exception_level) const {
    const AccessMode mode = exception_level == 0 ? AccessMode::User : AccessMode::Kernel;
    const auto translation = translate_for(address, Access::Read, mode, TableUpdate::Forbidden);
    return translation.has_value() ? std::optional{translation->physical} : std::nullopt;
}

std::optional<std::uint64_t> Core::system_register(std::uint16_t encoding) {
    const SystemRegister* row = find_register(encoding);
    std::uint64_t value = 0;
    if (row == nullptr || row->read == nullptr || reads_with_effect(*row) ||
        (row->of_gic && !gic.has_registers()) || row->read(*this, value) == Flow::Exception) {
        return std::nullopt;
    }
    return value;
}

}  // namespace levitate::emu
