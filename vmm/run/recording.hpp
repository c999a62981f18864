// What a run leaves in its trace beside the events.
#pragma once

#include <string>
#include <utility>

#include "traces/format/event.hpp"
#include "vmm/initramfs/packer.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm {

// The trace's header, complete but for the auxv and the kernel's name. `spec` has its defaults filled in.
traces::Header make_header(const RunSpec& spec, const Initramfs& initramfs);

// The sink that a tracer writes to. It hands events on to the session's `observer` and to RunHooks::sink, if
// there are such, asks RunHooks::on_event, and remembers whether that wants the run stopped.
class HookSink final : public traces::EventSink {
  public:
    HookSink(const RunHooks& hooks, traces::EventSink* observer, Engine& engine)
        : hooks_(hooks), observer_(observer), engine_(engine) {}

    void begin(const traces::Header& header) override {
        if (hooks_.sink != nullptr) {
            hooks_.sink->begin(header);
        }
    }
    void event(const traces::Event& event) override {
        if (observer_ != nullptr) {
            observer_->event(event);
        }
        if (hooks_.sink != nullptr) {
            hooks_.sink->event(event);
        }
        if (hooks_.on_event && !hooks_.on_event(engine_, event)) {
            stop_wanted_ = true;
        }
    }
    void end(const std::string& incomplete) override {
        if (hooks_.sink != nullptr) {
            hooks_.sink->end(incomplete);
        }
    }

    // True once for each time it was asked for.
    bool take_stop_wanted() { return std::exchange(stop_wanted_, false); }

  private:
    const RunHooks& hooks_;
    traces::EventSink* observer_;
    Engine& engine_;
    bool stop_wanted_ = false;
};

}  // namespace levitate::vmm
