// SipHash-2-4 (Aumasson and Bernstein, INDOCRYPT 2012): a hash that only those who have the key can compute.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace levitate::vmm::init {

using HashKey = std::array<std::byte, 16>;

std::uint64_t keyed_hash(const HashKey& key, std::span<const std::byte> message);

}  // namespace levitate::vmm::init
