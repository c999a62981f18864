// What differed between several recordings of one case on real Linux.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "traces/compare/fields.hpp"

namespace levitate::traces::detail {

// What each of the other recordings had in the place of a value of one of them, the reference.
class Variation {
  public:
    // One more recording is about to be held against the reference.
    void begin_recording() { ++recordings_; }

    void note_aligned(std::size_t reference_event) { ++aligned_[reference_event]; }
    void note(std::size_t reference_event, const FieldDifference& difference) {
        seen_[{reference_event, difference.shown.field}].push_back(difference);
    }

    // Whether a trace may have this difference from the reference: its value was seen in another recording,
    // or is of a class in which the recordings vary.
    bool allows(std::size_t reference_event, const FieldDifference& difference) const;

  private:
    std::size_t recordings_ = 0;
    std::map<std::size_t, std::size_t> aligned_;
    std::map<std::pair<std::size_t, std::string>, std::vector<FieldDifference>> seen_;
};

}  // namespace levitate::traces::detail
