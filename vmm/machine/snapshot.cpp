#include "vmm/machine/snapshot.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "vmm/arch/aarch64.hpp"
#include "vmm/cache/digest.hpp"
#include "vmm/devices/state_transfer.hpp"

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRamName = "ram";
constexpr std::size_t kDigestDigits = 64;
// Zeros between two stretches that are kept with them: each stretch costs a mapping, of which a process can
// have 65,530 (man 5 proc, max_map_count).
constexpr std::uint64_t kWorthAGap = 32 * kPageSize;

bool is_zero(std::span<const std::byte> page) {
    static constexpr std::array<std::byte, kPageSize> kZeros{};
    return std::memcmp(page.data(), kZeros.data(), page.size()) == 0;
}

std::vector<GuestRam::Stretch> stretches_of(std::span<const std::byte> ram) {
    std::vector<GuestRam::Stretch> stretches;
    for (std::uint64_t at = 0; at < ram.size(); at += kPageSize) {
        if (is_zero(ram.subspan(at, kPageSize))) {
            continue;
        }
        if (!stretches.empty() && at - stretches.back().end() < kWorthAGap) {
            stretches.back().size = at + kPageSize - stretches.back().offset;
        } else {
            stretches.push_back({.offset = at, .size = kPageSize});
        }
    }
    return stretches;
}

void transfer(StateTransfer& transfer, SavedMachine& saved, std::vector<GuestRam::Stretch>& stretches) {
    transfer.values(saved.entry, saved.memory_bytes);
    transfer.list(saved.devices);
    transfer.list(saved.cpu);
    transfer.list(saved.console);
    transfer.list(stretches);
}

void put(std::ofstream& file, std::span<const std::byte> bytes) {
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

Result<void> finish(std::ofstream& file, const fs::path& path) {
    file.close();
    if (!file) {
        return failure(Error::Kind::Harness, fmt::format("cannot write {}: {}", path.string(),
                                                         std::generic_category().message(errno)));
    }
    return {};
}

}  // namespace

Result<void> write_snapshot(const fs::path& folder, const SavedMachine& saved,
                            std::span<const std::byte> ram) {
    std::vector<GuestRam::Stretch> stretches = stretches_of(ram);
    std::ofstream pages{folder / kRamName, std::ios::binary};
    for (const GuestRam::Stretch& stretch : stretches) {
        put(pages, ram.subspan(stretch.offset, stretch.size));
    }
    if (auto written = finish(pages, folder / kRamName); !written) {
        return written;
    }
    StateWriter writer;
    SavedMachine copy = saved;
    transfer(writer, copy, stretches);
    std::ofstream state{folder / Snapshot::kStateName, std::ios::binary};
    state << sha256(writer.written());
    put(state, writer.written());
    return finish(state, folder / Snapshot::kStateName);
}

std::optional<Snapshot> Snapshot::open(const fs::path& folder) {
    std::ifstream file{folder / kStateName, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (text.size() < kDigestDigits) {
        return std::nullopt;
    }
    const auto bytes = std::as_bytes(std::span{text}).subspan(kDigestDigits);
    if (sha256(bytes) != text.substr(0, kDigestDigits)) {
        return std::nullopt;
    }
    Snapshot snapshot;
    StateReader reader{bytes};
    transfer(reader, snapshot.saved_, snapshot.stretches_);
    std::uint64_t total = 0;
    for (const GuestRam::Stretch& stretch : snapshot.stretches_) {
        total += stretch.size;
    }
    snapshot.file_ = Descriptor{::open((folder / kRamName).c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status{};
    if (!reader.is_complete() || !snapshot.file_.is_open() || ::fstat(snapshot.file_.get(), &status) != 0 ||
        static_cast<std::uint64_t>(status.st_size) != total) {
        return std::nullopt;
    }
    return snapshot;
}

Result<GuestRam> Snapshot::ram() const {
    auto ram = GuestRam::create(saved_.memory_bytes);
    std::uint64_t at = 0;
    for (const GuestRam::Stretch& stretch : stretches_) {
        if (!ram) {
            break;
        }
        if (auto mapped = ram->map(stretch, file_.get(), at); !mapped) {
            return std::unexpected(std::move(mapped.error()));
        }
        at += stretch.size;
    }
    return ram;
}

}  // namespace levitate::vmm
