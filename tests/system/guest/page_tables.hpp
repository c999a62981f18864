// Translation tables of stage 1 (Arm ARM D8.3), of any granule and size.
#pragma once

#include <cstdint>

namespace guest {

namespace descriptor {
inline constexpr std::uint64_t kValid = 1;
inline constexpr std::uint64_t kTableOrPage = 2;
// MAIR_EL1 as the runtime sets it: attribute 0 is Normal memory.
inline constexpr std::uint64_t kDevice = 1 << 2;        // Device-nGnRnE
inline constexpr std::uint64_t kNonCacheable = 2 << 2;  // Normal
inline constexpr std::uint64_t kUser = 1 << 6;          // AP[1]
inline constexpr std::uint64_t kReadOnly = 1 << 7;      // AP[2]
inline constexpr std::uint64_t kInnerShareable = 3 << 8;
inline constexpr std::uint64_t kAccessFlag = 1 << 10;
inline constexpr std::uint64_t kNotGlobal = 1 << 11;
inline constexpr std::uint64_t kDirtyModifier = std::uint64_t{1} << 51;
inline constexpr std::uint64_t kContiguous = std::uint64_t{1} << 52;
inline constexpr std::uint64_t kPxn = std::uint64_t{1} << 53;
inline constexpr std::uint64_t kUxn = std::uint64_t{1} << 54;
inline constexpr std::uint64_t kTablePxn = std::uint64_t{1} << 59;
inline constexpr std::uint64_t kTableUxn = std::uint64_t{1} << 60;
inline constexpr std::uint64_t kTableNoUser = std::uint64_t{1} << 61;
inline constexpr std::uint64_t kTableReadOnly = std::uint64_t{1} << 62;
// What a mapping that works has. Level 3 has pages, the levels above blocks.
inline constexpr std::uint64_t kBlock = kValid | kAccessFlag | kInnerShareable;
inline constexpr std::uint64_t kPage = kBlock | kTableOrPage;
}  // namespace descriptor

// log2 of the translation granule.
enum class Granule : std::uint8_t { K4 = 12, K16 = 14, K64 = 16 };

class PageTables {
  public:
    // For addresses of `input_bits` bits: 64 - TxSZ.
    PageTables(Granule granule, unsigned input_bits);

    // For TTBRn_EL1.
    std::uint64_t root() const { return root_; }
    unsigned first_level() const { return first_level_; }
    // The place of the descriptor for `address` at `level`; the tables above it are made where there are
    // none.
    std::uint64_t& entry(std::uint64_t address, unsigned level);
    // Maps a page (level 3) or a block, with `attributes` from namespace descriptor.
    void map(std::uint64_t address, std::uint64_t physical, std::uint64_t attributes, unsigned level = 3) {
        entry(address, level) = physical | attributes;
    }
    // log2 of what one descriptor at `level` maps.
    unsigned shift(unsigned level) const { return granule_ + (granule_ - 3) * (3 - level); }

  private:
    unsigned granule_;
    unsigned input_bits_;
    unsigned first_level_;
    std::uint64_t root_;
};

// `size` bytes of zeros, aligned to it: a power of two of at least 4 KiB. Never freed; a guest that asks for
// more than there is ends with a message.
std::uint64_t allocate(std::uint64_t size);

}  // namespace guest
