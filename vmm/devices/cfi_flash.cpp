#include "vmm/devices/cfi_flash.hpp"

#include <algorithm>
#include <array>

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kBlockBytes = std::uint64_t{256} << 10U;  // of both chips together
// Writes of data in one command: the buffer of each chip has 2 KiB.
constexpr std::uint32_t kMostBuffered = 1024;

// Both chips get the same command and answer alike, each in its half of a word.
constexpr std::uint32_t both(std::uint32_t half) {
    return half << 16U | half;
}

constexpr std::uint32_t kReady = both(0x80);  // status register: no error

enum Command : std::uint8_t {
    kBlockErase = 0x20,
    kProgram = 0x40,
    kProgramAlternative = 0x10,
    kClearStatus = 0x50,
    kLockSetup = 0x60,
    kReadStatus = 0x70,
    kReadIdentity = 0x90,
    kReadQuery = 0x98,
    kConfirm = 0xD0,
    kWriteToBuffer = 0xE8,
    kReadArray = 0xFF,
};

constexpr std::uint32_t kManufacturer = both(0x0089);  // Intel
constexpr std::uint32_t kDevice = both(0x0018);

constexpr std::uint64_t kQueryStart = 0x10;
// What the query command shows from there on, a byte for each word (JESD68.01 tables 1 to 4).
constexpr std::array<std::uint8_t, 48> kQuery{
    'Q',  'R',  'Y',                                       // identification
    0x01, 0x00, 0x31, 0x00,                                // Intel/Sharp extended commands, described at 0x31
    0x00, 0x00, 0x00, 0x00,                                // no alternative
    0x45, 0x55, 0x00, 0x00,                                // 4.5 V to 5.5 V
    0x07, 0x07, 0x0A, 0x00,                                // typical times of word, buffer and block
    0x04, 0x04, 0x04, 0x00,                                // and the longest as their multiples
    0x19,                                                  // 2^25 bytes in a chip
    0x02, 0x00, 0x0B, 0x00,                                // 8 or 16 bits wide; a buffer of 2^11 bytes
    0x01, 0xFF, 0x00, 0x00, 0x02,                          // one region: 256 blocks of 512 * 256 bytes
    'P',  'R',  'I',  '1',  '0',                           // the extended commands' version
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // no features
    0x01,                                                  // one protection register
};

}  // namespace

std::uint8_t CfiFlash::byte_at(std::uint64_t offset) const {
    const auto block = blocks_.find(offset / kBlockBytes);
    return block == blocks_.end() ? 0 : block->second.at(offset % kBlockBytes);
}

void CfiFlash::put(std::uint64_t offset, unsigned size, std::uint32_t value) {
    std::vector<std::uint8_t>& block = blocks_[offset / kBlockBytes];
    block.resize(kBlockBytes);
    for (unsigned index = 0; index < size; ++index) {
        block.at(offset % kBlockBytes + index) = static_cast<std::uint8_t>(value >> (8 * index));
    }
}

// A word of what is shown instead of the array.
std::uint32_t CfiFlash::read_register(std::uint64_t offset) const {
    const std::uint64_t index = (offset / 4) & 0xFFU;
    switch (shows_) {
        case Shows::Array:
        case Shows::Status:
            break;
        case Shows::Identity:
            return index == 0 ? kManufacturer : index == 1 ? kDevice : 0;
        case Shows::Query:
            return index >= kQueryStart && index - kQueryStart < kQuery.size()
                       ? both(kQuery.at(index - kQueryStart))
                       : 0;
    }
    return kReady;
}

std::optional<std::uint64_t> CfiFlash::read(std::uint64_t offset, unsigned size) {
    std::uint64_t value = 0;
    for (unsigned index = 0; index < size; ++index) {
        const std::uint64_t at = offset + index;
        const std::uint64_t byte =
            shows_ == Shows::Array ? byte_at(at) : (read_register(at) >> (8 * (at % 4))) & 0xFFU;
        value |= byte << (8 * index);
    }
    return value;
}

bool CfiFlash::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    take_write(offset, std::min(size, 4U), static_cast<std::uint32_t>(value));
    if (size == 8) {
        take_write(offset + 4, 4, static_cast<std::uint32_t>(value >> 32U));
    }
    return true;
}

void CfiFlash::take_write(std::uint64_t offset, unsigned size, std::uint32_t value) {
    const auto command = static_cast<std::uint8_t>(value);
    switch (awaits_) {
        case Awaits::Command:
            take_command(command);
            break;
        case Awaits::EraseConfirmation:
            if (command == kConfirm) {
                blocks_[offset / kBlockBytes].assign(kBlockBytes, 0xFF);
            }
            awaits_ = Awaits::Command;
            break;
        case Awaits::Data:
            put(offset, size, value);
            awaits_ = Awaits::Command;
            break;
        case Awaits::BufferCount:
            buffer_rest_ = std::min((value & 0xFFFFU) + 1, kMostBuffered);
            awaits_ = Awaits::BufferData;
            break;
        case Awaits::BufferData:
            buffer_.push_back({.offset = offset, .size = size, .value = value});
            awaits_ = --buffer_rest_ == 0 ? Awaits::BufferConfirmation : Awaits::BufferData;
            break;
        case Awaits::BufferConfirmation:
            if (command == kConfirm) {
                for (const BufferedWrite& one : buffer_) {
                    put(one.offset, one.size, one.value);
                }
            }
            buffer_.clear();
            awaits_ = Awaits::Command;
            break;
        case Awaits::Lock:
            awaits_ = Awaits::Command;
            break;
    }
}

void CfiFlash::take_command(std::uint8_t command) {
    shows_ = Shows::Status;
    switch (command) {
        case kBlockErase:
            awaits_ = Awaits::EraseConfirmation;
            break;
        case kProgram:
        case kProgramAlternative:
            awaits_ = Awaits::Data;
            break;
        case kWriteToBuffer:
            awaits_ = Awaits::BufferCount;
            break;
        case kLockSetup:
            awaits_ = Awaits::Lock;
            break;
        case kReadStatus:
            break;
        case kReadIdentity:
            shows_ = Shows::Identity;
            break;
        case kReadQuery:
            shows_ = Shows::Query;
            break;
        default:
            shows_ = Shows::Array;  // kReadArray, kClearStatus and what is no command
            break;
    }
}

}  // namespace levitate::vmm
