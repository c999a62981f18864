// The bytes that a system call's arguments point to, found from the call's row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "traces/abi/syscalls.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces {

// The memory of the task that makes the call.
class MemoryReader {
  public:
    virtual ~MemoryReader() = default;
    // Copies the bytes from `address` on, up to the first that is not mapped. Returns how many were copied.
    virtual std::size_t read(std::uint64_t address, std::span<std::byte> into) = 0;
};

using Arguments = std::span<const std::uint64_t, abi::kMostArguments>;

// No payload holds more bytes than this. Its `length` still says what the call asked for.
constexpr std::size_t kMostPayloadBytes = std::size_t{64} << 20;
// All payloads of a failed call together hold no more bytes than this: the kernel has taken none of them.
constexpr std::size_t kMostRefusedBytes = std::size_t{64} << 10;

// Reads what the kernel is about to read. To be called at the entry, with the memory as it is then. Memory
// that is not mapped yet gives payloads shorter than their length.
std::vector<Payload> read_payloads_at_entry(std::uint64_t number, Arguments arguments, MemoryReader& memory);

// To be called when an execve or execveat has succeeded, whose memory is gone: completes the strings that
// were not mapped at the entry from what the new program was given. `path` is its AT_EXECFN.
void complete_exec_payloads(std::uint64_t number, Arguments arguments, const std::string& path,
                            std::span<const std::string> argv, std::span<const std::string> envp,
                            std::vector<Payload>& payloads);

// To be called at the return, with what read_payloads_at_entry returned. It reads again what was cut short
// there (the kernel has faulted it in by now), cuts what a failed call was given, and appends what the kernel
// wrote, as far as `result` says that it wrote. `result` is absent for a call that does not return (exit, a
// successful execve): then only the first of these is done. After a successful execve, whose memory is gone,
// the caller must not call this at all.
void read_payloads_at_exit(std::uint64_t number, Arguments arguments, std::optional<std::int64_t> result,
                           MemoryReader& memory, std::vector<Payload>& payloads);

}  // namespace levitate::traces
