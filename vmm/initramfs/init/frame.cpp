#include "vmm/initramfs/init/frame.hpp"

#include <algorithm>

namespace levitate::vmm::init {
namespace {

constexpr std::uint8_t kStart = 0xC0;
constexpr std::uint8_t kDigit = 0x80;
constexpr std::uint8_t kEnd = 0xFF;
constexpr unsigned kDigitBits = 6;
constexpr std::size_t kNumber = 8;
constexpr std::size_t kTag = 8;
constexpr std::size_t kOverhead = 1 + kTag;  // sequence and tag
constexpr std::size_t kMaximumDigits = ((kMaximumPayload + kOverhead) * 8 + kDigitBits - 1) / kDigitBits;

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

void append_digits(std::span<const std::byte> body, std::vector<std::byte>& out) {
    unsigned bits = 0;
    std::uint32_t pending = 0;
    for (const std::byte byte : body) {
        pending = (pending << 8U) | std::to_integer<std::uint32_t>(byte);
        bits += 8;
        while (bits >= kDigitBits) {
            bits -= kDigitBits;
            out.push_back(static_cast<std::byte>(kDigit | ((pending >> bits) & 0x3FU)));
        }
    }
    if (bits > 0) {
        out.push_back(static_cast<std::byte>(kDigit | ((pending << (kDigitBits - bits)) & 0x3FU)));
    }
}

// Trailing bits that do not fill a byte are padding.
std::vector<std::byte> decode_digits(std::span<const std::uint8_t> digits) {
    std::vector<std::byte> body;
    body.reserve(digits.size() * kDigitBits / 8);
    unsigned bits = 0;
    std::uint32_t pending = 0;
    for (const std::uint8_t digit : digits) {
        pending = (pending << kDigitBits) | (digit & 0x3FU);
        bits += kDigitBits;
        if (bits >= 8) {
            bits -= 8;
            body.push_back(static_cast<std::byte>((pending >> bits) & 0xFFU));
        }
    }
    return body;
}

// Whether the bytes are one whole character of UTF-8 that is not ASCII (RFC 3629): a start byte says how many
// follow it, and each of these has the form of a digit.
bool is_character(std::span<const std::uint8_t> bytes) {
    constexpr std::uint8_t kFirst = 0xC2;
    constexpr std::uint8_t kOfThree = 0xE0;
    constexpr std::uint8_t kOfFour = 0xF0;
    constexpr std::uint8_t kLast = 0xF4;
    if (bytes.empty() || bytes.front() < kFirst || bytes.front() > kLast) {
        return false;
    }
    const std::size_t length = bytes.front() < kOfThree ? 2 : bytes.front() < kOfFour ? 3 : 4;
    return bytes.size() == length;
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

void encode_frame(const HashKey& key, std::uint64_t number, const DecodedFrame& frame,
                  std::vector<std::byte>& out) {
    std::vector<std::byte> body;
    body.reserve(frame.payload.size() + kOverhead);
    body.push_back(static_cast<std::byte>(number));
    body.insert(body.end(), frame.payload.begin(), frame.payload.end());
    const std::uint64_t tag = tag_of(key, number, frame.type, frame.payload);
    append_number(body, static_cast<std::uint32_t>(tag));
    append_number(body, static_cast<std::uint32_t>(tag >> 32U));
    out.push_back(static_cast<std::byte>(kStart + static_cast<std::uint8_t>(frame.type)));
    append_digits(body, out);
    out.push_back(std::byte{kEnd});
}

void FrameEncoder::append(FrameType type, std::span<const std::byte> payload, std::vector<std::byte>& out) {
    do {
        const auto part = payload.first(std::min(payload.size(), kMaximumPayload));
        encode_frame(key_, next_number_++, {.type = type, .payload = {part.begin(), part.end()}}, out);
        payload = payload.subspan(part.size());
    } while (!payload.empty());
}

void FrameDecoder::feed(std::span<const std::byte> bytes) {
    for (const std::byte raw : bytes) {
        const auto byte = std::to_integer<std::uint8_t>(raw);
        if (byte >= kDigit) {
            feed_frame_byte(byte);
        } else {
            feed_text_byte(byte);
        }
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

void FrameDecoder::feed_text_byte(std::uint8_t byte) {
    const bool may_be_text = expected_number_ == 0 || has_characters_;
    if (may_be_text && !raw_is_handed_on_ && is_character(raw_)) {
        has_characters_ = true;
        text_.append(raw_.begin(), raw_.end());
        raw_is_handed_on_ = true;
    }
    text_.push_back(static_cast<char>(byte));
}

void FrameDecoder::feed_frame_byte(std::uint8_t byte) {
    if (byte == kEnd) {
        finish_frame();
    } else if (byte >= kStart) {
        abandon_frame();
        raw_.push_back(byte);
    } else if (raw_.empty()) {
        text_.push_back(static_cast<char>(byte));
    } else {
        raw_.push_back(byte);
        if (raw_.size() > kMaximumDigits + 1) {
            abandon_frame();
        }
    }
}

void FrameDecoder::finish_frame() {
    if (raw_.empty()) {
        text_.push_back(static_cast<char>(kEnd));
        return;
    }
    const auto body = decode_digits(std::span{raw_}.subspan(1));
    const auto type = static_cast<FrameType>(raw_.front() - kStart);
    if (body.size() >= kOverhead) {
        // At most 255 frames are lost at a time.
        const auto sequence = std::to_integer<std::uint8_t>(body.front());
        const auto lost = static_cast<std::uint8_t>(sequence - static_cast<std::uint8_t>(expected_number_));
        const std::uint64_t number = expected_number_ + lost;
        const auto payload = std::span{body}.subspan(1, body.size() - kOverhead);
        const std::size_t tag_at = body.size() - kTag;
        const std::uint64_t tag = number_at(body, tag_at) | std::uint64_t{number_at(body, tag_at + 4)} << 32U;
        if (tag == tag_of(key_, number, type, payload)) {
            raw_.clear();
            raw_is_handed_on_ = false;
            lost_frames_ += lost;
            expected_number_ = number + 1;
            receiver_.on_frame({.type = type, .payload = {payload.begin(), payload.end()}});
            return;
        }
    }
    abandon_frame();
    text_.push_back(static_cast<char>(kEnd));
}

void FrameDecoder::abandon_frame() {
    if (!raw_is_handed_on_) {
        has_characters_ = has_characters_ || is_character(raw_);
        text_.append(raw_.begin(), raw_.end());
    }
    raw_.clear();
    raw_is_handed_on_ = false;
}

}  // namespace levitate::vmm::init
