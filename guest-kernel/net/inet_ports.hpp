// Who holds which port: one table for TCP and one for UDP (Linux net/ipv4/inet_connection_sock.c and udp.c).
#pragma once

#include <cstdint>

#include "lib/list.hpp"
#include "lib/settings.hpp"
#include "net/inet_address.hpp"

namespace kernel {

class TextBuffer;

// What a line of /proc/net/tcp and its like shows.
struct ConnectionLine {
    Endpoint local;
    Endpoint remote;
    unsigned state = 0;  // TCP_* of Linux include/net/tcp_states.h
    std::size_t sending = 0;
    std::size_t received = 0;
    unsigned timer = 0;
    std::uint64_t ticks_left = 0;
    std::uint32_t owner = 0;
    std::uint64_t inode = 0;
    unsigned references = 0;
};
// The part of the line that all kinds have in common.
void append_connection(const ConnectionLine& what, InetFamily family, TextBuffer& out);

// A socket that is bound, or what is left of a connection that was closed first (TIME_WAIT).
class PortHolder : public ListNode<> {
  public:
    virtual ~PortHolder() = default;
    const Endpoint& local() const { return local_; }
    const Endpoint& remote() const { return remote_; }
    bool is_bound() const { return is_linked(); }

    // How it stands to others on its port.
    virtual bool reuses_address() const = 0;
    virtual bool reuses_port() const = 0;
    virtual bool is_v6_only() const = 0;
    virtual bool is_listener() const { return false; }
    virtual bool is_time_wait() const { return false; }
    virtual bool is_established() const { return false; }
    // Does a connection that another socket makes find it in its way? (It was bound by bind.)
    virtual bool is_bound_by_program() const { return true; }
    virtual std::uint32_t owner() const = 0;
    // Appends its line of /proc/net/tcp or udp, or of tcp6 or udp6. False: it has none there.
    virtual bool append_line(InetFamily family, unsigned number, TextBuffer& out) const = 0;

  protected:
    Endpoint local_;
    Endpoint remote_;

  private:
    friend class PortTable;
};

class PortTable {
  public:
    enum class Kind { Stream, Datagram };
    explicit constexpr PortTable(Kind kind) : kind_(kind) {}

    // Gives the holder its local port; 0: one that is free. EADDRINUSE.
    Result<void> hold(PortHolder& holder, std::uint16_t port);
    // May it go on holding its port, now that it listens? EADDRINUSE.
    Result<void> check(const PortHolder& holder);
    // A port for a connection to holder.remote(). EADDRNOTAVAIL.
    Result<void> hold_for_connection(PortHolder& holder);
    // Is there another holder with these ends? What TIME_WAIT has held for a second does not count (Linux
    // net.ipv4.tcp_tw_reuse over loopback).
    bool has_connection(const PortHolder& holder);
    // Adds a holder that has its ends already: a connection that a listener took.
    void add(PortHolder& holder) { holders_.push_front(holder); }
    void release(PortHolder& holder) { List<PortHolder>::remove(holder); }
    // The latest holder comes first.
    List<PortHolder>& holders();

  private:
    bool conflict(const PortHolder& holder, const PortHolder& other, bool port_was_chosen) const;
    bool is_free(const PortHolder& holder, std::uint16_t port, bool port_was_chosen);
    void forget_old();

    Kind kind_;
    List<PortHolder> holders_;
};

PortTable& tcp_ports();
PortTable& udp_ports();
PortTable& udp_lite_ports();

// Ports that the kernel chooses (net.ipv4.ip_local_port_range).
struct EphemeralPorts {
    std::uint16_t first = static_cast<std::uint16_t>(settings().ephemeral_ports[0]);
    unsigned count = static_cast<unsigned>(settings().ephemeral_ports[1] - settings().ephemeral_ports[0] + 1);
};

// What is left of a connection whose end that closed first has seen the other's end too: its port stays taken
// for 60 s (TCP_TIMEWAIT_LEN).
class TimeWait final : public PortHolder {
  public:
    TimeWait(const Endpoint& local, const Endpoint& remote, const PortHolder& was);
    bool reuses_address() const override { return reuses_address_; }
    bool reuses_port() const override { return reuses_port_; }
    bool is_v6_only() const override { return is_v6_only_; }
    bool is_time_wait() const override { return true; }
    bool append_line(InetFamily family, unsigned number, TextBuffer& out) const override;
    std::uint32_t owner() const override { return owner_; }
    bool is_over() const;
    bool is_reusable() const;

  private:
    bool reuses_address_;
    bool reuses_port_;
    bool is_v6_only_;
    std::uint32_t owner_;
    std::int64_t began_;
};

}  // namespace kernel
