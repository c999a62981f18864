// The AArch64 CPU as a library: what its user (a machine) sees of it.
//
// The core knows no device, no operating system and no trace. It runs until something happens that its user
// asked to hear of, and says what in a Halt. There is no virtual call on the path of an ordinary instruction:
// Bus and InterruptController are called for accesses outside RAM, for interrupt traffic and for timer edges.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace levitate::emu {

// A block of guest RAM at physical address `base`. The bytes are the user's; they must outlive the Cpu.
// `base` and the size are multiples of 4096.
struct Ram {
    std::uint64_t base;
    std::span<std::byte> bytes;
};

// What answers in the physical address space outside RAM.
class Bus {
  public:
    virtual ~Bus() = default;
    // Reads `size` (1, 2, 4 or 8) bytes at `address`, which is aligned to `size`. nullopt: nothing answers
    // there, and the access takes a synchronous external abort.
    virtual std::optional<std::uint64_t> read(std::uint64_t address, unsigned size) = 0;
    // Writes in the same way. False: nothing answers there.
    virtual bool write(std::uint64_t address, unsigned size, std::uint64_t value) = 0;
};

enum class TimerOutput { Physical, Virtual };

// What an interrupt controller signals to the CPU.
enum class Signal : std::uint8_t { None, Irq, Fiq };

// The interrupt controller as the Cpu sees it. By Config::gic_registers it is one of two kinds:
//   - the distributor and redistributor behind the GICv3 CPU interface (ICC_*_EL1) in the Cpu (Arm IHI 0069,
//     chapter 4), with one security state and Group 1 only;
//   - a controller that has its own CPU interface in memory, as a GICv2 has: then only signalled() is asked.
class InterruptController {
  public:
    struct Pending {
        std::uint32_t intid;
        std::uint8_t priority;  // 0 is the highest
    };
    virtual ~InterruptController() = default;
    // What a controller of the second kind signals now. Asked only after interrupts_changed().
    virtual Signal signalled() { return Signal::None; }
    // The enabled pending interrupt of the highest priority. Asked only after interrupts_changed() or when
    // the CPU interface itself changed state.
    virtual std::optional<Pending> highest_pending() = 0;
    virtual void acknowledge(std::uint32_t intid) = 0;
    virtual void deactivate(std::uint32_t intid) = 0;
    // A write to ICC_SGI1R_EL1.
    virtual void send_sgi(std::uint64_t value) = 0;
    // A generic timer's output line rose or fell. The machine wires it to its PPI.
    virtual void set_timer_output(TimerOutput output, bool level) = 0;
};

union Vector {
    std::array<std::uint64_t, 2> d;  // d[0] is bits 63:0
    std::array<std::uint32_t, 4> s;
    std::array<std::uint16_t, 8> h;
    std::array<std::uint8_t, 16> b;
};

// `pstate` is laid out as SPSR_EL1 is.
struct GeneralRegisters {
    std::array<std::uint64_t, 31> x{};
    std::uint64_t sp_el0 = 0;
    std::uint64_t sp_el1 = 0;
    std::uint64_t pc = 0;
    std::uint64_t pstate = 0;
    std::uint32_t fpcr = 0;
    std::uint32_t fpsr = 0;
    std::uint64_t tpidr_el0 = 0;
    std::uint64_t tpidrro_el0 = 0;
};

// The registers that a debugger reads and writes.
struct Registers : GeneralRegisters {
    std::array<Vector, 32> v{};
};

// Whence and why EL1 was entered, and whose address space is current.
struct EntryRegisters {
    std::uint64_t ttbr0_el1 = 0;
    std::uint64_t elr_el1 = 0;
    std::uint64_t spsr_el1 = 0;
    std::uint64_t esr_el1 = 0;
};

// A synchronous exception that was taken to EL1, other than an SVC of EL0. One that is like the last one
// (ESR, ELR and SPSR are the same) is counted with it.
struct TakenException {
    std::uint64_t esr = 0;
    std::uint64_t elr = 0;
    std::uint64_t spsr = 0;
    std::uint64_t vector = 0;   // where EL1 went on
    std::uint64_t sp = 0;       // the stack pointer that was in use, the last time
    std::uint64_t far = 0;      // if has_far: FAR_EL1, the last time
    std::uint64_t retired = 0;  // instructions, until the last time
    std::uint64_t count = 0;    // how often in a row
    bool has_far = false;
    bool from_el0 = false;
};

// By what one task is told from another, whatever the kernel: no two of them have all three in common for
// long.
struct TaskKey {
    std::uint64_t table = 0;  // TTBR0_EL1's table address
    std::uint64_t sp_el1 = 0;
    std::uint64_t tpidr_el0 = 0;
    bool operator==(const TaskKey&) const = default;
};

// The last SVC of a task at EL0.
struct LastCall {
    TaskKey task;
    std::uint64_t number = 0;  // x8
    std::array<std::uint64_t, 6> arguments{};
    std::uint64_t pc = 0;       // after the SVC
    std::uint64_t retired = 0;  // instructions, until the SVC
    bool returned = false;      // the task has gone on at EL0
};

// What could keep a loop whose registers repeat from going on for ever, as far as it was met since
// watch_influences().
struct Influences {
    bool memory = false;  // a store has changed a byte of RAM
    bool device = false;  // something outside RAM has answered a load or store
    bool time = false;    // the counter, a timer or the GIC's CPU interface was used, or time was waited for
    bool unmasked = false;  // PSTATE would have let an interrupt in
    bool operator==(const Influences&) const = default;
};

// Why run() returned. The state is precise: every instruction before has retired, none after has begun.
enum class HaltReason {
    Budget,            // the number of instructions asked for has retired
    Idle,              // WFI with no timer armed and no interrupt pending: only an outside event can go on
    ExceptionFromEl0,  // an exception from EL0 has been taken; PC is at the vector, ELR/SPSR/ESR are set
    WatchedSvc,        // likewise, by an SVC with the immediate of set_watched_svc()
    ReturnToEl0,       // an ERET to EL0 has been executed; PC is the first EL0 instruction, not yet executed
    WatchedLoad,       // a load at EL0 has touched a watched range and has retired
    Breakpoint,        // the next instruction is at a breakpoint; it has not been executed
    Hypercall,         // HVC or SMC at EL1; PC is past it. The user reads x0.. and writes the results (PSCI)
    Semihosting,       // HLT #0xf000 at EL1; PC is past it. The user reads w0 and x1 and writes x0
    Stopped,           // request_stop() was called
};

struct Halt {
    HaltReason reason = HaltReason::Budget;
    bool irq = false;      // ExceptionFromEl0: an IRQ or FIQ; otherwise synchronous, as ESR_EL1 says
    std::uint64_t pc = 0;  // WatchedLoad: of the load; Breakpoint: of the breakpoint
    // WatchedLoad: the virtual addresses of what the instruction has read, from the first of its accesses
    // that touch a watched range to the last of them.
    std::uint64_t address = 0;
    unsigned size = 0;  // WatchedLoad: bytes
};

// Where loads at EL0 halt: in [begin, end), while TTBR0_EL1's table address is `table`.
struct WatchedRange {
    std::uint64_t table = 0;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

// A word that was fetched for execution and that no row of the decode table takes.
struct UndefinedEncoding {
    std::uint64_t address;  // virtual
    std::uint32_t word;
    unsigned exception_level;
};

// An access that took an external abort because nothing answered it, and how often.
struct UnansweredAccess {
    enum class Kind : std::uint8_t { Read, Write, Fetch, TableWalk };
    std::uint64_t physical;
    std::uint64_t pc;  // virtual, of the instruction
    std::uint64_t count;
    unsigned size;  // bytes
    Kind kind;
};

struct Config {
    std::vector<Ram> ram;
    // CNTFRQ_EL0. The system counter advances with retired instructions: one instruction is one nanosecond.
    std::uint64_t counter_frequency_hz = 62'500'000;
    // Not 0: time jumps ahead now and then, as this says (emu/system/time_jumps.hpp).
    std::uint64_t schedule_seed = 0;
    // Whether the Cpu has ICC_*_EL1. Otherwise they are UNDEFINED, and ID_AA64PFR0_EL1.GIC says so.
    bool gic_registers = true;
    // Whether SMC at EL1 halts as HVC does. Otherwise it is UNDEFINED, as where there is no EL3.
    bool smc_halts = false;
    // Whether HLT #0xf000 at EL1 halts. Otherwise it is UNDEFINED, as every HLT is without a debugger.
    bool semihosting = false;
};

class Cpu {
  public:
    // `bus` and `interrupts` must outlive the Cpu. Starts at EL1h, MMU off, DAIF set, PC and registers zero.
    Cpu(Config config, Bus& bus, InterruptController& interrupts);
    ~Cpu();
    Cpu(const Cpu&) = delete;
    Cpu& operator=(const Cpu&) = delete;

    // Runs until a halt, at most `instructions` of them. WFI with a timer armed moves the counter forward to
    // its expiry and goes on.
    Halt run(std::uint64_t instructions);

    // Callable from another thread: makes run() return Stopped soon.
    void request_stop();

    Registers registers() const;
    void set_registers(const Registers& registers);
    // The same in pieces, for whoever looks often: a tracer does at every exception from EL0 and every
    // return.
    GeneralRegisters general_registers() const;
    const std::array<Vector, 32>& vectors() const;
    EntryRegisters entry_registers() const;
    // A system register by its encoding (op0<<14 | op1<<11 | CRn<<7 | CRm<<3 | op2), as EL1 would read it;
    // nullopt if there is none.
    std::optional<std::uint64_t> system_register(std::uint16_t encoding) const;
    unsigned exception_level() const;
    std::uint64_t program_counter() const;

    // The physical address of `address` as a load at `exception_level` (0 or 1) would translate it under the
    // current translation tables; nullopt if it would fault. Changes nothing, sets no access flag.
    std::optional<std::uint64_t> translate(std::uint64_t address, unsigned exception_level) const;

    // Whether exceptions from EL0 and returns to EL0 halt.
    void set_boundary_halts(bool enabled);
    // SVCs with this immediate at EL0 halt when they have been taken, whether or not boundaries halt. The
    // record of calls does not have them.
    void set_watched_svc(std::uint16_t immediate);
    void set_watched_ranges(std::span<const WatchedRange> ranges);
    // Instruction addresses at which to halt before execution. run() steps over one at the current PC.
    void set_breakpoints(std::span<const std::uint64_t> addresses);

    // Must be called after the user wrote guest RAM that may hold code (a debugger, a loader).
    void invalidate_code();
    // The same for `size` bytes at physical `address`: for a device that writes RAM, also in the middle of a
    // Bus::write().
    void ram_written(std::uint64_t address, std::uint64_t size);
    // For the user's answer to a Hypercall: the CPU waits for an interrupt, as after WFI.
    void wait_for_interrupt();
    // Must be called when highest_pending() may have changed for a reason the Cpu does not see (a device).
    void interrupts_changed();

    // Instructions retired since the start: exact, the unit of run()'s budget, and of time where the CPU is
    // not idle and time does not jump (one is one nanosecond). The same program, kernel and input give the
    // same count on every host.
    //   - An instruction counts one each time it executes, at EL0 and at EL1 alike: SVC, HVC, ERET and an
    //     instruction that halts run() afterwards too.
    //   - One that takes a synchronous exception counts one, although the architecture says that it did not
    //     retire, so that a guest whose vectors fault uses up its budget; returned to, it counts again. A
    //     fetch that faults counts one.
    //   - Taking an interrupt counts nothing.
    //   - WFI and WFE count one, however long they wait: what they skip is time without instructions, and so
    //     is a jump of time.
    //   - An instruction that accesses memory several times, and a DC or TLBI, counts one.
    std::uint64_t retired_instructions() const;
    // The system counter, CNTPCT_EL0, now.
    std::uint64_t counter() const;
    // The last synchronous exceptions, by when they were taken last, oldest first: at most 16 from EL1 and 4
    // from EL0.
    std::vector<TakenException> recent_exceptions() const;
    // The last call of each of the last 64 tasks that made one, in no order, and how many calls there were.
    std::span<const LastCall> last_calls() const;
    std::uint64_t call_count() const;

    // Forgets what was met. While it watches, every store takes the slow path; nothing that the guest does
    // changes.
    void watch_influences(bool watch);
    Influences influences() const;
    // Whether an interrupt waits to be taken, or a timer is armed.
    bool interrupt_is_due() const;
    // Everything that decides what the CPU does next, apart from RAM, devices, timers and pending
    // interrupts: two states are the same if these words are.
    std::vector<std::uint64_t> state_words() const;

    // All that decides what the CPU does next, apart from RAM, devices and the interrupt controller, as bytes
    // that only this build of emu reads. Not in them: what run() is to halt for, and the records above and
    // below of what the guest did. To be called between runs.
    std::vector<std::byte> save() const;
    // Goes on from there, with RAM and devices as they were. The schedule seed is the saved one. False: the
    // bytes are not what save() of this build gives, and nothing has changed.
    bool restore(std::span<const std::byte> saved);
    // From here on time jumps as Config::schedule_seed says, which this replaces.
    void set_schedule_seed(std::uint64_t seed);

    // Distinct undefined encodings met so far, oldest first; at most 64 are kept.
    std::span<const UndefinedEncoding> undefined_encodings() const;
    // Distinct accesses that nothing answered, oldest first; at most 64 are kept. The second counts all.
    std::span<const UnansweredAccess> unanswered_accesses() const;
    std::uint64_t unanswered_total() const;

  private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

// The name of the decode table's row that takes `word` ("ADD (immediate)"), for reports where no disassembler
// is at hand. Empty if no row takes it: the word is UNDEFINED.
std::string row_name(std::uint32_t word);

}  // namespace levitate::emu
