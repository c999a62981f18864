// Frames between init and the host by calls to the engine.
#include "vmm/run/byte_channel.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/vmm/engine/fake_engine.hpp"
#include "vmm/initramfs/init/channel.hpp"

namespace levitate::vmm {
namespace {

using init::ChannelCall;
using init::FrameType;

constexpr std::uint64_t kBuffer = 0x5000;
constexpr std::uint64_t kAfterSvc = 0x40'0104;
constexpr std::uint64_t kEl0State = 0x6000'0000;
constexpr std::int64_t kBadAddress = -14;
constexpr std::int64_t kNoSuchCall = -38;

init::HashKey some_key() {
    init::HashKey key{};
    for (std::size_t index = 0; index < key.size(); ++index) {
        key[index] = static_cast<std::byte>(index + 1);
    }
    return key;
}

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

class Received final : public init::FrameDecoder::Receiver {
  public:
    void on_frame(const init::DecodedFrame& frame) override {
        for (const std::byte byte : frame.payload) {
            output.push_back(std::to_integer<char>(byte));
        }
    }
    void on_text(std::string_view /*text*/) override {}

    std::string output;
};

class ByteChannelTest : public testing::Test {
  protected:
    // init's call as the engine shows it.
    VcpuRegisters call(std::uint64_t which, std::uint64_t length, FrameType type = FrameType::Stdout) const {
        const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(key);
        VcpuRegisters registers;
        registers.x[0] = which;
        registers.x[1] = halves[0];
        registers.x[2] = halves[1];
        registers.x[3] = kBuffer;
        registers.x[4] = length;
        registers.x[5] = static_cast<std::uint64_t>(type);
        registers.x[19] = 0x1919;
        registers.pc = 0xffff'0000'0000'0400;
        registers.elr_el1 = kAfterSvc;
        registers.spsr_el1 = kEl0State;
        return registers;
    }
    std::int64_t serve(const VcpuRegisters& registers) {
        EXPECT_TRUE(channel.serve(engine, registers));
        EXPECT_EQ(engine.state.pc, kAfterSvc);
        EXPECT_EQ(engine.state.pstate, kEl0State);
        EXPECT_EQ(engine.state.x[19], 0x1919U);
        return static_cast<std::int64_t>(engine.state.x[0]);
    }
    std::int64_t send(FrameType type, std::string_view payload, std::uint64_t length) {
        engine.put(kBuffer, std::as_bytes(std::span(payload)));
        return serve(call(static_cast<std::uint64_t>(ChannelCall::Send), length, type));
    }
    std::int64_t receive(std::uint64_t length) {
        return serve(call(static_cast<std::uint64_t>(ChannelCall::Receive), length));
    }
    std::string memory(std::size_t length) const {
        std::vector<std::byte> bytes(length);
        bytes.resize(engine.read_memory(GuestVirt{kBuffer}, bytes, View::User));
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    init::HashKey key = some_key();
    test::FakeEngine engine;
    Received frames;
    ByteChannel channel{key, frames};
};

TEST_F(ByteChannelTest, frame_that_is_sent_is_taken_whole) {
    EXPECT_EQ(send(FrameType::Stdout, "hello", 5), 5);
    EXPECT_EQ(frames.output, "hello");
}

TEST_F(ByteChannelTest, frame_is_taken_as_far_as_it_is_mapped) {
    EXPECT_EQ(send(FrameType::Stdout, "hello", 4096), 5);
    EXPECT_EQ(frames.output, "hello");
}

TEST_F(ByteChannelTest, buffer_that_is_not_mapped_is_refused) {
    EXPECT_EQ(serve(call(static_cast<std::uint64_t>(ChannelCall::Send), 8)), kBadAddress);
    EXPECT_EQ(serve(call(static_cast<std::uint64_t>(ChannelCall::Send), ~std::uint64_t{0})), kBadAddress);
    EXPECT_EQ(frames.output, "");
}

TEST_F(ByteChannelTest, call_without_the_key_is_not_ours) {
    VcpuRegisters registers = call(static_cast<std::uint64_t>(ChannelCall::Send), 5);
    engine.put_string(kBuffer, "forged");
    registers.x[2] ^= 1;
    EXPECT_FALSE(channel.serve(engine, registers));
    EXPECT_EQ(engine.state.pc, 0U) << "the guest stands where it stood";
    EXPECT_EQ(frames.output, "");
}

TEST_F(ByteChannelTest, unknown_call_is_refused) {
    EXPECT_EQ(serve(call(99, 0)), kNoSuchCall);
}

TEST_F(ByteChannelTest, frames_for_init_wait_for_its_calls) {
    EXPECT_FALSE(channel.is_used());
    EXPECT_EQ(send(FrameType::Started, std::string(4, char{}), 4), 4);
    EXPECT_TRUE(channel.is_used());
    EXPECT_EQ(receive(4096), 0);
    channel.send({.type = FrameType::Stdin, .payload = bytes_of("input")});
    channel.send({.type = FrameType::StdinEnd, .payload = {}});
    EXPECT_EQ(receive(4096), std::int64_t{static_cast<int>(FrameType::Stdin)} << 32 | 5);
    EXPECT_EQ(memory(5), "input");
    EXPECT_EQ(receive(4096), std::int64_t{static_cast<int>(FrameType::StdinEnd)} << 32);
    EXPECT_EQ(receive(4096), 0);
}

TEST_F(ByteChannelTest, frame_that_does_not_fit_stays) {
    channel.send({.type = FrameType::Stdin, .payload = bytes_of("input")});
    EXPECT_EQ(receive(4), kBadAddress);
    EXPECT_EQ(receive(5) & 0xffff'ffff, 5);
}

}  // namespace
}  // namespace levitate::vmm
