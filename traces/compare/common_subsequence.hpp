// What two sequences have in common, in order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace levitate::traces {

// Where an element of one sequence equals one of the other.
struct CommonElement {
    std::size_t one = 0;
    std::size_t other = 0;
};

// A longest common subsequence, by dynamic programming behind the common beginning and before the common end.
// nullopt: what lies between these would need a table of more than `most_cells`.
template <class Sequence>
std::optional<std::vector<CommonElement>> common_subsequence(const Sequence& one, const Sequence& other,
                                                             std::size_t most_cells) {
    const std::size_t shorter = std::min(one.size(), other.size());
    std::size_t begin = 0;
    while (begin < shorter && one[begin] == other[begin]) {
        ++begin;
    }
    std::size_t tail = 0;
    while (tail < shorter - begin && one[one.size() - 1 - tail] == other[other.size() - 1 - tail]) {
        ++tail;
    }
    const std::size_t rows = one.size() - tail - begin;
    const std::size_t columns = other.size() - tail - begin;
    if ((rows + 1) > most_cells / (columns + 1)) {
        return std::nullopt;
    }
    // lengths[i][j]: how much the parts that begin at i and j have in common.
    std::vector<std::vector<std::uint32_t>> lengths(rows + 1, std::vector<std::uint32_t>(columns + 1));
    for (std::size_t i = rows; i-- > 0;) {
        for (std::size_t j = columns; j-- > 0;) {
            lengths[i][j] = one[begin + i] == other[begin + j]
                                ? lengths[i + 1][j + 1] + 1
                                : std::max(lengths[i + 1][j], lengths[i][j + 1]);
        }
    }
    std::vector<CommonElement> common;
    common.reserve(begin + lengths[0][0] + tail);
    for (std::size_t i = 0; i < begin; ++i) {
        common.push_back({i, i});
    }
    for (std::size_t i = 0, j = 0; i < rows && j < columns;) {
        if (one[begin + i] == other[begin + j]) {
            common.push_back({begin + i++, begin + j++});
        } else if (lengths[i + 1][j] >= lengths[i][j + 1]) {
            ++i;
        } else {
            ++j;
        }
    }
    for (std::size_t i = tail; i > 0; --i) {
        common.push_back({one.size() - i, other.size() - i});
    }
    return common;
}

}  // namespace levitate::traces
