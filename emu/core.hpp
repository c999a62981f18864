// The state of the CPU, and what executors do with it. Private to emu.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "emu/cpu.hpp"
#include "emu/decode/fields.hpp"
#include "emu/instruction.hpp"
#include "emu/mmu/code_cache.hpp"
#include "emu/mmu/memory.hpp"
#include "emu/mmu/tlb.hpp"
#include "emu/mmu/walk.hpp"
#include "emu/system/debug.hpp"
#include "emu/system/exception.hpp"
#include "emu/system/gic_interface.hpp"
#include "emu/system/pstate.hpp"
#include "emu/system/registers.hpp"
#include "emu/system/time_jumps.hpp"
#include "emu/system/timer.hpp"

namespace levitate::emu {

// The local monitor of load- and store-exclusive (Arm ARM B2.12). It marks a virtual address: software that
// pairs exclusives through two mappings of one location may see a store fail, as the architecture allows.
struct ExclusiveMonitor {
    bool marked = false;
    std::uint64_t address = 0;
    unsigned size = 0;
};

enum class Waiting : std::uint8_t { No, ForInterrupt, ForEvent };

// What an executor does itself: the usual, which is what needs no call, or all of it (emu/thread.hpp).
enum class Form : std::uint8_t { Usual, Complete };

// How many instructions had retired when this one began.
struct RetiredBefore {
    std::uint64_t instructions;
};

class Core {
  public:
    Core(Config config, Bus& bus, InterruptController& interrupts);

    // --- General registers ---------------------------------------------------------------------------------

    std::uint64_t get(Source place) const { return x[static_cast<std::uint8_t>(place)]; }
    // The register's low 32 or all 64 bits.
    template <class T>
    T get(Source place) const {
        return static_cast<T>(get(place));
    }
    void set(Target place, std::uint64_t value) { x[static_cast<std::uint8_t>(place)] = value; }

    // Indexed by the places of decode/fields.hpp. x[kZeroPlace] is never written.
    std::array<std::uint64_t, kGeneralPlaces> x{};
    PState pstate;
    std::uint64_t branch_target = 0;  // with Flow::Branch and Flow::Jump

    // --- SIMD and floating point ---------------------------------------------------------------------------

    std::array<Vector, 32> v{};
    std::uint32_t fpcr = 0;
    std::uint32_t fpsr = 0;
    bool fp_trapped = true;  // CPACR_EL1.FPEN, for the current exception level

    // --- Memory --------------------------------------------------------------------------------------------
    //
    // T is an unsigned integer, Vector (16 bytes) or ZeroBlock. On Flow::Exception nothing was read or
    // written, and the executor returns it before it changes a register; any other Flow is what the executor
    // returns in the end.

    template <class T>
    Flow load(std::uint64_t address, T& value) {
        return load_through(*tlb_, mode_, address, value);
    }
    template <class T>
    Flow store(std::uint64_t address, const T& value) {
        return store_through(*tlb_, mode_, address, value);
    }
    template <class T>
    Flow load_as(AccessMode mode, std::uint64_t address, T& value) {
        return load_through(tlb_of(mode), mode, address, value);
    }
    template <class T>
    Flow store_as(AccessMode mode, std::uint64_t address, const T& value) {
        return store_through(tlb_of(mode), mode, address, value);
    }
    // Two accesses of one instruction, at `address` and after it. If the second faults the first store may
    // have been done, which the architecture allows.
    template <class T>
    Flow load_pair(std::uint64_t address, T& first, T& second) {
        const DataTlbEntry& entry = (*tlb_)[tlb_index(address)];
        if (entry.read_tag == tag_of<T, 2>(address)) [[likely]] {
            const std::byte* host = entry.host + (address & kPageOffsetMask);
            std::memcpy(&first, host, sizeof(T));
            std::memcpy(&second, host + sizeof(T), sizeof(T));
            return Flow::Next;
        }
        if (form == Form::Usual) {
            return redo();
        }
        const Flow flow = load_slow(mode_, address, &first, sizeof(T));
        return flow == Flow::Exception
                   ? flow
                   : both(flow, load_slow(mode_, address + sizeof(T), &second, sizeof(T)));
    }
    template <class T>
    Flow store_pair(std::uint64_t address, const T& first, const T& second) {
        const DataTlbEntry& entry = (*tlb_)[tlb_index(address)];
        if (entry.write_tag == tag_of<T, 2>(address)) [[likely]] {
            std::byte* host = entry.host + (address & kPageOffsetMask);
            std::memcpy(host, &first, sizeof(T));
            std::memcpy(host + sizeof(T), &second, sizeof(T));
            return Flow::Next;
        }
        if (form == Form::Usual) {
            return redo();
        }
        const Flow flow = store_slow(mode_, address, &first, sizeof(T));
        return flow == Flow::Exception
                   ? flow
                   : both(flow, store_slow(mode_, address + sizeof(T), &second, sizeof(T)));
    }

    // The mode of ordinary accesses, and that of LDTR and STTR.
    AccessMode mode() const { return mode_; }
    AccessMode unprivileged_mode() const { return pstate.uao ? mode_ : AccessMode::User; }

    // Whether an access whose base register is `base` must take an SP alignment fault instead: check it
    // first, and return sp_alignment_fault().
    bool sp_misaligned(Source base) const {
        return base == Source{kSpPlace} && (x[kSpPlace] & 15) != 0 && sp_alignment_checked_;
    }
    Flow sp_alignment_fault() { return raise({.exception_class = ExceptionClass::SpAlignment}); }
    Flow alignment_fault(std::uint64_t address, Access access) {
        return raise_data_abort(address, access, fault::kAlignment);
    }

    // --- Exceptions ----------------------------------------------------------------------------------------

    Flow raise(const Exception& pending) { return form == Form::Usual ? redo() : raise_now(pending); }
    // UNDEFINED for a reason known only at execution (at decode time, return undefined()).
    Flow raise_undefined() { return raise({.exception_class = ExceptionClass::Unknown}); }
    // An access to SIMD or floating-point registers that CPACR_EL1.FPEN traps.
    Flow trap_fp() {
        constexpr std::uint32_t kConditionAlways = 0x1e << 20;  // CV and COND
        return raise({.exception_class = ExceptionClass::FpAccess, .iss = kConditionAlways});
    }
    Exception exception;

    // --- Threaded code (emu/thread.hpp) --------------------------------------------------------------------

    Form form = Form::Usual;
    // Whether the Flow::Exception just returned asks for the complete form instead; asked once.
    bool take_redo() { return std::exchange(redo_, false); }

    std::uint64_t address_of(const Instruction& instruction) const {
        return code_base_ + instruction.page_offset;
    }
    RetiredBefore retired_before(const Instruction& at, std::int64_t credit) const {
        return {slice_end_ - left_from(at, credit)};
    }
    // Each of these ends a Code function, with what it returns.
    Flow go_on(const Instruction* next, std::int64_t credit) {
        if constexpr (kCallsInTails) {
            return next->operation.code(*this, next, credit);
        } else {
            next_ = next;
            next_credit_ = credit;
            return Flow::Next;
        }
    }
    // `at` was a branch, to branch_target.
    Flow branch(const Instruction& at, std::int64_t credit) {
        const std::uint64_t offset = branch_target - code_base_;
        if (offset < kPageSize && offset % kInstructionBytes == 0) [[likely]] {
            const auto distance = static_cast<std::int64_t>(offset - at.page_offset);
            const std::int64_t new_credit = credit + (distance >> kInstructionShift) - 1;
            if (new_credit >= 0) [[likely]] {
                return go_on(&code_page_->slots[offset / kInstructionBytes], new_credit);
            }
        }
        return branch_elsewhere(at, credit);
    }
    Flow branch_elsewhere(const Instruction& at, std::int64_t credit);
    // The code after a page's last instruction.
    Flow leave_page(std::int64_t credit);
    // Back to the run loop, which gets `flow`, with `pc` and `retired` set: as `at`, which returned `flow`,
    // leaves them, or as they are before it.
    Flow stop(const Instruction& at, std::int64_t credit, Flow flow);
    Flow stop_before(const Instruction& at, std::int64_t credit, Flow flow);
    // Decodes the slot of the current page that has this place in it.
    void decode(const Instruction& slot);

    // --- System --------------------------------------------------------------------------------------------

    SystemRegisters system;
    ExclusiveMonitor monitor;
    GenericTimer timer;
    GicInterface gic;
    Waiting waiting = Waiting::No;
    bool event_register = false;

    // Time in nanoseconds: retired instructions, and what was skipped while idle and in jumps. During an
    // instruction that reads it, as of that instruction: the executor calls observe_time() first.
    std::uint64_t nanoseconds() const { return observed_retired_ + skipped_nanoseconds_; }
    std::uint64_t counter() const { return timer.ticks(nanoseconds()); }
    void observe_time(RetiredBefore now) { observed_retired_ = now.instructions; }
    // A timer register was written; the lines and the next event are to be worked out again.
    Flow timers_changed();
    // highest_pending(), or what the CPU interface makes of it, may have changed.
    Flow interrupts_changed() {
        interrupts_dirty_ = true;
        return Flow::Leave;
    }
    // Call the first after writing SCTLR, TCR, MAIR, TTBR0 or TTBR1, the second after writing CPACR.
    void translation_changed();
    void level_changed();
    // Call after writing a register of self-hosted debug.
    Flow debug_changed();

    // TLB invalidation, TLBI's forms: everything, or what translates one page.
    void flush_tlb();
    void flush_tlb_page(std::uint64_t address);

    // PSTATE.EL and PSTATE.SP change through this: it exchanges the stack pointers and the access mode.
    void set_level(std::uint8_t el, bool sp);
    void set_pan(bool pan);
    std::uint64_t sp_el0() const;
    std::uint64_t sp_el1() const;
    void set_sp_el0(std::uint64_t value);
    void set_sp_el1(std::uint64_t value);
    // ERET: PSTATE from `spsr`, and the address to go on at into branch_target.
    Flow exception_return(std::uint64_t spsr, std::uint64_t address);
    // For an executor to return: run() halts after this instruction.
    Flow halt_after(const Halt& halt, Flow flow);
    // PSTATE as an SPSR has it. False if its mode is not one of this CPU: then the level stays, and PSTATE.IL
    // is set.
    bool apply_spsr(std::uint64_t value);

    TranslationControl translation_control() const {
        return {system.sctlr, system.tcr, system.ttbr0, system.ttbr1, system.mair};
    }
    std::expected<Translation, TranslationFault> translate_for(std::uint64_t address, Access access,
                                                               AccessMode mode, TableUpdate update) const;
    Flow raise_data_abort(std::uint64_t address, Access access, std::uint32_t fsc,
                          std::uint32_t more_iss = 0) {
        const std::uint32_t write = access == Access::Write ? data_abort::kWrite : 0;
        return raise({.exception_class = ExceptionClass::DataAbort,
                      .iss = fsc | write | more_iss,
                      .sets_far = true,
                      .far = address});
    }

    // --- The user's side (cpu.cpp) -------------------------------------------------------------------------

    Halt run(std::uint64_t instructions);
    void request_stop() { stop_requested_.store(true, std::memory_order_relaxed); }
    void set_watched_ranges(std::span<const WatchedRange> ranges);
    void set_breakpoints(std::span<const std::uint64_t> addresses);
    void invalidate_code();
    // As EL1 would read it, without effect on anything. nullopt: there is none that can be read so.
    std::optional<std::uint64_t> system_register(std::uint16_t encoding);
    void set_boundary_halts(bool enabled) { boundary_halts_ = enabled; }
    std::optional<std::uint64_t> translate(std::uint64_t address, unsigned exception_level) const;
    std::span<const UndefinedEncoding> undefined_encodings() const { return undefined_encodings_; }
    void record_undefined(std::uint64_t address, std::uint32_t word);

    std::uint64_t pc = 0;       // between runs of instructions; not while an executor runs
    std::uint64_t retired = 0;  // likewise

  private:
    // Whether the compiler makes jumps of calls in tails. Where it does not, the run loop makes each call.
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__)
    static constexpr bool kCallsInTails = false;
#elif defined(__clang__)
    static constexpr bool kCallsInTails = !__has_feature(address_sanitizer);
#else
    static constexpr bool kCallsInTails = true;
#endif

    const DataTlb& tlb_of(AccessMode mode) const { return data_tlb_[static_cast<std::size_t>(mode)]; }
    // What a data TLB entry's tag must be for `count` accesses of T from `address` on: the page of the last
    // byte. Where alignment is checked it is that of the last access with the bits that must be zero.
    template <class T, unsigned count = 1>
    std::uint64_t tag_of(std::uint64_t address) const {
        const AlignmentRule& rule = alignment_rules_[std::countr_zero(sizeof(T))];
        return (address + rule.reach + sizeof(T) * (count - 1)) & rule.mask;
    }
    template <class T>
    Flow load_through(const DataTlb& tlb, AccessMode mode, std::uint64_t address, T& value) {
        const DataTlbEntry& entry = tlb[tlb_index(address)];
        if (entry.read_tag == tag_of<T>(address)) [[likely]] {
            std::memcpy(&value, entry.host + (address & kPageOffsetMask), sizeof(T));
            return Flow::Next;
        }
        return form == Form::Usual ? redo() : load_slow(mode, address, &value, sizeof(T));
    }
    template <class T>
    Flow store_through(const DataTlb& tlb, AccessMode mode, std::uint64_t address, const T& value) {
        const DataTlbEntry& entry = tlb[tlb_index(address)];
        if (entry.write_tag == tag_of<T>(address)) [[likely]] {
            std::memcpy(entry.host + (address & kPageOffsetMask), &value, sizeof(T));
            return Flow::Next;
        }
        return form == Form::Usual ? redo() : store_slow(mode, address, &value, sizeof(T));
    }
    Flow redo() {
        redo_ = true;
        return Flow::Exception;
    }
    Flow raise_now(const Exception& pending) {
        exception = pending;
        return Flow::Exception;
    }
    // The general cases: translation, device memory, watched pages, pages with code, two pages at once.
    // An entry of a TLB has been made from this translation of `address`.
    void note_tlb_entry(std::uint64_t address, const Translation& translation) {
        if (translation.size_shift > kPageShift) {
            tlb_blocks_.add(address, translation.size_shift);
        }
        tlb_is_empty_ = false;
    }
    Flow load_slow(AccessMode mode, std::uint64_t address, void* into, unsigned size);
    Flow store_slow(AccessMode mode, std::uint64_t address, const void* from, unsigned size);
    struct Piece;
    std::expected<Piece, TranslationFault> resolve(AccessMode mode, std::uint64_t address, Access access);
    // Exception: nothing answers; the caller raises it.
    Flow device_load(const Piece& piece, std::byte* into, unsigned size);
    Flow device_store(const Piece& piece, const std::byte* from, unsigned size);
    static void store_to_ram(const RamPage& page, std::size_t offset, const std::byte* from,
                             std::size_t size);
    // Whether a range of the current address space that is watched touches [address, address + size).
    bool is_watched(std::uint64_t address, std::uint64_t size) const;
    bool is_watched_page(AccessMode mode, std::uint64_t address) const;
    void note_watched(AccessMode mode, std::uint64_t address, unsigned size);
    // Whether a watchpoint of the guest matches; its exception has been raised then.
    bool hits_watchpoint(AccessMode mode, std::uint64_t address, unsigned size, Access access);
    // Makes stores to this page of RAM take the slow path, which looks for decoded code.
    void stop_fast_stores(const std::byte* host);

    bool mmu_enabled() const;
    bool alignment_checked() const;
    bool uses_sp_el1() const { return pstate.el != 0 && pstate.sp; }
    // `address` is the instruction that raised `exception`.
    void take_exception(std::uint64_t address);
    void take_interrupt();
    void enter_vector(std::uint64_t offset, std::uint64_t return_address);

    // The run loop's parts (cpu.cpp).
    CodePage* fetch_page();
    Flow run_slice(CodePage* page, std::uint64_t limit);
    Flow run_one(const Instruction& slot);
    Flow run_thread(const Instruction* at, std::int64_t credit);
    Flow enter_page(std::uint64_t address, std::uint64_t left);
    // How many instructions may retire from `at` on.
    static std::uint64_t left_from(const Instruction& at, std::int64_t credit) {
        return static_cast<std::uint64_t>(credit) + (kPageSize - at.page_offset) / kInstructionBytes;
    }
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
    // By log2 of an access's size: what is added to its address, and what is then compared.
    struct AlignmentRule {
        std::uint64_t reach;
        std::uint64_t mask;
    };
    std::array<AlignmentRule, 7> alignment_rules_{};  // up to a ZeroBlock
    const DataTlb* tlb_ = nullptr;                    // of mode_
    std::array<DataTlb, kAccessModes> data_tlb_;
    std::array<FetchTlb, 2> fetch_tlb_;
    BlockRange tlb_blocks_;
    bool tlb_is_empty_ = true;

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
    bool interrupt_signalled_ = false;
    std::atomic<bool> stop_requested_ = false;

    bool boundary_halts_ = false;
    std::optional<Halt> halt_;
    std::vector<WatchedRange> watched_;
    std::vector<std::uint64_t> breakpoints_;

    // What the guest asks of self-hosted debug; false costs nothing.
    bool guest_steps_ = false;
    bool guest_breakpoints_ = false;
    bool guest_watchpoints_ = false;
    std::uint32_t step_syndrome_ = fault::kDebug;  // of the software step exception that comes next
    std::vector<UndefinedEncoding> undefined_encodings_;
};

}  // namespace levitate::emu

#include "emu/thread.hpp"  // IWYU pragma: export
