// Finds "Attempted to kill init! exitcode=0x…" (Linux kernel/exit.c, do_exit) in what the console shows: how
// a kernel says that process 1 has ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace levitate::vmm {

class InitPanic {
  public:
    // The wait status (man 2 wait), once its last digit has come: the eighth, or the one before something
    // else.
    std::optional<std::uint32_t> feed(std::byte byte);

  private:
    std::size_t matched_ = 0;
    unsigned digits_ = 0;
    std::uint32_t status_ = 0;
};

}  // namespace levitate::vmm
