// What a client of the GDB stub may send. Whatever it is, the answers are well-formed packets.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "tests/fuzz/input.hpp"
#include "vmm/gdb/server.hpp"

namespace levitate::fuzz {
namespace {

using vmm::GuestVirt;
using vmm::ThreadId;

// One CPU with a page of memory, which stops as soon as it runs.
class Board final : public vmm::Target {
  public:
    std::vector<vmm::TargetThread> threads() const override { return {{ThreadId{1}, "vcpu"}}; }
    std::optional<vmm::VcpuRegisters> registers(ThreadId thread) const override {
        return thread == ThreadId{1} ? std::optional{registers_} : std::nullopt;
    }
    bool set_registers(ThreadId thread, const vmm::VcpuRegisters& registers) override {
        require(thread == ThreadId{1}, "only the virtual CPU's registers are written");
        registers_ = registers;
        return true;
    }
    std::size_t read_memory(GuestVirt address, std::span<std::byte> into) const override {
        const std::size_t count = available(address, into.size());
        std::copy_n(memory_.begin() + static_cast<std::ptrdiff_t>(value(address)), count, into.begin());
        return count;
    }
    std::size_t write_memory(GuestVirt address, std::span<const std::byte> from) override {
        const std::size_t count = available(address, from.size());
        std::copy_n(from.begin(), count, memory_.begin() + static_cast<std::ptrdiff_t>(value(address)));
        return count;
    }
    void insert_breakpoint(GuestVirt /*address*/) override {}
    void remove_breakpoint(GuestVirt /*address*/) override {}
    void insert_watchpoint(const vmm::WatchedMemory& /*memory*/) override {}
    void remove_watchpoint(const vmm::WatchedMemory& /*memory*/) override {}
    std::vector<std::byte> auxiliary_vector() const override {
        return {memory_.begin(), memory_.begin() + 32};
    }
    vmm::TargetStop resume(vmm::ResumeKind kind, const std::function<bool()>& interrupted) override {
        if (kind == vmm::ResumeKind::Step) {
            return stop(vmm::TargetStop::Kind::Stepped);
        }
        return stop(interrupted() ? vmm::TargetStop::Kind::Interrupted : vmm::TargetStop::Kind::Exited);
    }

  private:
    static vmm::TargetStop stop(vmm::TargetStop::Kind kind) {
        vmm::TargetStop result;
        result.kind = kind;
        return result;
    }
    std::size_t available(GuestVirt address, std::size_t wanted) const {
        return value(address) >= memory_.size() ? 0 : std::min(wanted, memory_.size() - value(address));
    }
    vmm::VcpuRegisters registers_;
    std::array<std::byte, 4096> memory_{};
};

std::string packet_of(std::string_view payload) {
    unsigned sum = 0;
    for (const char byte : payload) {
        sum += static_cast<unsigned char>(byte);
    }
    std::array<char, 4> digits{};
    std::snprintf(digits.data(), digits.size(), "#%02x", sum & 0xffU);
    return "$" + std::string{payload} + digits.data();
}

// Reads what the server says, so that it never waits for room, until it is done.
std::string listen(int end) {
    std::string heard;
    std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while ((count = ::read(end, buffer.data(), buffer.size())) > 0) {
        heard.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return heard;
}

void check_answers(std::string_view answers) {
    while (!answers.empty()) {
        if (answers.front() == '+' || answers.front() == '-') {
            answers.remove_prefix(1);
            continue;
        }
        const std::size_t end = answers.find('#');
        require(answers.front() == '$' && end != std::string_view::npos && end + 2 < answers.size(),
                "an answer is a whole packet");
        const std::string_view payload = answers.substr(1, end - 1);
        require(answers.substr(0, end + 3) == packet_of(payload), "an answer has its checksum");
        answers.remove_prefix(end + 3);
    }
}

void converse(const std::string& line) {
    std::array<int, 2> ends{};
    require(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0, "there are sockets");
    std::string answers;
    std::jthread client{[&answers, &line, end = ends[1]] {
        require(::send(end, line.data(), line.size(), MSG_NOSIGNAL) >= 0 || errno == EPIPE,
                "a client may talk");
        ::shutdown(end, SHUT_WR);
        answers = listen(end);
    }};
    {
        Board board;
        vmm::gdb::Server server{vmm::gdb::Connection{vmm::Descriptor{ends[0]}}, board};
        server.serve();
    }
    client.join();
    ::close(ends[1]);
    check_answers(answers);
}

}  // namespace
}  // namespace levitate::fuzz

// The first byte says whether the bytes follow as they go over the line, or as payloads, one a line, to be
// framed: few mutations find a checksum.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    levitate::fuzz::Input input{{data, size}};
    const bool raw = input.take<std::uint8_t>() % 2 == 0;
    std::string_view text = levitate::fuzz::as_text(input.rest());
    if (raw) {
        levitate::fuzz::converse(std::string{text});
        return 0;
    }
    std::string line;
    while (!text.empty()) {
        const std::string_view payload = text.substr(0, text.find('\n'));
        line += levitate::fuzz::packet_of(payload);
        text.remove_prefix(std::min(payload.size() + 1, text.size()));
    }
    levitate::fuzz::converse(line);
    return 0;
}
