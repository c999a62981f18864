// Takes kernels out of what they are compressed in: gzip, and EFI zboot images (Linux
// drivers/firmware/efi/libstub/zboot-header.S).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace levitate::vmm {

// QEMU unpacks no more (hw/core/loader.h, LOAD_IMAGE_MAX_GUNZIP_BYTES).
inline constexpr std::uint64_t kMostUnpackedBytes = std::uint64_t{256} << 20U;

// The unpacked bytes, or for people what is wrong and the remedy, without the file's name before it.
using Unpacked = std::expected<std::vector<std::byte>, std::string>;

bool is_gzip(std::span<const std::byte> bytes);
bool is_zboot(std::span<const std::byte> bytes);

// `name` is the file in the commands that a message gives. Neither makes more than `most` bytes, which
// the guest's RAM or kMostUnpackedBytes limit.
Unpacked unpack_gzip(std::string_view name, std::span<const std::byte> packed, std::uint64_t most);
Unpacked unpack_zboot(std::string_view name, std::span<const std::byte> file, std::uint64_t most);

}  // namespace levitate::vmm
