// What the descriptors of a process stand for in a trace, and when each number was taken.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "traces/abi/syscalls.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces::detail {

enum class FdKind {
    Inherited,  // was open before the program began
    File,
    Stream,  // a pipe, a socket
    SignalFd,
};

struct FdInfo {
    FdKind kind = FdKind::Inherited;
    std::string path;  // as it was given to open; empty if there is none
};

// The two orders in a trace between which a call has taken a number or given it back: at its entry at the
// earliest, and at its exit at the latest.
struct Moment {
    std::uint64_t from = 0;
    std::uint64_t by = 0;
};

class DescriptorTable {
  public:
    // A program begins with its standard streams.
    DescriptorTable();

    // What the number stood for when a call with it began. For a number that is not known to be open it is
    // the default.
    FdInfo find(std::int32_t descriptor, std::uint64_t entry_order) const;
    // Follows a call that returned at `order`, and adds the numbers that it took to `taken`.
    void follow(const SyscallEvent& call, const abi::SyscallRow& row, std::uint64_t order,
                std::vector<std::int32_t>& taken);
    // To be called when another program was executed: which descriptors that closed is not known here.
    void forget_numbers() { numbers_known_ = false; }

    // Whether a call at that time could find `descriptor` free and all numbers from `least` to it in use, as
    // Linux gives the lowest number that is free (man 2 open; fs/file.c, alloc_fd). To be asked after all
    // calls have been followed, because others may have been in the kernel at the time.
    bool could_be_lowest(std::int32_t descriptor, std::int32_t least, Moment call) const;

  private:
    struct Life {
        FdInfo info;
        Moment opened;
        Moment closed{UINT64_MAX, UINT64_MAX};
        bool is_open() const { return closed.from == UINT64_MAX; }
    };

    void open(std::int32_t descriptor, FdInfo info, Moment when, std::vector<std::int32_t>& taken);
    void close(std::int32_t descriptor, Moment when);

    bool numbers_known_ = true;
    std::map<std::int32_t, std::vector<Life>> lives_;  // in order
};

// The least number that the call may take. An argument of fcntl(F_DUPFD) says it, and dup3 is told the very
// number (man 2 fcntl, man 2 dup).
std::int32_t least_descriptor(const SyscallEvent& call, const abi::SyscallRow& row);

}  // namespace levitate::traces::detail
