// The guest's end of our standard input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace levitate::vmm {

class StdinReceiver {
  public:
    virtual ~StdinReceiver() = default;

    // Whether what takes the input has been started.
    virtual bool takes_input() const = 0;
    // How many bytes may be sent now.
    virtual std::uint32_t stdin_credit() const = 0;
    // Whether nothing will be taken any more.
    virtual bool stdin_closed() const = 0;
    // Precondition: not more than stdin_credit() bytes.
    virtual void send_stdin(std::span<const std::byte> bytes) = 0;
    virtual void send_stdin_end() = 0;
};

}  // namespace levitate::vmm
