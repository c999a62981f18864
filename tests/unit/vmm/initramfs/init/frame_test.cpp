#include "vmm/initramfs/init/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "vmm/initramfs/init/run_description.hpp"

namespace levitate::vmm::init {
namespace {

constexpr HashKey kKey{std::byte{1}, std::byte{2}};

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

std::string all_bytes() {
    std::string text;
    for (int value = 0; value < 256; ++value) {
        text.push_back(static_cast<char>(value));
    }
    return text;
}

class Collector final : public FrameDecoder::Receiver {
  public:
    void on_frame(const DecodedFrame& frame) override { frames.push_back(frame); }
    void on_text(std::string_view more) override { text.append(more); }

    std::vector<DecodedFrame> frames;
    std::string text;
};

class FrameTest : public testing::Test {
  protected:
    std::vector<std::byte> encode(FrameType type, std::string_view payload) {
        std::vector<std::byte> out;
        encoder.append(type, bytes_of(payload), out);
        return out;
    }
    void feed(std::span<const std::byte> bytes) { decoder.feed(bytes); }

    FrameEncoder encoder{Direction::FromInit, kKey};
    Collector collector;
    FrameDecoder decoder{Direction::FromInit, kKey, collector};
};

TEST_F(FrameTest, every_byte_value_and_length_comes_through) {
    std::string payload;
    for (const char character : all_bytes()) {
        feed(encode(FrameType::Stdout, payload));
        ASSERT_FALSE(collector.frames.empty());
        EXPECT_EQ(collector.frames.back().payload, bytes_of(payload));
        payload.push_back(character);
    }
    EXPECT_EQ(collector.text, "");
    EXPECT_EQ(decoder.lost_frames(), 0U);
}

TEST_F(FrameTest, frames_use_no_byte_that_kernel_text_has_and_only_ascii) {
    const std::string text_has = "\a\b\t\n\v\f\r\033\x11\x13\x7f";
    for (const std::byte byte : encode(FrameType::Stderr, all_bytes())) {
        EXPECT_LT(byte, std::byte{' '});
        EXPECT_NE(byte, std::byte{0});
        EXPECT_EQ(text_has.find(std::to_integer<char>(byte)), std::string::npos);
    }
}

TEST_F(FrameTest, frames_to_init_are_lines_of_letters) {
    std::vector<std::byte> line;
    FrameEncoder to_init{Direction::ToInit, kKey};
    to_init.append(FrameType::Stdin, bytes_of(all_bytes()), line);
    EXPECT_EQ(line.front(), std::byte{'<'});
    EXPECT_EQ(line.back(), std::byte{'\n'});
    EXPECT_TRUE(std::ranges::all_of(std::span{line}.subspan(1, line.size() - 2), [](std::byte byte) {
        return byte >= std::byte{'a'} && byte <= std::byte{'p'};
    }));
    FrameDecoder in_init{Direction::ToInit, kKey, collector};
    in_init.feed(line);
    ASSERT_EQ(collector.frames.size(), 1U);
    EXPECT_EQ(collector.frames[0].payload, bytes_of(all_bytes()));
}

TEST_F(FrameTest, text_comes_in_order_and_at_once) {
    const std::string text = "\033[1mgrüße\033[0m → 𝄞 von é\t\x80\xff\r\n";
    std::string fed;
    for (const char character : text) {
        feed(bytes_of({&character, 1}));
        fed.push_back(character);
        EXPECT_EQ(collector.text, fed);
    }
}

TEST_F(FrameTest, what_the_end_cuts_off_is_text) {
    feed(bytes_of("cut\x01\x02"));
    EXPECT_EQ(collector.text, "cut");
    decoder.finish();
    EXPECT_EQ(collector.text, "cut\x01\x02");
}

TEST_F(FrameTest, kernel_text_between_any_two_bytes_is_told_apart) {
    const std::string noise = "[    0.123456] random: crng init done, ✓\r\n";
    const auto encoded = encode(FrameType::Hello, "payload");  // the first that init sends
    for (std::size_t at = 0; at <= encoded.size(); ++at) {
        Collector mixed;
        FrameDecoder fresh{Direction::FromInit, kKey, mixed};
        fresh.feed(std::span{encoded}.first(at));
        fresh.feed(bytes_of(noise));
        fresh.feed(std::span{encoded}.subspan(at));
        ASSERT_EQ(mixed.frames.size(), 1U) << at;
        EXPECT_EQ(mixed.frames[0].payload, bytes_of("payload"));
        EXPECT_EQ(mixed.text, noise);
    }
}

TEST_F(FrameTest, long_payload_becomes_several_frames) {
    const std::string payload(2 * kMaximumPayload + 1, 'x');
    feed(encode(FrameType::Stdout, payload));
    ASSERT_EQ(collector.frames.size(), 3U);
    EXPECT_EQ(collector.frames[2].payload.size(), 1U);
    EXPECT_EQ(decoder.lost_frames(), 0U);
}

TEST_F(FrameTest, damaged_frame_is_text_and_counts_as_lost_when_the_next_arrives) {
    auto damaged = encode(FrameType::Stdout, "first");
    damaged[3] ^= std::byte{1};
    feed(damaged);
    EXPECT_TRUE(collector.frames.empty());
    feed(encode(FrameType::Stdout, "second"));
    ASSERT_EQ(collector.frames.size(), 1U);
    EXPECT_EQ(collector.frames[0].payload, bytes_of("second"));
    EXPECT_EQ(decoder.lost_frames(), 1U);
    EXPECT_FALSE(collector.text.empty());
}

TEST_F(FrameTest, frame_that_never_ends_does_not_hide_the_next) {
    auto cut = encode(FrameType::Stdout, "first");
    cut.resize(cut.size() - 3);
    feed(cut);
    feed(encode(FrameType::Stdout, "second"));
    ASSERT_EQ(collector.frames.size(), 1U);
    EXPECT_EQ(decoder.lost_frames(), 1U);
}

TEST_F(FrameTest, random_bytes_are_survived_and_frames_after_them_are_found) {
    std::mt19937 random{1};
    std::vector<std::byte> noise(200'000);
    std::ranges::generate(noise, [&random] { return static_cast<std::byte>(random()); });
    feed(noise);
    const auto before = collector.frames.size();
    feed(encode(FrameType::Stdout, "found"));
    ASSERT_EQ(collector.frames.size(), before + 1);
    EXPECT_EQ(collector.frames.back().payload, bytes_of("found"));
}

TEST_F(FrameTest, frame_with_another_key_is_text_and_no_frame_is_missed) {
    FrameEncoder forger{Direction::FromInit, HashKey{}};
    std::vector<std::byte> forged;
    forger.append(FrameType::AllDone, {}, forged);
    feed(forged);
    EXPECT_TRUE(collector.frames.empty());
    EXPECT_EQ(collector.text.size(), forged.size());
    feed(encode(FrameType::Stdout, "true"));
    EXPECT_EQ(collector.frames.size(), 1U);
    EXPECT_EQ(decoder.lost_frames(), 0U);
}

TEST_F(FrameTest, frame_that_is_repeated_is_text) {
    const auto first = encode(FrameType::Stdout, "once");
    for (unsigned count = 0; count < 256; ++count) {
        feed(count == 0 ? first : encode(FrameType::Stdout, "more"));
    }
    feed(first);  // its sequence byte is the one that is expected
    EXPECT_EQ(collector.frames.size(), 256U);
    EXPECT_EQ(decoder.lost_frames(), 0U);
}

// Appendix A of the paper, and the reference implementation's vectors.
TEST(KeyedHash, is_siphash) {
    HashKey key{};
    std::vector<std::byte> message;
    for (std::size_t index = 0; index < key.size(); ++index) {
        key[index] = static_cast<std::byte>(index);
    }
    EXPECT_EQ(keyed_hash(key, message), 0x726f'db47'dd0e'0e31U);
    for (unsigned index = 0; index < 15; ++index) {
        message.push_back(static_cast<std::byte>(index));
    }
    EXPECT_EQ(keyed_hash(key, message), 0xa129'ca61'49be'45e5U);
}

TEST(Numbers, come_back_and_short_payloads_give_zero) {
    std::vector<std::byte> payload;
    append_number(payload, 0x1234'5678);
    EXPECT_EQ(number_at(payload, 0), 0x1234'5678U);
    EXPECT_EQ(number_at(payload, 1), 0U);
}

TEST(RunDescription, comes_back_as_it_was) {
    Case first;
    first.program = "/bin/a b";
    first.arguments = {"a", "", "line\nbreak", std::string("\0x", 2)};
    first.environment = {"A=1", "B="};
    first.directory = "/tmp";
    first.randomize_addresses = true;
    first.batch = true;
    first.input_bytes = all_bytes();
    Case second;
    second.program = "/bin/c";
    second.input = Input::Live;
    const RunDescription description{.key = kKey, .cases = {first, second}};
    EXPECT_EQ(parse_run_description(format_run_description(description)), description);
}

TEST(RunDescription, every_truncation_and_change_of_a_byte_is_survived) {
    Case one;
    one.program = "/bin/a";
    one.arguments = {"a"};
    const std::string text = format_run_description({.key = kKey, .cases = {one}});
    for (std::size_t size = 0; size < text.size(); ++size) {
        parse_run_description(text.substr(0, size));
        for (const char character : {'\0', '9', '\n', ' ', '\xFF'}) {
            std::string changed = text;
            changed[size] = character;
            parse_run_description(changed);
        }
    }
    EXPECT_EQ(parse_run_description(""), std::nullopt);
    EXPECT_EQ(parse_run_description("levitate-run 1\n1\n"), std::nullopt);
    EXPECT_EQ(parse_run_description("levitate-run 99999999999999999999\n1\n"), std::nullopt);
}

}  // namespace
}  // namespace levitate::vmm::init
