// What the comparator says of a trace. Nothing else here knows its interface.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/compare/compare.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces::mutation {

struct Judgement {
    bool noticed = false;
    std::vector<DivergenceKind> kinds;  // of the divergences that it names
    std::string said;                   // for people
};

class Judge {
  public:
    // `golden` has to outlive the judge.
    explicit Judge(std::span<const Trace> golden) : comparator_(golden) {}

    // Several threads may ask at once.
    Judgement judge(const Trace& trace, Extent extent = Extent::First) const;

  private:
    Comparator comparator_;
};

}  // namespace levitate::traces::mutation
