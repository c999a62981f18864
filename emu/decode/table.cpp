#include "emu/decode/table.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "emu/cpu.hpp"

namespace levitate::emu::decode {

namespace {

constexpr auto kGroups = std::to_array<std::span<const Row> (*)()>({
    &add_subtract_rows,
    &atomic_rows,
    &branch_rows,
    &crypto_rows,
    &data_processing_rows,
    &fp_rows,
    &load_store_rows,
    &logical_rows,
    &simd_element_rows,
    &simd_memory_rows,
    &simd_structures_rows,
    &simd_move_rows,
    &simd_shift_rows,
    &simd_three_rows,
    &simd_two_rows,
    &simd_across_rows,
    &system_rows,
});

// Rows are found by the word's bits 31 to 21, of which nearly every row fixes most.
constexpr unsigned kBucketShift = 21;
constexpr std::uint32_t kBucketCount = std::uint32_t{1} << (kWordBits - kBucketShift);

class Table {
  public:
    Table() {
        for (const auto group : kGroups) {
            const std::span<const Row> rows = group();
            rows_.insert(rows_.end(), rows.begin(), rows.end());
        }
        std::ranges::stable_sort(rows_, std::ranges::greater{},
                                 [](const Row& row) { return std::popcount(row.mask); });
        for (std::uint32_t bucket = 0; bucket < kBucketCount; ++bucket) {
            for (const Row& row : rows_) {
                if (((bucket ^ (row.value >> kBucketShift)) & (row.mask >> kBucketShift)) == 0) {
                    buckets_[bucket].push_back(&row);
                }
            }
        }
    }

    const Row* find(std::uint32_t word) const {
        const std::vector<const Row*>& bucket = buckets_[word >> kBucketShift];
        const auto found =
            std::ranges::find_if(bucket, [word](const Row* row) { return (word & row->mask) == row->value; });
        return found == bucket.end() ? nullptr : *found;
    }

    std::span<const Row> rows() const { return rows_; }

  private:
    std::vector<Row> rows_;
    std::array<std::vector<const Row*>, kBucketCount> buckets_;
};

const Table& table() {
    static const Table kInstance;
    return kInstance;
}

}  // namespace

const Row* find(std::uint32_t word) {
    return table().find(word);
}

std::span<const Row> all_rows() {
    return table().rows();
}

}  // namespace levitate::emu::decode

namespace levitate::emu {

std::string row_name(std::uint32_t word) {
    const decode::Row* row = decode::find(word);
    return row == nullptr ? std::string{} : std::string{row->name};
}

}  // namespace levitate::emu
