#include "vmm/run/warm_start.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "vmm/cache/digest.hpp"
#include "vmm/cache/folder_cache.hpp"
#include "vmm/engine/emu/emu_engine.hpp"
#include "vmm/initramfs/init/channel.hpp"
#include "vmm/initramfs/packer.hpp"
#include "vmm/machine/machine.hpp"
#include "vmm/run/prepare.hpp"

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostSnapshotBytes = std::uint64_t{1} << 30;
// Debian's Linux boots in 1,100 million instructions.
constexpr std::uint64_t kMostBootInstructions = 20'000'000'000;

// Which file it is and in which state, without reading it: a file cannot be changed without a new ctime (man
// 7 inode). Empty: it is not there.
std::string identity_of(const fs::path& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        return {};
    }
    return fmt::format("{}:{}:{}:{}.{:09}", status.st_dev, status.st_ino, status.st_size,
                       status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

bool can_start_warm(const RunSpec& spec) {
    return !spec.snapshots.empty() && !is_kernel_alone(spec) && spec.init_mode == InitMode::Harness &&
           !spec.uart_only && spec.hardware.disks.empty();
}

// All that a booted machine is a function of.
std::string name_of(const RunSpec& spec) {
    const Hardware& hardware = spec.hardware;
    const std::string text =
        fmt::format("tool {}\nkernel {}\ninit {}\ncommand line {}\nmemory {}\ngic {}\nvirtio {} {} {}\n",
                    identity_of("/proc/self/exe"), identity_of(spec.kernel), identity_of(spec.init),
                    boot_arguments(spec), spec.memory_bytes, static_cast<int>(hardware.gic),
                    static_cast<int>(hardware.virtio), hardware.virtio_console, hardware.virtio_entropy);
    return sha256(std::as_bytes(std::span{text}));
}

// Runs until init waits. False: it does not get so far.
bool run_until_init_waits(Engine& engine) {
    engine.set_channel_svc(init::kChannelSvc);
    const Exit exit = engine.run(kMostBootInstructions);
    return exit.reason == ExitReason::ChannelCall &&
           exit.registers.x[0] == static_cast<std::uint64_t>(init::ChannelCall::AwaitRun);
}

Result<void> boot_into(const fs::path& folder, const RunSpec& spec) {
    const auto archive = pack_init(spec.init);
    if (!archive) {
        return std::unexpected(archive.error());
    }
    std::vector<std::byte> console;
    // The run's own seed comes later, with what is to run.
    const auto machine = Machine::create(
        machine_request(spec, *archive, 0, [&console](std::byte byte) { console.push_back(byte); }));
    if (!machine) {
        return std::unexpected(machine.error());
    }
    const auto engine = make_emu_engine(**machine, 0);
    if (!run_until_init_waits(*engine)) {
        return failure(Error::Kind::Harness, "the kernel does not get as far as running init");
    }
    SavedMachine saved = (*machine)->save();
    saved.cpu = engine->save();
    saved.console = std::move(console);
    return write_snapshot(folder, saved, (*machine)->ram());
}

// Held while a snapshot is made, so that those who want the same one wait for it and do not boot as well.
class Lock {
  public:
    explicit Lock(const fs::path& path) : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        while (file_.is_open() && ::flock(file_.get(), LOCK_EX) != 0 && errno == EINTR) {
        }
    }

  private:
    Descriptor file_;
};

std::optional<Snapshot> find(const FolderCache& cache, const std::string& name) {
    const auto folder = cache.find(name);
    if (!folder) {
        return std::nullopt;
    }
    auto snapshot = Snapshot::open(*folder);
    if (snapshot) {
        cache.renew(name);
    } else {
        cache.remove(name);
    }
    return snapshot;
}

}  // namespace

std::optional<Snapshot> booted_machine(const RunSpec& spec) {
    if (!can_start_warm(spec)) {
        return std::nullopt;
    }
    const FolderCache cache{spec.snapshots, kMostSnapshotBytes, Snapshot::kStateName};
    const std::string name = name_of(spec);
    if (auto snapshot = find(cache, name)) {
        return snapshot;
    }
    std::error_code error;
    fs::create_directories(cache.folder(), error);
    const Lock lock{cache.folder() / ".lock"};
    if (auto snapshot = find(cache, name)) {
        return snapshot;
    }
    const auto kept = cache.keep(name, [&spec](const fs::path& folder) { return boot_into(folder, spec); });
    return kept ? find(cache, name) : std::nullopt;
}

}  // namespace levitate::vmm
