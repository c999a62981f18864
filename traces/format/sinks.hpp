// Sinks that write nothing: a recording in memory, and one that nobody wants.
#pragma once

#include <utility>

#include "traces/format/event.hpp"

namespace levitate::traces {

class TraceCollector final : public EventSink {
  public:
    void begin(const Header& header) override { trace_.header = header; }
    void event(const Event& event) override { trace_.events.push_back(event); }
    void end(const std::string& incomplete) override { trace_.incomplete = incomplete; }

    const Trace& trace() const { return trace_; }
    Trace take() { return std::move(trace_); }

    // The bodies of all events of this kind, in order.
    template <typename Body>
    std::vector<Body> all() const {
        std::vector<Body> found;
        for (const Event& event : trace_.events) {
            if (const Body* const body = std::get_if<Body>(&event.body)) {
                found.push_back(*body);
            }
        }
        return found;
    }

  private:
    Trace trace_;
};

class DiscardingSink final : public EventSink {
  public:
    void begin(const Header& /*header*/) override {}
    void event(const Event& /*event*/) override {}
    void end(const std::string& /*incomplete*/) override {}
};

}  // namespace levitate::traces
