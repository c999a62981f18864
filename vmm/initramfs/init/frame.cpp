#include "vmm/initramfs/init/frame.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace levitate::vmm::init {
namespace {

constexpr std::size_t kNumber = 8;
constexpr std::size_t kTag = 8;
constexpr std::size_t kOverhead = 2 + kTag;  // type, sequence and tag
constexpr std::size_t kMaximumDigits = 2 * (kMaximumPayload + kOverhead);

// The bytes of one direction's frames.
struct Alphabet {
    std::uint8_t start;
    std::uint8_t end;
    std::array<std::uint8_t, 16> digits;

    std::optional<std::uint8_t> value_of(std::uint8_t byte) const {
        const auto* const found = std::ranges::find(digits, byte);
        return found == digits.end() ? std::nullopt : std::optional<std::uint8_t>(found - digits.begin());
    }
};

// Left out are the control characters that a console may act upon or a kernel's text may have: NUL, BEL to
// CR, ESC, and DC1 and DC3, which stop and start a serial line.
constexpr Alphabet kFromInit{.start = 0x01,
                             .end = 0x04,
                             .digits = {0x02, 0x03, 0x05, 0x06, 0x0E, 0x0F, 0x10, 0x12, 0x14, 0x15, 0x16,
                                        0x17, 0x18, 0x19, 0x1C, 0x1D}};
constexpr Alphabet kToInit{
    .start = '<',
    .end = '\n',
    .digits = {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p'}};

const Alphabet& alphabet_of(Direction direction) {
    return direction == Direction::FromInit ? kFromInit : kToInit;
}

std::uint64_t tag_of(const HashKey& key, std::uint64_t number, FrameType type,
                     std::span<const std::byte> payload) {
    std::vector<std::byte> message;
    message.reserve(payload.size() + kNumber + 1);
    append_number(message, static_cast<std::uint32_t>(number));
    append_number(message, static_cast<std::uint32_t>(number >> 32U));
    message.push_back(static_cast<std::byte>(type));
    message.insert(message.end(), payload.begin(), payload.end());
    return keyed_hash(key, message);
}

// The digits that `raw` has behind its start byte, two a byte; an odd one is left out.
std::vector<std::byte> decode_digits(const Alphabet& alphabet, std::span<const std::uint8_t> raw) {
    std::vector<std::byte> body;
    body.reserve(raw.size() / 2);
    for (std::size_t at = 1; at + 1 < raw.size(); at += 2) {
        const unsigned high = alphabet.value_of(raw[at]).value_or(0);
        const unsigned low = alphabet.value_of(raw[at + 1]).value_or(0);
        body.push_back(static_cast<std::byte>(high << 4U | low));
    }
    return body;
}

}  // namespace

void append_number(std::vector<std::byte>& payload, std::uint32_t number) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        payload.push_back(static_cast<std::byte>((number >> shift) & 0xFFU));
    }
}

std::uint32_t number_at(std::span<const std::byte> payload, std::size_t offset) {
    if (offset + 4 > payload.size()) {
        return 0;
    }
    std::uint32_t number = 0;
    for (unsigned index = 0; index < 4; ++index) {
        number |= std::to_integer<std::uint32_t>(payload[offset + index]) << (8 * index);
    }
    return number;
}

void encode_frame(Direction direction, const HashKey& key, std::uint64_t number, const DecodedFrame& frame,
                  std::vector<std::byte>& out) {
    std::vector<std::byte> body;
    body.reserve(frame.payload.size() + kOverhead);
    body.push_back(static_cast<std::byte>(frame.type));
    body.push_back(static_cast<std::byte>(number));
    body.insert(body.end(), frame.payload.begin(), frame.payload.end());
    const std::uint64_t tag = tag_of(key, number, frame.type, frame.payload);
    append_number(body, static_cast<std::uint32_t>(tag));
    append_number(body, static_cast<std::uint32_t>(tag >> 32U));

    const Alphabet& alphabet = alphabet_of(direction);
    out.push_back(std::byte{alphabet.start});
    for (const std::byte byte : body) {
        out.push_back(std::byte{alphabet.digits.at(std::to_integer<std::uint8_t>(byte >> 4U))});
        out.push_back(std::byte{alphabet.digits.at(std::to_integer<std::uint8_t>(byte & std::byte{0xF}))});
    }
    out.push_back(std::byte{alphabet.end});
}

void FrameEncoder::append(FrameType type, std::span<const std::byte> payload, std::vector<std::byte>& out) {
    do {
        const auto part = payload.first(std::min(payload.size(), kMaximumPayload));
        encode_frame(direction_, key_, next_number_++, {.type = type, .payload = {part.begin(), part.end()}},
                     out);
        payload = payload.subspan(part.size());
    } while (!payload.empty());
}

void FrameDecoder::feed(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) {
        feed_byte(std::to_integer<std::uint8_t>(byte));
    }
    hand_on_text();
}

void FrameDecoder::finish() {
    abandon_frame();
    hand_on_text();
}

void FrameDecoder::hand_on_text() {
    if (!text_.empty()) {
        receiver_.on_text(text_);
        text_.clear();
    }
}

void FrameDecoder::feed_byte(std::uint8_t byte) {
    const Alphabet& alphabet = alphabet_of(direction_);
    if (byte == alphabet.start) {
        abandon_frame();
        raw_.push_back(byte);
        return;
    }
    const bool is_end = byte == alphabet.end;
    if (raw_.empty() || !(is_end || alphabet.value_of(byte))) {
        text_.push_back(static_cast<char>(byte));
        return;
    }
    if (is_end && take_frame()) {
        return;
    }
    raw_.push_back(byte);
    if (is_end || raw_.size() > kMaximumDigits + 1) {
        abandon_frame();
    }
}

// Whether what has been received is the frame that comes next, or one after it: then it is handed on.
bool FrameDecoder::take_frame() {
    const auto body = decode_digits(alphabet_of(direction_), raw_);
    if (body.size() < kOverhead) {
        return false;
    }
    const auto type = static_cast<FrameType>(body[0]);
    // At most 255 frames are lost at a time.
    const auto sequence = std::to_integer<std::uint8_t>(body[1]);
    const auto lost = static_cast<std::uint8_t>(sequence - static_cast<std::uint8_t>(expected_number_));
    const std::uint64_t number = expected_number_ + lost;
    const std::size_t tag_at = body.size() - kTag;
    const auto payload = std::span{body}.subspan(2, tag_at - 2);
    const std::uint64_t tag = number_at(body, tag_at) | std::uint64_t{number_at(body, tag_at + 4)} << 32U;
    if (tag != tag_of(key_, number, type, payload)) {
        return false;
    }
    raw_.clear();
    lost_frames_ += lost;
    expected_number_ = number + 1;
    receiver_.on_frame({.type = type, .payload = {payload.begin(), payload.end()}});
    return true;
}

void FrameDecoder::abandon_frame() {
    text_.append(raw_.begin(), raw_.end());
    raw_.clear();
}

}  // namespace levitate::vmm::init
