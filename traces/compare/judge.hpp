// Which differences between values are let pass.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "traces/compare/fields.hpp"
#include "traces/compare/variation.hpp"

namespace levitate::traces::detail {

class Judge {
  public:
    virtual ~Judge() = default;
    virtual bool lets_pass(std::size_t golden_event, const FieldDifference& difference) = 0;
    // An event of the other trace stands where this one does.
    virtual void aligned(std::size_t golden_event) = 0;
    // Whether it learns from recordings of real Linux. A task that parts then tells no more, but the others
    // still do.
    virtual bool collects() const = 0;
};

// Lets pass what varied among the golden recordings, which is found out when it is first asked for.
class VariationJudge final : public Judge {
  public:
    explicit VariationJudge(std::function<const Variation&()> variation) : variation_(std::move(variation)) {}
    bool lets_pass(std::size_t golden_event, const FieldDifference& difference) override {
        return variation_().allows(golden_event, difference);
    }
    void aligned(std::size_t /*golden_event*/) override {}
    bool collects() const override { return false; }

  private:
    std::function<const Variation&()> variation_;
};

// Lets everything pass and notes it, because both traces are recordings of real Linux.
class VariationCollector final : public Judge {
  public:
    explicit VariationCollector(Variation& variation) : variation_(variation) {}
    bool lets_pass(std::size_t golden_event, const FieldDifference& difference) override {
        variation_.note(golden_event, difference);
        return true;
    }
    void aligned(std::size_t golden_event) override { variation_.note_aligned(golden_event); }
    bool collects() const override { return true; }

  private:
    Variation& variation_;
};

}  // namespace levitate::traces::detail
