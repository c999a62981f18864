#include "vmm/reference/key.hpp"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "traces/format/json.hpp"
#include "vmm/cache/digest.hpp"
#include "vmm/initramfs/packer.hpp"
#include "vmm/initramfs/tree.hpp"
#include "vmm/reference/record.hpp"
#include "vmm/run/prepare.hpp"
#include "vmm/run/recording.hpp"

namespace levitate::vmm {
namespace {

Result<std::string> digest_of_file(const std::filesystem::path& path) {
    const auto bytes = read_host_file(path);
    if (!bytes) {
        return std::unexpected(bytes.error());
    }
    return sha256(**bytes);
}

}  // namespace

Result<ReferenceKey> reference_key(const RunSpec& given, std::string_view tool) {
    const auto spec = complete_spec(given);
    if (!spec) {
        return std::unexpected(spec.error());
    }
    // Without the key of the frames, which is another in each run, the archive is a function of what is in
    // it.
    const auto initramfs = pack(pack_request(*spec));
    if (!initramfs) {
        return std::unexpected(initramfs.error());
    }
    const auto kernel = digest_of_file(spec->kernel);
    if (!kernel) {
        return std::unexpected(kernel.error());
    }
    traces::Json schedules = traces::Json::array();
    for (const ReferenceSchedule& schedule : kReferenceSchedules) {
        schedules.push_back({{"seed", schedule.seed}, {"batch", schedule.batch}});
    }
    const traces::Json described = {
        {"tool", tool},
        {"trace_format", traces::kFormatVersion},
        {"program", initramfs->program.guest},
        {"initramfs", sha256(initramfs->archive)},
        {"kernel", *kernel},
        {"command_line", boot_arguments(*spec)},
        {"cpu", make_header(*spec, *initramfs).cpu},
        {"memory", spec->memory_bytes},
        {"seed", spec->seed},
        {"schedules", std::move(schedules)},
        {"few_recordings", kFewRecordings},
    };
    std::string text = traces::json_text(described);
    std::string digest = sha256(std::as_bytes(std::span{text}));
    return ReferenceKey{.digest = std::move(digest), .description = std::move(text)};
}

Result<std::string> tool_identity(std::string_view version) {
    const auto digest = digest_of_file("/proc/self/exe");
    if (!digest) {
        return std::unexpected(digest.error());
    }
    return fmt::format("{} {}", version, *digest);
}

}  // namespace levitate::vmm
