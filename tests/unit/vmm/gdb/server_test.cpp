#include "vmm/gdb/server.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <thread>

namespace levitate::vmm::gdb {
namespace {

// A target of 256 bytes at 0x1000 and two threads; each resume() takes the next scripted stop.
class FakeTarget : public Target {
  public:
    static constexpr std::uint64_t kBase = 0x1000;

    std::vector<TargetThread> threads() const override {
        return {{ThreadId{1}, "vcpu"}, {ThreadId{2}, "task 1"}};
    }
    std::optional<VcpuRegisters> registers(ThreadId thread) const override {
        if (thread == ThreadId{1}) {
            return cpu;
        }
        if (thread == ThreadId{2}) {
            VcpuRegisters task;
            task.x[0] = 0x22;
            return task;
        }
        return std::nullopt;
    }
    bool set_registers(ThreadId thread, const VcpuRegisters& registers) override {
        if (thread != ThreadId{1}) {
            return false;
        }
        cpu = registers;
        return true;
    }
    std::size_t read_memory(GuestVirt address, std::span<std::byte> into) const override {
        const std::size_t count = available(address, into.size());
        std::copy_n(memory.begin() + static_cast<std::ptrdiff_t>(value(address) - kBase), count,
                    into.begin());
        return count;
    }
    std::size_t write_memory(GuestVirt address, std::span<const std::byte> from) override {
        const std::size_t count = available(address, from.size());
        std::copy_n(from.begin(), count,
                    memory.begin() + static_cast<std::ptrdiff_t>(value(address) - kBase));
        return count;
    }
    void insert_breakpoint(GuestVirt address) override { breakpoints.insert(value(address)); }
    void remove_breakpoint(GuestVirt address) override { breakpoints.erase(value(address)); }
    void insert_watchpoint(const WatchedMemory& watched) override { watchpoints.insert(watched); }
    void remove_watchpoint(const WatchedMemory& watched) override { watchpoints.erase(watched); }
    std::vector<std::byte> auxiliary_vector() const override { return auxv; }
    TargetStop resume(ResumeKind kind, const std::function<bool()>& /*interrupted*/) override {
        resumed.push_back(kind);
        const TargetStop stop = stops.front();
        stops.pop_front();
        return stop;
    }

    VcpuRegisters cpu;
    std::array<std::byte, 256> memory{};
    std::set<std::uint64_t> breakpoints;
    std::set<WatchedMemory> watchpoints;
    std::vector<std::byte> auxv;
    std::deque<TargetStop> stops;
    std::vector<ResumeKind> resumed;

  private:
    static std::size_t available(GuestVirt address, std::size_t wanted) {
        if (value(address) < kBase || value(address) >= kBase + 256) {
            return 0;
        }
        return std::min<std::size_t>(wanted, kBase + 256 - value(address));
    }
};

std::string framed(const std::string& payload) {
    unsigned sum = 0;
    for (const char byte : payload) {
        sum += static_cast<unsigned char>(byte);
    }
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", sum & 0xffU);
    return "$" + payload + "#" + digits.data();
}

class GdbServer : public testing::Test {
  protected:
    // Sends the packets, closes the sending side, and returns all that the server sent.
    std::string converse(const std::vector<std::string>& raw_packets) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
        std::string sent;
        for (const std::string& packet : raw_packets) {
            sent += packet;
        }
        EXPECT_EQ(::write(ends[1], sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
        ::shutdown(ends[1], SHUT_WR);
        {
            Server server{Connection{Descriptor{ends[0]}}, target_};
            end_ = server.serve();
        }
        std::string received;
        std::array<char, 4096> buffer{};
        ssize_t count = 0;
        while ((count = ::read(ends[1], buffer.data(), buffer.size())) > 0) {
            received.append(buffer.data(), static_cast<std::size_t>(count));
        }
        ::close(ends[1]);
        return received;
    }
    std::string ask(const std::string& payload) { return converse({framed(payload)}); }

    FakeTarget target_;
    SessionEnd end_{};
};

TEST_F(GdbServer, acknowledges_and_answers) {
    EXPECT_EQ(ask("qC"), "+" + framed("QC1"));
}

TEST_F(GdbServer, asks_again_for_a_packet_with_a_wrong_checksum) {
    EXPECT_EQ(converse({"$qC#00", framed("qC")}), "-+" + framed("QC1"));
}

TEST_F(GdbServer, no_ack_mode_ends_acknowledgments) {
    EXPECT_EQ(converse({framed("QStartNoAckMode"), framed("qC")}), "+" + framed("OK") + framed("QC1"));
}

TEST_F(GdbServer, reads_a_register_as_little_endian_hex) {
    target_.cpu.x[3] = 0x1122334455667788;
    EXPECT_EQ(ask("p3"), "+" + framed("8877665544332211"));
}

TEST_F(GdbServer, sp_is_that_of_the_current_exception_level) {
    target_.cpu.sp = 0x10;
    target_.cpu.sp_el1 = 0x20;
    EXPECT_EQ(ask("p1f"), "+" + framed("1000000000000000"));
    target_.cpu.pstate = 0x5;
    EXPECT_EQ(ask("p1f"), "+" + framed("2000000000000000"));
}

TEST_F(GdbServer, writes_what_it_reads_of_all_registers) {
    for (unsigned number = 0; number < 31; ++number) {
        target_.cpu.x[number] = 0x0101010101010101ULL * number;
    }
    target_.cpu.v[31] = {.low = 7, .high = 9};
    target_.cpu.fpcr = 0x01000000;
    const std::string reply = ask("g");
    const std::string hex = reply.substr(2, reply.size() - 5);
    const VcpuRegisters before = target_.cpu;
    target_.cpu = {};
    EXPECT_EQ(ask("G" + hex), "+" + framed("OK"));
    EXPECT_EQ(target_.cpu.x, before.x);
    EXPECT_EQ(target_.cpu.v, before.v);
    EXPECT_EQ(target_.cpu.fpcr, before.fpcr);
}

TEST_F(GdbServer, selected_thread_is_whose_registers_are_read) {
    const std::string reply = converse({framed("Hg2"), framed("p0"), framed("P0=0000000000000000")});
    EXPECT_EQ(reply, "+" + framed("OK") + "+" + framed("2200000000000000") + "+" + framed("E16"));
}

TEST_F(GdbServer, lists_threads_with_their_names) {
    EXPECT_EQ(ask("qfThreadInfo"), "+" + framed("m1,2"));
    EXPECT_EQ(ask("qThreadExtraInfo,2"), "+" + framed("7461736b2031"));
    EXPECT_EQ(ask("T3"), "+" + framed("E16"));
}

TEST_F(GdbServer, memory_read_stops_at_the_first_unmapped_byte) {
    target_.memory[255] = std::byte{0xab};
    EXPECT_EQ(ask("m10ff,4"), "+" + framed("ab"));
    EXPECT_EQ(ask("m2000,4"), "+" + framed("E0e"));
}

TEST_F(GdbServer, memory_write_beyond_the_mapping_is_an_error) {
    EXPECT_EQ(ask("M1000,2:beef"), "+" + framed("OK"));
    EXPECT_EQ(target_.memory[1], std::byte{0xef});
    EXPECT_EQ(ask("M10ff,2:beef"), "+" + framed("E0e"));
    EXPECT_EQ(ask("M1000,3:beef"), "+" + framed("E16"));
}

TEST_F(GdbServer, breakpoints_come_and_go) {
    EXPECT_EQ(ask("Z0,400100,4"), "+" + framed("OK"));
    EXPECT_TRUE(target_.breakpoints.contains(0x400100));
    EXPECT_EQ(ask("z0,400100,4"), "+" + framed("OK"));
    EXPECT_TRUE(target_.breakpoints.empty());
}

TEST_F(GdbServer, write_watchpoints_come_and_go) {
    EXPECT_EQ(ask("Z2,1000,8"), "+" + framed("OK"));
    EXPECT_TRUE(target_.watchpoints.contains({.address = GuestVirt{0x1000}, .size = 8}));
    EXPECT_EQ(ask("z2,1000,8"), "+" + framed("OK"));
    EXPECT_TRUE(target_.watchpoints.empty());
    EXPECT_EQ(ask("Z2,1000,0"), "+" + framed("E16"));
    EXPECT_EQ(ask("Z2,1000,100000"), "+" + framed("E16"));
}

TEST_F(GdbServer, read_watchpoints_are_said_to_be_unsupported) {
    EXPECT_EQ(ask("Z3,1000,8"), "+" + framed(""));
    EXPECT_EQ(ask("Z4,1000,8"), "+" + framed(""));
}

TEST_F(GdbServer, watchpoint_stop_names_the_address) {
    target_.stops = {{.kind = TargetStop::Kind::Watchpoint,
                      .status = 0,
                      .message = {},
                      .address = GuestVirt{0xfffff7ff0010}}};
    EXPECT_EQ(ask("c"), "+" + framed("T05watch:fffff7ff0010;thread:1;"));
}

TEST_F(GdbServer, auxiliary_vector_is_served_escaped) {
    target_.auxv = {std::byte{9}, std::byte{'#'}, std::byte{0}};
    EXPECT_EQ(ask("qXfer:auxv:read::0,1000"),
              "+" + framed(std::string{"l\x09}\x03", 4} + std::string(1, '\0')));
}

TEST_F(GdbServer, step_and_continue_report_their_stops) {
    target_.stops = {{.kind = TargetStop::Kind::Stepped, .status = 0, .message = {}},
                     {.kind = TargetStop::Kind::Breakpoint, .status = 0, .message = {}},
                     {.kind = TargetStop::Kind::Exited, .status = 42, .message = {}}};
    EXPECT_EQ(converse({framed("vCont;s:1;c"), framed("c"), framed("vCont;c")}),
              "+" + framed("T05thread:1;") + "+" + framed("T05swbreak:;thread:1;") + "+" + framed("W2a"));
    EXPECT_EQ(target_.resumed, (std::vector{ResumeKind::Step, ResumeKind::Continue, ResumeKind::Continue}));
    EXPECT_EQ(end_, SessionEnd::TargetEnded);
}

TEST_F(GdbServer, kill_ends_without_a_reply) {
    EXPECT_EQ(ask("k"), "+");
    EXPECT_EQ(end_, SessionEnd::Killed);
}

TEST_F(GdbServer, client_that_goes_away_has_detached) {
    EXPECT_EQ(converse({"$m1000,"}), "");
    EXPECT_EQ(end_, SessionEnd::Detached);
}

TEST_F(GdbServer, target_description_is_served_in_parts) {
    const std::string reply = ask("qXfer:features:read:target.xml:0,10");
    EXPECT_EQ(reply, "+" + framed("m<?xml version=\"1"));
    EXPECT_EQ(ask("qXfer:features:read:target.xml:ffffff,10"), "+" + framed("E16"));
}

TEST_F(GdbServer, malformed_packets_are_errors) {
    for (const std::string packet :
         {"p", "pzz", "m", "m1000", "M1000", "G12", "Hx", "Z0", "P0", "T", "qXfer:"}) {
        const std::string reply = ask(packet);
        EXPECT_TRUE(reply == "+" + framed("E16") || reply == "+" + framed("")) << packet << " -> " << reply;
    }
}

TEST(GdbEndpoint, takes_a_port_or_an_address_and_a_port) {
    EXPECT_EQ(parse_endpoint("1234")->port, 1234);
    EXPECT_EQ(parse_endpoint("1234")->address, "127.0.0.1");
    EXPECT_EQ(parse_endpoint("0.0.0.0:9")->address, "0.0.0.0");
    for (const char* text : {"", ":", "x", "70000", "1.2.3:1", "host:1"}) {
        EXPECT_FALSE(parse_endpoint(text)) << text;
    }
}

TEST(GdbListener, accepts_a_client_on_a_port_of_the_systems_choice) {
    auto listener = Listener::open({});
    ASSERT_TRUE(listener) << listener.error();
    EXPECT_NE(listener->port(), 0);
}

}  // namespace
}  // namespace levitate::vmm::gdb
