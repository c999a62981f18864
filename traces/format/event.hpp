// The trace of a program: what crossed the boundary between it and its kernel. FORMAT.md describes the same
// schema as text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace levitate::traces {

// Tasks are numbered in order of birth, from 1 (the program's first task), whatever their pids are.
enum class TaskNumber : std::uint32_t {};

constexpr int kFormatVersion = 2;

struct AuxvEntry {
    std::uint64_t type = 0;
    std::uint64_t value = 0;
    bool operator==(const AuxvEntry&) const = default;
};

struct FileIdentity {
    std::string path;      // in the guest
    std::string sha256;    // lower-case hex
    std::string build_id;  // lower-case hex, empty if the file has none
    bool operator==(const FileIdentity&) const = default;
};

// Everything that is needed to run the same thing again.
struct Header {
    int format_version = kFormatVersion;
    FileIdentity program;
    std::vector<FileIdentity> libraries;  // interpreter and shared libraries
    std::vector<std::string> argv;
    std::vector<std::string> envp;  // "NAME=value"
    std::string cwd;
    std::vector<std::byte> stdin_bytes;
    std::vector<FileIdentity> files;  // extra files put into the root, beside program and libraries
    bool randomize_addresses = false;
    std::uint64_t seed = 0;
    std::uint64_t schedule_seed = 0;  // 0: time did not jump
    std::string direct_init;          // where the program stood as process 1; empty: it was not process 1
    std::string engine;               // "emu", "native"
    std::string kernel;               // uname: "Linux 6.1.0-40-arm64 #1 SMP …"
    std::string cpu;                  // "Neoverse N1"
    std::vector<AuxvEntry> auxv;      // of the program's first exec, without AT_NULL
};

enum class Direction { In, Out };

// A piece of memory that an argument leads to.
enum class Piece {
    Object,     // what the argument itself points to: bytes, a struct, an array (of iovecs and messages too)
    String,     // one string of an array of pointers to strings, without its NUL
    Buffer,     // memory that an iovec describes
    Name,       // of a user_msghdr: msg_name
    Control,    // msg_control
    Vector,     // msg_iov: the array of iovecs
    SignalSet,  // of a sigset_argpack
    Pidfd,      // what clone and clone3 store of a child: its descriptor
    ParentTid,  // of a clone_args: the child's number
};

// Which piece, where one argument leads to several.
struct PayloadElement {
    Piece piece = Piece::Object;
    unsigned index = 0;    // which of several strings or buffers
    unsigned message = 0;  // which of an array's messages leads to the piece
    auto operator<=>(const PayloadElement&) const = default;
};

// Bytes that a call's argument pointed to, read at entry (In) or at exit (Out).
struct Payload {
    unsigned argument = 0;  // index of the argument, 0 to 5
    Direction direction = Direction::In;
    PayloadElement element{};
    std::uint64_t address = 0;
    std::vector<std::byte> bytes;  // what could be read
    std::uint64_t length = 0;      // what the call said there is; may be more than bytes.size()
    bool operator==(const Payload&) const = default;
};

struct SyscallEvent {
    std::uint64_t number = 0;
    std::array<std::uint64_t, 6> arguments{};
    // The value of x0 after the call: -4095…-1 is an errno. Absent: the call did not return (exit,
    // exit_group, rt_sigreturn, a successful execve, or the task died in it).
    std::optional<std::int64_t> result;
    // The kernel put the PC back on the SVC, so that the call runs again (a restart after a signal).
    bool restarted = false;
    std::vector<Payload> payloads;
    std::uint64_t pc = 0;  // of the SVC
    std::uint64_t sp = 0;
    // When the task made the call; Event::order and Event::time say when the call was done.
    std::uint64_t entry_order = 0;
    std::uint64_t entry_time = 0;
};

struct AuxvReadEvent {
    std::uint64_t type = 0;
    std::uint64_t value = 0;
    unsigned offset = 0;  // of the load inside the entry: 0 a_type, 8 a_val
    unsigned size = 0;    // bytes
    std::uint64_t pc = 0;
};

struct VdsoCallEvent {
    std::string symbol;  // "__kernel_clock_gettime"
    std::array<std::uint64_t, 2> arguments{};
    std::uint64_t pc = 0;  // of the caller (x30)
    std::optional<std::int64_t> result =
        std::nullopt;               // absent: the function did not return, but was left in another way
    std::vector<Payload> payloads;  // what it wrote: all have Direction::Out
};

// One record of the extensible part of a signal frame (struct _aarch64_ctx).
struct FrameRecord {
    std::uint32_t magic = 0;
    std::uint32_t size = 0;
    bool operator==(const FrameRecord&) const = default;
};

// stack_t, as struct ucontext has it.
struct SignalStack {
    std::uint64_t sp = 0;
    std::int32_t flags = 0;
    std::uint64_t size = 0;
    bool operator==(const SignalStack&) const = default;
};

struct SignalEvent {
    unsigned signal = 0;
    std::int32_t code = 0;           // si_code
    std::vector<std::byte> siginfo;  // 128 bytes; none for a handler without SA_SIGINFO
    std::uint64_t handler = 0;
    std::uint64_t frame = 0;  // SP at the handler's entry
    std::uint64_t interrupted_pc = 0;
    // What else the frame holds (Linux arch/arm64/include/uapi/asm/ucontext.h, sigcontext.h).
    std::uint64_t context_flags = 0;   // uc_flags
    SignalStack stack{};               // uc_stack
    std::uint64_t mask = 0;            // uc_sigmask
    std::uint64_t fault_address = 0;   // of the sigcontext
    std::vector<FrameRecord> records;  // of its __reserved area, in their order, without the terminator
    std::optional<std::uint64_t> esr = std::nullopt;  // where one of them is an ESR record
};

// argv, envp and auxv as they stood on the new stack after a successful execve, and what the auxv points to.
struct ExecEvent {
    std::string path;
    std::vector<std::string> argv;
    std::vector<std::string> envp;
    std::vector<AuxvEntry> auxv;
    std::uint64_t sp = 0;
    std::uint64_t entry_pc = 0;  // the first instruction (of the interpreter, if there is one)
    // What could be read of AT_PLATFORM's string and of AT_RANDOM's 16 bytes. Absent: the auxv has no such
    // entry, or the recorder did not look.
    std::optional<std::string> platform = std::nullopt;
    std::optional<std::vector<std::byte>> random = std::nullopt;
};

struct TaskStartEvent {
    TaskNumber parent{};  // 0: the program's first task
    std::uint64_t clone_flags = 0;
    std::int64_t tid = 0;  // as the parent's clone returned it
};

struct TaskEndEvent {
    // Exactly one is set where the end is known (from exit, exit_group or a wait status).
    std::optional<int> exit_code;
    std::optional<int> signal;
};

// A register that the kernel did not preserve.
struct RegistersEvent {
    struct Change {
        std::string name;    // "x17", "v3", "nzcv", "fpcr", "tpidr_el0", …
        std::string before;  // hex
        std::string after;
    };
    std::vector<Change> changes;
    std::string during;  // "syscall openat", "irq", "data abort"
    std::uint64_t pc = 0;
};

// What the program as a whole wrote, and how the run ended. This is the last event.
struct OutcomeEvent {
    std::optional<int> exit_code;
    std::optional<int> signal;
    std::vector<std::byte> stdout_bytes;
    std::vector<std::byte> stderr_bytes;
};

using EventBody = std::variant<SyscallEvent, AuxvReadEvent, VdsoCallEvent, SignalEvent, ExecEvent,
                               TaskStartEvent, TaskEndEvent, RegistersEvent, OutcomeEvent>;

struct Event {
    TaskNumber task{};
    std::uint64_t index = 0;  // within the task, from 0, in the task's program order
    // Over the whole trace, from 0: one counter that moves at each event, when it is complete, and at each
    // entry of a call (SyscallEvent::entry_order).
    std::uint64_t order = 0;
    std::uint64_t time = 0;  // of the guest, in nanoseconds since the program's first instruction
    EventBody body;
};

// A whole trace. `incomplete` says why it ended early; it is empty in an intact trace.
struct Trace {
    Header header;
    std::vector<Event> events;
    std::string incomplete;
};

// Where a recorder puts what it sees. The writer of the JSON Lines form is one; a comparator that runs along
// is another.
class EventSink {
  public:
    virtual ~EventSink() = default;
    virtual void begin(const Header& header) = 0;
    virtual void event(const Event& event) = 0;
    // `incomplete` is empty where the run ended by itself, else the reason ("time limit of 10 s reached").
    virtual void end(const std::string& incomplete) = 0;
};

}  // namespace levitate::traces
