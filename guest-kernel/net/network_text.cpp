// /proc/net: the tables of sockets, the interface and its routes (man 5 proc).
#include "fs/procfs_parts.hpp"
#include "fs/text_buffer.hpp"
#include "net/inet_ports.hpp"
#include "net/loopback.hpp"
#include "net/network_counts.hpp"
#include "net/socket.hpp"

namespace kernel {

namespace {

// Lines of /proc/net/tcp and others are filled up with spaces, the newline included.
constexpr std::size_t kTcpWidth = 150;    // Linux net/ipv4/tcp_ipv4.c, TMPSZ
constexpr std::size_t kUdpWidth = 128;    // net/ipv4/udp.c, udp4_seq_show
constexpr std::size_t kRouteWidth = 128;  // net/ipv4/fib_trie.c, fib_route_seq_show

void fill_line(TextBuffer& line, std::size_t width) {
    while (line.size() + 1 < width) {
        line.character(' ');
    }
    line.character('\n');
}

constexpr std::string_view kTcpHead =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
constexpr std::string_view kUdpHead =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref "
    "pointer drops";
constexpr std::string_view kRawHead =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref "
    "pointer drops\n";
constexpr std::string_view kTcp6Head =
    "  sl  local_address                         remote_address                        st tx_queue rx_queue "
    "tr tm->when retrnsmt   uid  timeout inode\n";
constexpr std::string_view kUdp6Head =
    "  sl  local_address                         remote_address                        st tx_queue rx_queue "
    "tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";

Result<void> append_head(std::string_view head, std::size_t width, String& out) {
    TextBuffer line;
    line.text(head);
    fill_line(line, width);
    return line.append_to(out);
}

struct LineForm {
    InetFamily family;
    std::size_t width;  // of IPv4's lines
};

Result<void> append_holders_of_kind(PortTable& table, bool listens, const LineForm& form, unsigned& number,
                                    String& out) {
    for (const PortHolder& holder : table.holders()) {
        TextBuffer line;
        if (holder.is_listener() != listens || !holder.append_line(form.family, number, line)) {
            continue;
        }
        ++number;
        if (form.family == InetFamily::V4) {
            fill_line(line, form.width);
        } else {
            line.character('\n');
        }
        TRY(line.append_to(out));
    }
    return {};
}

// Those who hold a port, as their table shows them.
Result<void> append_holders(PortTable& table, InetFamily family, std::size_t width, String& out) {
    unsigned number = 0;
    for (const bool listens : {true, false}) {  // those that listen come first
        TRY(append_holders_of_kind(table, listens, {.family = family, .width = width}, number, out));
    }
    return {};
}

Result<void> append_tcp(String& out) {
    TRY(append_head(kTcpHead, kTcpWidth, out));
    return append_holders(tcp_ports(), InetFamily::V4, kTcpWidth, out);
}

Result<void> append_tcp6(String& out) {
    TRY(out.append(kTcp6Head));
    return append_holders(tcp_ports(), InetFamily::V6, 0, out);
}

Result<void> append_udp(String& out) {
    TRY(append_head(kUdpHead, kUdpWidth, out));
    return append_holders(udp_ports(), InetFamily::V4, kUdpWidth, out);
}

Result<void> append_udp6(String& out) {
    TRY(out.append(kUdp6Head));
    return append_holders(udp_ports(), InetFamily::V6, 0, out);
}

Result<void> append_udp_lite(String& out) {
    TRY(append_head(kUdpHead, kUdpWidth, out));
    return append_holders(udp_lite_ports(), InetFamily::V4, kUdpWidth, out);
}

Result<void> append_udp_lite6(String& out) {
    TRY(out.append(kUdp6Head));
    return append_holders(udp_lite_ports(), InetFamily::V6, 0, out);
}

// There are no raw sockets.
Result<void> append_raw(String& out) {
    return out.append(kRawHead);
}
Result<void> append_raw6(String& out) {
    return out.append(kUdp6Head);
}
Result<void> append_packet(String& out) {
    return out.append("sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n");
}

Result<void> append_unix(String& out) {
    TRY(out.append("Num       RefCount Protocol Flags    Type St Inode Path\n"));
    for (const Socket& socket : all_sockets()) {
        TextBuffer line;
        if (socket.append_unix_line(line)) {
            TRY(line.append_to(out));
        }
    }
    return {};
}

struct SocketCounts {
    unsigned tcp = 0;  // those in use
    unsigned made_tcp = 0;
    unsigned udp = 0;
    unsigned all = 0;
};

SocketCounts count_sockets(InetFamily family) {
    SocketCounts counts;
    for (const Socket& socket : all_sockets()) {
        counts.all++;
        if (socket.family() == static_cast<int>(family)) {
            const bool is_tcp = socket.type() == SocketType::Stream;
            counts.made_tcp += is_tcp ? 1U : 0U;
            counts.tcp += is_tcp && socket.is_in_use() ? 1U : 0U;
            counts.udp += !is_tcp && socket.is_in_use() ? 1U : 0U;
        }
    }
    return counts;
}

Result<void> append_socket_counts(String& out) {
    const SocketCounts counts = count_sockets(InetFamily::V4);
    TextBuffer text;
    text.text("sockets: used ").decimal(counts.all).text("\nTCP: inuse ").decimal(counts.tcp);
    text.text(" orphan 0 tw 0 alloc ")
        .decimal(counts.made_tcp)
        .text(" mem 0\nUDP: inuse ")
        .decimal(counts.udp);
    text.text(" mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n");
    return text.append_to(out);
}

Result<void> append_socket_counts6(String& out) {
    const SocketCounts counts = count_sockets(InetFamily::V6);
    TextBuffer text;
    text.text("TCP6: inuse ").decimal(counts.tcp).text("\nUDP6: inuse ").decimal(counts.udp);
    text.text("\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n");
    return text.append_to(out);
}

constinit NetworkCounts counts;

unsigned count_established() {
    unsigned count = 0;
    for (const PortHolder& holder : tcp_ports().holders()) {
        count += holder.is_established() ? 1U : 0U;
    }
    return count;
}

// Linux net/ipv4/proc.c, snmp_seq_show.
Result<void> append_counts(String& out) {
    TextBuffer text;
    text.text(
        "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos "
        "InDiscards "
        "InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs "
        "FragFails FragCreates\nIp: 2 64 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
    text.text(
        "Icmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs InRedirects "
        "InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks InAddrMaskReps OutMsgs OutErrors "
        "OutRateLimitGlobal OutRateLimitHost OutDestUnreachs OutTimeExcds OutParmProbs OutSrcQuenchs "
        "OutRedirects "
        "OutEchos OutEchoReps OutTimestamps OutTimestampReps OutAddrMasks OutAddrMaskReps\n"
        "Icmp: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
    text.text(
        "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab "
        "InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\nTcp: 1 200 120000 -1 ");
    const NetworkCounts::Tcp& tcp = counts.tcp;
    text.decimal(tcp.active_opens).character(' ').decimal(tcp.passive_opens).character(' ');
    text.decimal(tcp.failed_attempts).character(' ').decimal(tcp.reset_connections).character(' ');
    text.decimal(count_established()).text(" 0 0 0 0 ").decimal(tcp.resets_sent).text(" 0\n");
    text.text(
        "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti "
        "MemErrors\nUdp: ");
    const NetworkCounts::Udp& udp = counts.udp;
    text.decimal(udp.received).character(' ').decimal(udp.without_port).character(' ').decimal(udp.lost);
    text.character(' ').decimal(udp.sent).character(' ').decimal(udp.lost).text(" 0 0 0 0\n");
    text.text(
        "UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "
        "IgnoredMulti "
        "MemErrors\nUdpLite: 0 0 0 0 0 0 0 0 0\n");
    return text.append_to(out);
}

Result<void> append_interfaces(String& out) {
    // What a socket sends goes to another without a packet: none is counted.
    return out.append(
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo "
        "colls carrier compressed\n"
        "    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0   "
        "  "
        "0       0          0\n");
}

// 127.0.0.0/8 is a route of the table "local", which this file does not show.
Result<void> append_routes(String& out) {
    return append_head("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
                       kRouteWidth, out);
}

Result<void> append_neighbours(String& out) {
    return out.append("IP address       HW type     Flags       HW address            Mask     Device\n");
}

Result<void> append_addresses6(String& out) {
    return out.append(loopback_interface().has_v6_address()
                          ? "00000000000000000000000000000001 01 80 10 80       lo\n"
                          : "");
}

Result<void> append_nothing(String&) {
    return {};
}

constexpr TextEntry kTexts[] = {
    {"arp", 0444, append_neighbours},
    {"dev", 0444, append_interfaces},
    {"dev_mcast", 0444, append_nothing},
    {"if_inet6", 0444, append_addresses6},
    {"packet", 0444, append_packet},
    {"raw", 0444, append_raw},
    {"raw6", 0444, append_raw6},
    {"route", 0444, append_routes},
    {"snmp", 0444, append_counts},
    {"sockstat", 0444, append_socket_counts},
    {"sockstat6", 0444, append_socket_counts6},
    {"tcp", 0444, append_tcp},
    {"tcp6", 0444, append_tcp6},
    {"udp", 0444, append_udp},
    {"udp6", 0444, append_udp6},
    {"udplite", 0444, append_udp_lite},
    {"udplite6", 0444, append_udp_lite6},
    {"unix", 0444, append_unix},
};

}  // namespace

NetworkCounts& network_counts() {
    return counts;
}

std::span<const TextEntry> network_texts() {
    return kTexts;
}

// An address as the kernel keeps it: words of 32 bits in network order, shown as numbers.
void append_endpoint(const Endpoint& endpoint, InetFamily family, TextBuffer& out) {
    if (family == InetFamily::V4) {
        out.upper_hex(endpoint.address.is_v4() ? endpoint.address.to_in_addr().s_addr : 0, 8);
    } else {
        const in6_addr address = endpoint.address.to_in6_addr();
        for (const __be32 word : address.s6_addr32) {
            out.upper_hex(word, 8);
        }
    }
    out.character(':').upper_hex(endpoint.port, 4);
}

void append_connection(const ConnectionLine& what, InetFamily family, TextBuffer& out) {
    append_endpoint(what.local, family, out);
    out.character(' ');
    append_endpoint(what.remote, family, out);
    out.character(' ').upper_hex(what.state, 2).character(' ').upper_hex(what.sending, 8);
    out.character(':').upper_hex(what.received, 8).character(' ').upper_hex(what.timer, 2);
    out.character(':')
        .upper_hex(what.ticks_left, 8)
        .text(" 00000000 ")
        .decimal(what.owner, 5)
        .text("        ");
    out.text("0 ").decimal(what.inode).character(' ').decimal(what.references).character(' ');
    out.hex(0, 16);  // where it lies is nobody's business
}

}  // namespace kernel
