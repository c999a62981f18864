// Socket filters: programs of classic BPF that say how much of each packet a socket gets (man 7 socket,
// SO_ATTACH_FILTER; Linux net/core/filter.c).
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/ref.hpp"
#include "lib/result.hpp"
#include "lib/vector.hpp"
#include "mm/user_memory.hpp"

namespace kernel {

// A packet as a filter sees it.
struct FilteredPacket {
    std::span<const std::byte> bytes;  // from the link's header on, where there is one
    std::size_t network = 0;           // where the network's header begins
    std::size_t data = 0;              // where what the socket takes begins
    std::size_t payload = 0;           // the transport's header within that
    std::uint16_t protocol = 0;        // ETH_P_*
    std::uint32_t mark = 0;
    bool has_device = false;  // it came over lo

    std::size_t length() const { return bytes.size() - data; }
};

class SocketFilter : public RefCounted {
  public:
    // EINVAL: not a program; EFAULT, ENOMEM.
    static Result<Ref<SocketFilter>> read(UserAddress program);

    // How many bytes of the packet the socket gets; 0: it is dropped.
    std::uint32_t run(const FilteredPacket& packet) const;
    std::span<const sock_filter> program() const { return program_.span(); }

  private:
    Vector<sock_filter> program_;
};

// How much a socket gets of a packet, at least `least` bytes; nothing: it is dropped. A null filter takes
// all.
std::optional<std::size_t> filtered_length(const RefPtr<SocketFilter>& filter, const FilteredPacket& packet,
                                           std::size_t least);

}  // namespace kernel
