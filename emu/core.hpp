// The CPU at work: its state, what executors do with it, and the run loop's fields. Private to emu.
//
// Three headers hold the inline parts, which executors need: emu/mmu/access.hpp those of loads and stores,
// emu/thread.hpp those that go from one instruction to the next. core.cpp takes exceptions, run.cpp is the
// run loop.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "emu/cpu.hpp"
#include "emu/decode/fields.hpp"
#include "emu/halts.hpp"
#include "emu/instruction.hpp"
#include "emu/mmu/code_cache.hpp"
#include "emu/mmu/memory.hpp"
#include "emu/mmu/tlb.hpp"
#include "emu/mmu/walk.hpp"
#include "emu/state.hpp"
#include "emu/system/debug.hpp"
#include "emu/system/exception.hpp"
#include "emu/system/exception_log.hpp"
#include "emu/system/time_jumps.hpp"
#include "emu/system/unanswered.hpp"

namespace levitate::emu {

// What an executor does itself: the usual, which is what needs no call, or all of it (emu/thread.hpp).
enum class Form : std::uint8_t { Usual, Complete };

// How many instructions had retired when this one began.
struct RetiredBefore {
    std::uint64_t instructions;
};

class Core : public State {
  public:
    Core(Config config, Bus& bus, InterruptController& interrupts);

    // --- Memory (emu/mmu/access.hpp) -----------------------------------------------------------------------
    //
    // T is an unsigned integer, Vector (16 bytes) or ZeroBlock. On Flow::Exception nothing was read or
    // written, and the executor returns it before it changes a register; any other Flow is what the executor
    // returns in the end.

    template <class T>
    Flow load(std::uint64_t address, T& value);
    template <class T>
    Flow store(std::uint64_t address, const T& value);
    template <class T>
    Flow load_as(AccessMode mode, std::uint64_t address, T& value);
    template <class T>
    Flow store_as(AccessMode mode, std::uint64_t address, const T& value);
    // Two accesses of one instruction, the second right after the first. If the second faults the first store
    // may have been done, which the architecture allows.
    template <class T>
    Flow load_pair(std::uint64_t address, T& first, T& second);
    template <class T>
    Flow store_pair(std::uint64_t address, const T& first, const T& second);

    // The mode of ordinary accesses, and that of LDTR and STTR.
    AccessMode mode() const { return mode_; }
    AccessMode unprivileged_mode() const { return pstate.uao ? mode_ : AccessMode::User; }

    // Whether an access whose base register is `base` must take an SP alignment fault instead: an executor
    // asks this first, and then returns sp_alignment_fault().
    bool sp_misaligned(Source base) const {
        return base == Source{kSpPlace} && (x[kSpPlace] & 15) != 0 && sp_alignment_checked_;
    }
    Flow sp_alignment_fault() { return raise({.exception_class = ExceptionClass::SpAlignment}); }
    Flow alignment_fault(std::uint64_t address, Access access) {
        return raise_data_abort(address, access, fault::kAlignment);
    }

    TranslationControl translation_control() const {
        return {system.sctlr, system.tcr, system.ttbr0, system.ttbr1, system.mair};
    }
    std::expected<Translation, TranslationFault> translate_for(std::uint64_t address, Access access,
                                                               AccessMode mode, TableUpdate update) const;
    // DC ZVA: zeroes the ZeroBlock around the address, which a fault names as it was given.
    Flow store_zeros(std::uint64_t address);
    void flush_tlb() { tlbs_.flush(); }
    void flush_tlb_page(std::uint64_t address) { tlbs_.flush_page(address); }

    // --- Exceptions ----------------------------------------------------------------------------------------

    Flow raise(const Exception& pending) { return form == Form::Usual ? redo() : raise_now(pending); }
    // UNDEFINED for a reason known only at execution (at decode time, return undefined()).
    Flow raise_undefined() { return raise({.exception_class = ExceptionClass::Unknown}); }
    // The same for an instruction that the report of undefined encodings is to name.
    Flow raise_undefined(const Instruction& instruction);
    // An access to SIMD or floating-point registers that CPACR_EL1.FPEN traps.
    Flow trap_fp() {
        constexpr std::uint32_t kConditionAlways = 0x1e << 20;  // CV and COND
        return raise({.exception_class = ExceptionClass::FpAccess, .iss = kConditionAlways});
    }
    Flow raise_data_abort(std::uint64_t address, Access access, std::uint32_t fsc,
                          std::uint32_t more_iss = 0) {
        const std::uint32_t write = access == Access::Write ? data_abort::kWrite : 0;
        return raise({.exception_class = ExceptionClass::DataAbort,
                      .iss = fsc | write | more_iss,
                      .sets_far = true,
                      .far = address});
    }
    Exception exception;
    bool fp_trapped = true;  // CPACR_EL1.FPEN, for the current exception level

    // --- Threaded code (emu/thread.hpp) --------------------------------------------------------------------

    Form form = Form::Usual;
    std::uint64_t branch_target = 0;  // with Flow::Branch and Flow::Jump
    // Whether the Flow::Exception just returned asks for the complete form instead; asked once.
    bool take_redo() { return std::exchange(redo_, false); }

    inline std::uint64_t address_of(const Instruction& instruction) const;
    inline RetiredBefore retired_before(const Instruction& at, std::int64_t credit) const;
    // Each of these ends a Code function, with what it returns.
    inline Flow go_on(const Instruction* next, std::int64_t credit);
    // `at` was a branch, to branch_target.
    inline Flow branch(const Instruction& at, std::int64_t credit);
    Flow branch_elsewhere(const Instruction& at, std::int64_t credit);
    // The code after a page's last instruction.
    Flow leave_page(std::int64_t credit);
    // Returns `flow` to the run loop, with `pc` and `retired` set: as `at`, which returned `flow`, leaves
    // them, or as they are before it.
    Flow stop(const Instruction& at, std::int64_t credit, Flow flow);
    Flow stop_before(const Instruction& at, std::int64_t credit, Flow flow);
    // Decodes the instruction of the current page that belongs in this slot.
    void decode(const Instruction& slot);

    // --- Changes of state that others must hear of (core.cpp) ----------------------------------------------

    // Call the first after writing SCTLR, TCR, MAIR, TTBR0 or TTBR1, the second after writing CPACR, and the
    // third after writing a register of self-hosted debug.
    void translation_changed();
    void level_changed();
    Flow debug_changed();
    // PSTATE.EL and PSTATE.SP change through this: it exchanges the stack pointers and the access mode.
    void set_level(std::uint8_t el, bool sp);
    void set_pan(bool pan);
    // PSTATE as an SPSR has it. False if its mode is not one of this CPU: then the level stays, and PSTATE.IL
    // is set.
    bool apply_spsr(std::uint64_t value);
    // ERET: PSTATE from `spsr`, and the address to go on at into branch_target.
    Flow exception_return(std::uint64_t spsr, std::uint64_t address);
    // For an executor to return: run() halts after this instruction.
    Flow halt_after(const Halt& halt, Flow flow);

    // --- Time and interrupts (run.cpp) ---------------------------------------------------------------------

    // Time in nanoseconds: retired instructions, and what was skipped while idle and in jumps. During an
    // instruction that reads it, as of that instruction: the executor calls observe_time() first.
    std::uint64_t nanoseconds() const { return observed_retired_ + skipped_nanoseconds_; }
    std::uint64_t counter() const { return timer.ticks(nanoseconds()); }
    void observe_time(RetiredBefore now) { observed_retired_ = now.instructions; }
    // A system register is read or written: some show what no instruction does.
    void note_register(std::uint16_t encoding) {
        influences_.time = influences_.time || depends_on_time(encoding);
    }
    // A timer register was written; the lines and the next event are to be worked out again.
    Flow timers_changed();
    // highest_pending(), or what the CPU interface makes of it, may have changed.
    Flow interrupts_changed() {
        interrupts_dirty_ = true;
        return Flow::Leave;
    }

    // --- The user's side (run.cpp) -------------------------------------------------------------------------

    Halt run(std::uint64_t instructions);
    void request_stop() { stop_requested_.store(true, std::memory_order_relaxed); }
    void set_watched_ranges(std::span<const WatchedRange> ranges);
    void set_breakpoints(std::span<const std::uint64_t> addresses);
    void set_boundary_halts(bool enabled) { halts_.set_boundary_halts(enabled); }
    void set_watched_svc(std::uint16_t immediate) { halts_.set_watched_svc(immediate); }
    void invalidate_code() { code_cache_.clear_all(); }
    std::vector<std::byte> save() const;
    bool restore(std::span<const std::byte> bytes);
    void set_schedule_seed(std::uint64_t seed);
    void ram_written(std::uint64_t address, std::uint64_t size);
    // As EL1 would read it, without effect on anything. nullopt: there is none that can be read so.
    std::optional<std::uint64_t> system_register(std::uint16_t encoding);
    std::optional<std::uint64_t> translate(std::uint64_t address, unsigned exception_level) const;
    std::span<const UndefinedEncoding> undefined_encodings() const { return undefined_encodings_; }
    const Unanswered& unanswered() const { return unanswered_; }
    const ExceptionLog& log() const { return log_; }
    void watch_influences(bool watch);
    Influences influences() const { return influences_; }
    bool interrupt_is_due() const { return signalled_ != Signal::None || next_timer_event_ != kNever; }
    std::vector<std::uint64_t> state_words() const;
    void record_undefined(std::uint64_t address, std::uint32_t word);

    const bool smc_halts;       // as Config has it
    const bool semihosting;     // likewise
    std::uint64_t pc = 0;       // between runs of instructions; not while an executor runs
    std::uint64_t retired = 0;  // between runs of instructions, as `pc`

  private:
    // Exceptions. The first asks for the complete form, the second is for whoever is not an executor.
    Flow redo() {
        redo_ = true;
        return Flow::Exception;
    }
    Flow raise_now(const Exception& pending) {
        exception = pending;
        return Flow::Exception;
    }
    // `address` is that of the instruction that raised `exception`.
    void take_exception(std::uint64_t address);
    void take_interrupt(Signal signal);
    void enter_vector(std::uint64_t offset, std::uint64_t return_address);
    void enter_logged_vector(std::uint64_t return_address);
    TaskKey task_key() const;

    // Loads and stores (emu/mmu/access.hpp).
    template <class T>
    Flow load_through(const DataTlb& tlb, AccessMode mode, std::uint64_t address, T& value);
    template <class T>
    Flow store_through(const DataTlb& tlb, AccessMode mode, std::uint64_t address, const T& value);
    // The general cases: translation, device memory, watched pages, pages with code, two pages at once.
    Flow load_slow(AccessMode mode, std::uint64_t address, void* into, unsigned size);
    Flow store_slow(AccessMode mode, std::uint64_t address, const void* from, unsigned size);
    struct Piece;
    std::expected<Piece, TranslationFault> resolve(AccessMode mode, std::uint64_t address, Access access);
    // Exception: nothing answers; the caller raises it.
    Flow device_load(const Piece& piece, std::byte* into, unsigned size);
    Flow device_store(const Piece& piece, const std::byte* from, unsigned size);
    // A data abort for which translation is to blame, and one for an access that nothing answers.
    Flow translation_abort(std::uint64_t address, Access access, const TranslationFault& fault);
    Flow external_abort(std::uint64_t address, Access access, std::uint64_t physical, unsigned size);
    bool is_watched_page(AccessMode mode, std::uint64_t address) const;
    void note_watched(AccessMode mode, std::uint64_t address, unsigned size);
    // Whether a watchpoint of the guest matches; its exception has been raised then.
    bool hits_watchpoint(AccessMode mode, std::uint64_t address, unsigned size, Access access);
    bool mmu_enabled() const;
    bool alignment_checked() const;

    // Threaded code.
    Flow run_slice(CodePage* page, std::uint64_t limit);
    Flow run_one(const Instruction& slot);
    Flow run_thread(const Instruction* at, std::int64_t credit);
    Flow enter_page(std::uint64_t address, std::uint64_t left);

    // The run loop.
    CodePage* fetch_page();
    std::optional<Halt> pending_halt();
    void update_interrupts();
    bool skip_to_next_event();
    void jump_if_due();
    std::uint64_t next_stream_event() const;
    void drop_code();
    bool has_breakpoint_in(std::uint64_t page) const;
    bool is_stepping() const { return guest_steps_ && debug::enabled_from(system, pstate.el, pstate.daif); }

    AccessMode mode_ = AccessMode::Kernel;
    bool sp_alignment_checked_ = false;
    bool redo_ = false;
    TagRules tag_rules_;
    const DataTlb* data_tlb_ = nullptr;  // of mode_
    Tlbs tlbs_;

    std::uint64_t code_base_ = 0;  // virtual address of the page being executed
    CodePage* code_page_ = nullptr;
    std::uint64_t slice_end_ = 0;  // what `retired` may become until the run loop looks again
    // What go_on() leaves to the run loop.
    const Instruction* next_ = nullptr;
    std::int64_t next_credit_ = 0;
    // An instruction to be executed alone, and what stops after it.
    std::array<Instruction, 2> single_{};

    PhysicalMemory memory_;
    CodeCache code_cache_;
    Bus& bus_;

    TimeJumps time_jumps_;
    std::uint64_t skipped_nanoseconds_ = 0;
    std::uint64_t observed_retired_ = 0;
    std::uint64_t next_timer_event_ = kNever;
    bool interrupts_dirty_ = true;
    Signal signalled_ = Signal::None;
    std::atomic<bool> stop_requested_ = false;

    Halts halts_;
    // What the guest asks of self-hosted debug; false costs nothing.
    bool guest_steps_ = false;
    bool guest_breakpoints_ = false;
    bool guest_watchpoints_ = false;
    std::uint32_t step_syndrome_ = fault::kDebug;  // of the software step exception that comes next
    std::vector<UndefinedEncoding> undefined_encodings_;
    Unanswered unanswered_;
    ExceptionLog log_;
    bool watches_influences_ = false;
    Influences influences_;
};

}  // namespace levitate::emu
