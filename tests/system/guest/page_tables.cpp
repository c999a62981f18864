#include "tests/system/guest/page_tables.hpp"

#include "tests/system/guest/print.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

namespace {

// Well above the image, and within the 256 MiB that the machines have.
constexpr std::uint64_t kPoolBegin = 0x4400'0000;
constexpr std::uint64_t kPoolEnd = 0x4800'0000;

std::uint64_t next_free = kPoolBegin;

}  // namespace

std::uint64_t allocate(std::uint64_t size) {
    const std::uint64_t result = (next_free + size - 1) & ~(size - 1);
    next_free = result + size;
    if (next_free > kPoolEnd) {
        line("out of memory");
        power_off();
    }
    // Neither machine leaves anything else in RAM that nothing was loaded to.
    return result;
}

PageTables::PageTables(Granule granule, unsigned input_bits)
    : granule_(static_cast<unsigned>(granule)),
      input_bits_(input_bits),
      first_level_(4 - (input_bits - granule_ + (granule_ - 3) - 1) / (granule_ - 3)),
      root_(allocate(std::uint64_t{1} << granule_)) {}

std::uint64_t& PageTables::entry(std::uint64_t address, unsigned level) {
    const std::uint64_t offset = address & ((std::uint64_t{1} << input_bits_) - 1);
    std::uint64_t table = root_;
    for (unsigned at = first_level_;; ++at) {
        const std::uint64_t index_mask = (std::uint64_t{1} << (granule_ - 3)) - 1;
        auto& place = reinterpret_cast<std::uint64_t*>(table)[offset >> shift(at) & index_mask];
        if (at == level) {
            return place;
        }
        if ((place & descriptor::kValid) == 0) {
            place = allocate(std::uint64_t{1} << granule_) | descriptor::kValid | descriptor::kTableOrPage;
        }
        constexpr std::uint64_t kAddressBits = (std::uint64_t{1} << 48) - 1;
        table = place & kAddressBits & ~((std::uint64_t{1} << granule_) - 1);
    }
}

}  // namespace guest
