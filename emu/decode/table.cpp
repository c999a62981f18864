#include "emu/decode/table.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "emu/cpu.hpp"

namespace levitate::emu::decode {

namespace {

constexpr auto groups = std::to_array<std::span<const Row> (*)()>({
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
    &simd_move_rows,
    &simd_shift_rows,
    &simd_three_rows,
    &simd_two_rows,
    &system_rows,
});

// Rows are found by the word's bits 31 to 21, of which nearly every row fixes most.
constexpr unsigned bucket_shift = 21;
constexpr std::uint32_t bucket_count = std::uint32_t{1} << (word_bits - bucket_shift);

class Table {
  public:
    Table() {
        for (const auto group : groups) {
            const std::span<const Row> rows = group();
            rows_.insert(rows_.end(), rows.begin(), rows.end());
        }
        std::ranges::stable_sort(rows_, std::ranges::greater{},
                                 [](const Row& row) { return std::popcount(row.mask); });
        for (std::uint32_t bucket = 0; bucket < bucket_count; ++bucket) {
            for (const Row& row : rows_) {
                if (((bucket ^ (row.value >> bucket_shift)) & (row.mask >> bucket_shift)) == 0) {
                    buckets_[bucket].push_back(&row);
                }
            }
        }
    }

    const Row* find(std::uint32_t word) const {
        const std::vector<const Row*>& bucket = buckets_[word >> bucket_shift];
        const auto found =
            std::ranges::find_if(bucket, [word](const Row* row) { return (word & row->mask) == row->value; });
        return found == bucket.end() ? nullptr : *found;
    }

    std::span<const Row> rows() const { return rows_; }

  private:
    std::vector<Row> rows_;
    std::array<std::vector<const Row*>, bucket_count> buckets_;
};

const Table& table() {
    static const Table instance;
    return instance;
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
