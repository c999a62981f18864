// What init in the guest and the machine on the host say to each other, and how over one UART, where no
// engine answers init's calls (channel.hpp).
//
// The same line carries the kernel's own console text, and a kernel may put its text between any two bytes of
// ours. So init's frames use only control characters that text and terminals have no use for, and both can be
// told apart byte by byte however they are mixed. All is ASCII, so that kernels whose consoles take nothing
// but ASCII or UTF-8 pass it, and no character of a text is ever taken for a frame. Frames to init use
// letters and end a line, so that a kernel whose terminal cannot be set raw does not act upon them, and hands
// them over.
//
//     frame    := start digit* end
//     digit    := 4 bits                 the body, base 16, most significant bits first
//     body     := type sequence payload tag
//     type     := 1 byte
//     sequence := 1 byte: the frame's number modulo 256. The frames of one direction are numbered from 0
//     tag      := 8 bytes, little-endian: keyed_hash() of number (8 bytes, little-endian), type and payload
//
// The program can write to the line too. It does not know the run's key, which is random and which only init
// and the host have, so it cannot make a frame. The tag covers the frame's number, so the program cannot
// repeat a frame either.
//
// A start byte always begins a frame, so a receiver finds its place again after anything. What turns out not
// to be a frame is handed on as text. A missing frame shows as a gap in the sequence.
//
// Nothing is lost to a full buffer: init reads the line all the time, and the host sends bytes of standard
// input only as far as init has granted credit for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/initramfs/init/keyed_hash.hpp"

namespace levitate::vmm::init {

inline constexpr std::uint8_t kProtocolVersion = 4;

// Numbers in payloads are 32 bits, little-endian.
enum class FrameType : std::uint8_t {
    // From init.
    Hello = 1,        // protocol version (1 byte), then uname as text: "Linux 6.1.0-40-arm64 #1 SMP …"
    Started = 2,      // the case's number: its program has been executed; then 1 if it has a terminal, else 0
    Stdout = 3,       // bytes
    Stderr = 4,       // bytes
    StdinCredit = 5,  // this many more bytes of standard input may be sent
    StdinClosed = 6,  // the program no longer reads standard input
    Exited = 7,       // the case's number, exit code
    Killed = 8,       // the case's number, signal
    ExecFailed = 9,   // the case's number, errno, then the step that failed as text ("execve", "chdir")
    AllDone = 10,     // no case is left; init powers the machine off
    Note = 11,        // text: what init has asked the kernel for and goes on without
    Terminal = 12,    // bytes that the program has written to its terminal
    Stopped = 13,     // the signal that has stopped the program, which waits for Continue
    Handles = 14,     // 1: the program handles signals that the host could pass on; 0: it does not
    // From the host.
    Stdin = 32,        // bytes, never more than the credit
    StdinEnd = 33,     // end of file
    CloseStdout = 34,  // nobody reads standard output: further writes get EPIPE
    CloseStderr = 35,
    CloseTerminal = 36,  // nobody is at the terminal: it hangs up
    Window = 37,         // the terminal's rows and columns, its width and height in pixels
    Signal = 38,         // a signal for the program; then 1: for its process group, or 0
    Continue = 39,       // a program that was stopped goes on
    AskHandles = 40,     // Handles is wanted
    Root = 41,           // part of the archive that AwaitRun waits for
    RootEnd = 42,        // there is no more of it
};

// Payloads are at most this long; both sides refuse more.
inline constexpr std::size_t kMaximumPayload = 4096;
// The credit that init grants at a time. Encoded, it fits a kernel's terminal buffer (4095 bytes in Linux).
inline constexpr std::uint32_t kStdinWindow = 1024;

// Which way a frame goes: each way has its own digits.
enum class Direction { FromInit, ToInit };

struct DecodedFrame {
    FrameType type{};
    std::vector<std::byte> payload;
};

// Appends the encoded frame to `out`.
void encode_frame(Direction direction, const HashKey& key, std::uint64_t number, const DecodedFrame& frame,
                  std::vector<std::byte>& out);

// The sending side of one direction.
class FrameEncoder {
  public:
    FrameEncoder(Direction direction, const HashKey& key) : direction_(direction), key_(key) {}
    // Payloads longer than kMaximumPayload become several frames; an empty one is one frame.
    void append(FrameType type, std::span<const std::byte> payload, std::vector<std::byte>& out);

  private:
    Direction direction_;
    HashKey key_;
    std::uint64_t next_number_ = 0;
};

// The receiving side of one direction.
class FrameDecoder {
  public:
    class Receiver {
      public:
        virtual ~Receiver() = default;
        virtual void on_frame(const DecodedFrame& frame) = 0;
        // Bytes that belong to no frame.
        virtual void on_text(std::string_view text) = 0;
    };

    FrameDecoder(Direction direction, const HashKey& key, Receiver& receiver)
        : direction_(direction), key_(key), receiver_(receiver) {}
    void feed(std::span<const std::byte> bytes);
    // Nothing more comes: hands on as text what could have become a frame.
    void finish();
    // How many frames were sent but did not arrive whole.
    std::uint64_t lost_frames() const { return lost_frames_; }

  private:
    void feed_byte(std::uint8_t byte);
    bool take_frame();
    void abandon_frame();
    void hand_on_text();

    Direction direction_;
    HashKey key_;
    Receiver& receiver_;
    std::string text_;               // not handed on yet
    std::vector<std::uint8_t> raw_;  // of the frame being received, start byte first; empty: none
    std::uint64_t expected_number_ = 0;
    std::uint64_t lost_frames_ = 0;
};

void append_number(std::vector<std::byte>& payload, std::uint32_t number);
// The number at byte `offset`; 0 where the payload is too short.
std::uint32_t number_at(std::span<const std::byte> payload, std::size_t offset);

}  // namespace levitate::vmm::init
