#include "vmm/tracer/user_memory.hpp"

#include <algorithm>

namespace levitate::vmm {

std::optional<std::string> read_string(const UserMemory& memory, GuestVirt address, std::size_t limit) {
    constexpr std::size_t kChunk = 256;
    std::string result;
    while (result.size() < limit) {
        std::array<std::byte, kChunk> chunk;
        const std::size_t wanted = std::min(kChunk, limit - result.size());
        const std::size_t got = memory.read(address + result.size(), std::span(chunk).first(wanted));
        const std::span<const std::byte> bytes = std::span(chunk).first(got);
        const auto nul = std::ranges::find(bytes, std::byte{0});
        const auto length = static_cast<std::size_t>(nul - bytes.begin());
        result.append(reinterpret_cast<const char*>(bytes.data()), length);
        if (length < got) {
            return result;
        }
        if (got < wanted) {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

}  // namespace levitate::vmm
