#include "vmm/initramfs/init/frame.hpp"

#include <algorithm>
#include <array>

namespace levitate::vmm::init {
namespace {

constexpr std::uint8_t kStart = 0xC0;
constexpr std::uint8_t kDigit = 0x80;
constexpr std::uint8_t kEnd = 0xFF;
constexpr unsigned kDigitBits = 6;
constexpr std::size_t kOverhead = 5;  // sequence and CRC
constexpr std::size_t kMaximumDigits = ((kMaximumPayload + kOverhead) * 8 + kDigitBits - 1) / kDigitBits;

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t index = 0; index < table.size(); ++index) {
        std::uint32_t value = index;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value & 1U) != 0 ? (value >> 1U) ^ 0xEDB88320U : value >> 1U;
        }
        table[index] = value;
    }
    return table;
}
constexpr auto kCrcTable = make_crc_table();

std::uint32_t frame_crc(FrameType type, std::uint8_t sequence, std::span<const std::byte> payload) {
    const std::array head{static_cast<std::byte>(type), std::byte{sequence}};
    return crc32(payload, crc32(head));
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

}  // namespace

std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t previous) {
    std::uint32_t value = ~previous;
    for (const std::byte byte : bytes) {
        value = kCrcTable[(value ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU] ^ (value >> 8U);
    }
    return ~value;
}

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

void encode_frame(FrameType type, std::uint8_t sequence, std::span<const std::byte> payload,
                  std::vector<std::byte>& out) {
    std::vector<std::byte> body;
    body.reserve(payload.size() + kOverhead);
    body.push_back(std::byte{sequence});
    body.insert(body.end(), payload.begin(), payload.end());
    append_number(body, frame_crc(type, sequence, payload));
    out.push_back(static_cast<std::byte>(kStart + static_cast<std::uint8_t>(type)));
    append_digits(body, out);
    out.push_back(std::byte{kEnd});
}

void FrameEncoder::append(FrameType type, std::span<const std::byte> payload, std::vector<std::byte>& out) {
    do {
        const auto part = payload.first(std::min(payload.size(), kMaximumPayload));
        encode_frame(type, next_sequence_++, part, out);
        payload = payload.subspan(part.size());
    } while (!payload.empty());
}

void FrameDecoder::feed(std::span<const std::byte> bytes) {
    for (const std::byte raw : bytes) {
        const auto byte = std::to_integer<std::uint8_t>(raw);
        if (byte >= kDigit) {
            feed_frame_byte(byte);
        } else {
            text_.push_back(static_cast<char>(byte));
        }
    }
    if (!text_.empty()) {
        receiver_.on_text(text_);
        text_.clear();
    }
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
        const auto sequence = std::to_integer<std::uint8_t>(body.front());
        const auto payload = std::span{body}.subspan(1, body.size() - kOverhead);
        if (number_at(body, body.size() - 4) == frame_crc(type, sequence, payload)) {
            raw_.clear();
            lost_frames_ += static_cast<std::uint8_t>(sequence - expected_sequence_);
            expected_sequence_ = static_cast<std::uint8_t>(sequence + 1);
            receiver_.on_frame({.type = type, .payload = {payload.begin(), payload.end()}});
            return;
        }
    }
    abandon_frame();
    text_.push_back(static_cast<char>(kEnd));
}

void FrameDecoder::abandon_frame() {
    text_.append(raw_.begin(), raw_.end());
    raw_.clear();
}

}  // namespace levitate::vmm::init
