#include "vmm/run/run.hpp"

#include <limits>
#include <memory>
#include <utility>

#include "vmm/run/prepare.hpp"
#include "vmm/run/recording.hpp"
#include "vmm/run/run_native.hpp"
#include "vmm/run/session.hpp"

namespace levitate::vmm {
namespace {

Result<Outcome> run_on_this_host(const RunSpec& spec, const RunHooks& hooks) {
    const auto complete = complete_spec(spec);
    if (!complete) {
        return std::unexpected(complete.error());
    }
    // What the program needs is looked up as for a machine, so that the trace's header says the same.
    const auto initramfs = pack(pack_request(*complete));
    if (!initramfs) {
        return std::unexpected(initramfs.error());
    }
    traces::Header header;
    if (hooks.sink != nullptr) {
        header = make_header(*complete, *initramfs);
        header.engine = "native";
    }
    return run_native(*complete, hooks, header);
}

}  // namespace

Result<Outcome> run(const RunSpec& spec, const RunHooks& hooks) {
    if (spec.engine == EngineKind::Native) {
        return run_on_this_host(spec, hooks);
    }
    auto session = Session::create(spec, hooks);
    if (!session) {
        return std::unexpected(std::move(session.error()));
    }
    while (!(*session)->ended()) {
        if ((*session)->advance(std::numeric_limits<std::uint64_t>::max()) == AdvanceReason::Stopped) {
            break;
        }
    }
    return (*session)->finish();
}

}  // namespace levitate::vmm
