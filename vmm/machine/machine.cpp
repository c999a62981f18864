#include "vmm/machine/machine.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "vmm/arch/aarch64.hpp"
#include "vmm/descriptor.hpp"
#include "vmm/machine/device_tree.hpp"
#include "vmm/machine/kernel_image.hpp"
#include "vmm/machine/memory_map.hpp"

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kAlignment = 2ULL << 20U;

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

InterruptLine wire_spi(GicV3& gic, std::uint32_t spi) {
    return [&gic, spi](Level level) { gic.set_line(GicV3::kFirstSpi + spi, level); };
}

Error cannot_read(const std::filesystem::path& path, int error) {
    return {.kind = Error::Kind::Harness,
            .message = fmt::format("cannot read kernel {}: {}", path.string(),
                                   std::generic_category().message(error))};
}

// Reads the file into the front of `into`, but no more than fits. Returns how many bytes the file has.
Result<std::size_t> read_into(const std::filesystem::path& path, std::span<std::byte> into) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.is_open()) {
        return std::unexpected(cannot_read(path, errno));
    }
    struct stat status{};
    int error = ::fstat(file.get(), &status) == 0 ? 0 : errno;
    std::size_t length = 0;
    while (error == 0 && length < into.size()) {
        const ssize_t count = ::read(file.get(), into.data() + length, into.size() - length);
        if (count <= 0) {
            error = count < 0 ? errno : 0;
            break;
        }
        length += static_cast<std::size_t>(count);
    }
    if (error != 0) {
        return std::unexpected(cannot_read(path, error));
    }
    return std::max(length, static_cast<std::size_t>(status.st_size));
}

Error too_small(std::uint64_t have, std::uint64_t need) {
    return {
        .kind = Error::Kind::Usage,
        .message = fmt::format("{} MiB of guest RAM do not hold the kernel and the initramfs, which need {} "
                               "MiB; give more with --memory",
                               have >> 20U, align_up(need, 1ULL << 20U) >> 20U)};
}

}  // namespace

Machine::Machine(GuestRam ram, MachineRequest& request)
    : ram_(std::move(ram)),
      uart_(wire_spi(gic_, kUartSpi), std::move(request.console)),
      rtc_(
          wire_spi(gic_, kRtcSpi), [this] { return time_ ? time_() : std::chrono::nanoseconds{0}; },
          request.clock_start) {
    bus_.attach(kDistributorRegion, gic_.distributor());
    bus_.attach(kRedistributorRegion, gic_.redistributor());
    bus_.attach(kUartRegion, uart_);
    bus_.attach(kRtcRegion, rtc_);
}

Result<std::unique_ptr<Machine>> Machine::create(MachineRequest request) {
    auto ram = GuestRam::create(align_up(request.memory_bytes, kPageSize));
    if (!ram) {
        return std::unexpected(std::move(ram.error()));
    }
    std::unique_ptr<Machine> machine{new Machine{std::move(*ram), request}};
    if (auto loaded = machine->load(request); !loaded) {
        return std::unexpected(std::move(loaded.error()));
    }
    return machine;
}

// Loads kernel, device tree and initramfs in this order, each on a 2 MiB boundary. The kernel is read
// straight into its place. The first 2 MiB of RAM are left free, as boot loaders leave them for themselves.
Result<void> Machine::load(const MachineRequest& request) {
    const std::span<std::byte> ram = ram_.bytes();
    constexpr std::uint64_t kKernelBase = kAlignment;
    if (ram.size() <= kKernelBase) {
        return std::unexpected(too_small(ram.size(), kKernelBase + kAlignment));
    }
    std::span<std::byte> place = ram.subspan(kKernelBase);
    const auto file_size = read_into(request.kernel, place);
    if (!file_size) {
        return std::unexpected(file_size.error());
    }
    const auto image = read_kernel_header(request.kernel.string(),
                                          place.first(std::min<std::uint64_t>(place.size(), *file_size)));
    if (!image) {
        return std::unexpected(image.error());
    }
    const std::uint64_t kernel_size = std::max<std::uint64_t>(image->image_size, *file_size);
    const std::uint64_t kernel = kKernelBase + image->text_offset;
    const std::uint64_t device_tree = align_up(kernel + kernel_size, kAlignment);
    const std::uint64_t initramfs = device_tree + kAlignment;
    const std::uint64_t end = initramfs + request.initramfs.size();
    if (end > ram.size()) {
        return std::unexpected(too_small(ram.size(), end + kAlignment));
    }
    if (image->text_offset != 0) {
        std::memmove(place.data() + image->text_offset, place.data(), *file_size);
    }
    const auto tree = make_device_tree({.memory_bytes = ram.size(),
                                        .boot_arguments = request.boot_arguments,
                                        .initramfs_begin = kRamBase + initramfs,
                                        .initramfs_end = kRamBase + end,
                                        .seed = request.seed});
    if (!tree) {
        return std::unexpected(tree.error());
    }
    std::ranges::copy(*tree, ram.begin() + static_cast<std::ptrdiff_t>(device_tree));
    std::ranges::copy(request.initramfs, ram.begin() + static_cast<std::ptrdiff_t>(initramfs));
    entry_ = {.pc = kRamBase + kernel, .device_tree = kRamBase + device_tree};
    return {};
}

}  // namespace levitate::vmm
