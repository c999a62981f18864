#include "traces/compare/variation.hpp"

#include <algorithm>

#include "traces/compare/contents.hpp"

namespace levitate::traces::detail {
namespace {

bool bytes_allowed(const std::vector<FieldDifference>& seen, const FieldDifference& difference) {
    std::vector<std::span<const std::byte>> recordings{difference.golden_bytes};
    for (const FieldDifference& other : seen) {
        recordings.emplace_back(other.actual_bytes);
    }
    return fits_variation(recordings, difference.actual_bytes);
}

}  // namespace

bool Variation::allows(std::size_t reference_event, const FieldDifference& difference) const {
    if (difference.value_class == ValueClass::Bound) {
        return false;
    }
    const auto found = seen_.find({reference_event, difference.shown.field});
    if (found == seen_.end()) {
        if (difference.value_class != ValueClass::Time) {
            return false;
        }
        // A time that is the same in every recording was not read from a clock: the program or the file
        // system has set it.
        const auto aligned = aligned_.find(reference_event);
        const bool all_agree = recordings_ > 0 && aligned != aligned_.end() && aligned->second == recordings_;
        return !all_agree;
    }
    const std::vector<FieldDifference>& seen = found->second;
    if (std::ranges::any_of(seen, [&](const FieldDifference& other) {
            return other.shown.actual == difference.shown.actual && other.value_class != ValueClass::Bytes;
        })) {
        return true;
    }
    const auto all_are = [&](ValueClass value_class) {
        return difference.value_class == value_class &&
               std::ranges::all_of(
                   seen, [&](const FieldDifference& other) { return other.value_class == value_class; });
    };
    return all_are(ValueClass::Number) || all_are(ValueClass::Address) || all_are(ValueClass::Time) ||
           (all_are(ValueClass::Bytes) && bytes_allowed(seen, difference));
}

}  // namespace levitate::traces::detail
