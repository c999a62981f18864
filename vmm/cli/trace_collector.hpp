// Keeps what a run records in memory.
#pragma once

#include <utility>

#include "traces/format/event.hpp"

namespace levitate::vmm::cli {

class TraceCollector final : public traces::EventSink {
  public:
    void begin(const traces::Header& header) override { trace_.header = header; }
    void event(const traces::Event& event) override { trace_.events.push_back(event); }
    void end(const std::string& incomplete) override { trace_.incomplete = incomplete; }

    const traces::Trace& trace() const { return trace_; }
    traces::Trace take() { return std::move(trace_); }

  private:
    traces::Trace trace_;
};

}  // namespace levitate::vmm::cli
