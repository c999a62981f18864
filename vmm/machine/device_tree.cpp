#include "vmm/machine/device_tree.hpp"

#include <fmt/format.h>
#include <libfdt.h>

#include <initializer_list>
#include <span>
#include <string_view>

#include "vmm/devices/gic_v3.hpp"
#include "vmm/machine/memory_map.hpp"

namespace levitate::vmm {
namespace {

using namespace std::literals;

constexpr std::uint32_t kInterruptControllerHandle = 1;
constexpr std::uint32_t kClockHandle = 2;
constexpr std::uint32_t kUartClockHz = 24'000'000;

// Interrupt specifiers of a GICv3 (bindings/interrupt-controller/arm,gic-v3.yaml).
constexpr std::uint32_t kSharedInterrupt = 0;
constexpr std::uint32_t kPrivateInterrupt = 1;
constexpr std::uint32_t kLevelHigh = 4;

// These numbers only complete the timer's list: the secure and the hypervisor timer do not exist here.
constexpr std::uint32_t kTimerSecureIntid = 29;
constexpr std::uint32_t kTimerHypervisorIntid = 26;

// Writes a tree in order. Keeps the first error and ignores what comes after it.
class Writer {
  public:
    explicit Writer(std::size_t capacity) : bytes_(capacity) {
        check(fdt_create(bytes_.data(), static_cast<int>(bytes_.size())));
        check(fdt_finish_reservemap(bytes_.data()));
    }

    void begin(const std::string& name) { check(fdt_begin_node(bytes_.data(), name.c_str())); }
    void end() { check(fdt_end_node(bytes_.data())); }

    void flag(const char* name) { property(name, {}); }
    void text(const char* name, std::string_view value) {
        // The NUL at the end belongs to the value. NULs inside separate the strings of a list.
        std::string terminated{value};
        terminated.push_back('\0');
        property(name, std::as_bytes(std::span{terminated}));
    }
    void cells(const char* name, std::initializer_list<std::uint32_t> values) {
        std::vector<std::uint32_t> swapped;
        for (const std::uint32_t value : values) {
            swapped.push_back(cpu_to_fdt32(value));
        }
        property(name, std::as_bytes(std::span{swapped}));
    }
    // Writes regions, with two cells each for address and size.
    void regions(const char* name, std::initializer_list<Region> regions) {
        std::vector<std::uint64_t> swapped;
        for (const Region& region : regions) {
            swapped.push_back(cpu_to_fdt64(region.base));
            swapped.push_back(cpu_to_fdt64(region.size));
        }
        property(name, std::as_bytes(std::span{swapped}));
    }
    void number64(const char* name, std::uint64_t value) {
        const std::uint64_t swapped = cpu_to_fdt64(value);
        property(name, std::as_bytes(std::span{&swapped, 1}));
    }
    void property(const char* name, std::span<const std::byte> value) {
        check(fdt_property(bytes_.data(), name, value.data(), static_cast<int>(value.size())));
    }

    Result<std::vector<std::byte>> finish() {
        check(fdt_finish(bytes_.data()));
        if (error_ != 0) {
            return failure(
                Error::Kind::Usage,
                fmt::format("cannot write the device tree: {}; is the kernel command line too long?",
                            fdt_strerror(error_)));
        }
        const void* const tree = bytes_.data();  // libfdt's macro casts it
        bytes_.resize(fdt_totalsize(tree));
        return std::move(bytes_);
    }

  private:
    void check(int result) {
        if (error_ == 0) {
            error_ = result;
        }
    }

    std::vector<std::byte> bytes_;
    int error_ = 0;
};

std::string at(std::string_view name, std::uint64_t address) {
    return fmt::format("{}@{:x}", name, address);
}

void write_chosen(Writer& tree, const DeviceTreeRequest& request) {
    tree.begin("chosen");
    if (!request.boot_arguments.empty()) {
        tree.text("bootargs", request.boot_arguments);
    }
    tree.text("stdout-path", "/" + at("pl011", kUartRegion.base));
    if (request.initramfs_end != request.initramfs_begin) {
        tree.number64("linux,initrd-start", request.initramfs_begin);
        tree.number64("linux,initrd-end", request.initramfs_end);
    }
    tree.property("rng-seed", random_seed_bytes(request.seed));
    tree.end();
}

void write_cpus(Writer& tree) {
    tree.begin("cpus");
    tree.cells("#address-cells", {1});
    tree.cells("#size-cells", {0});
    tree.begin("cpu@0");
    tree.text("device_type", "cpu");
    tree.text("compatible", "arm,neoverse-n1");
    tree.text("enable-method", "psci");
    tree.cells("reg", {0});
    tree.end();
    tree.end();

    tree.begin("psci");
    tree.text("compatible", "arm,psci-1.0\0arm,psci-0.2"sv);
    tree.text("method", "hvc");
    tree.end();
}

void write_timer(Writer& tree) {
    const auto private_number = [](std::uint32_t intid) { return intid - GicV3::kFirstPpi; };
    tree.begin("timer");
    tree.text("compatible", "arm,armv8-timer");
    tree.flag("always-on");
    tree.cells("interrupts", {kPrivateInterrupt, private_number(kTimerSecureIntid), kLevelHigh,
                              kPrivateInterrupt, private_number(kTimerPhysicalIntid), kLevelHigh,
                              kPrivateInterrupt, private_number(kTimerVirtualIntid), kLevelHigh,
                              kPrivateInterrupt, private_number(kTimerHypervisorIntid), kLevelHigh});
    tree.end();
}

void write_interrupt_controller(Writer& tree) {
    tree.begin(at("intc", kDistributorRegion.base));
    tree.text("compatible", "arm,gic-v3");
    tree.flag("interrupt-controller");
    tree.cells("#interrupt-cells", {3});
    tree.cells("#address-cells", {2});
    tree.cells("#size-cells", {2});
    tree.flag("ranges");
    tree.cells("#redistributor-regions", {1});
    tree.regions("reg", {kDistributorRegion, kRedistributorRegion});
    tree.cells("phandle", {kInterruptControllerHandle});
    tree.end();
}

void write_peripherals(Writer& tree) {
    tree.begin("apb-pclk");
    tree.text("compatible", "fixed-clock");
    tree.cells("#clock-cells", {0});
    tree.cells("clock-frequency", {kUartClockHz});
    tree.text("clock-output-names", "clk24mhz");
    tree.cells("phandle", {kClockHandle});
    tree.end();

    tree.begin(at("pl011", kUartRegion.base));
    tree.text("compatible", "arm,pl011\0arm,primecell"sv);
    tree.regions("reg", {kUartRegion});
    tree.cells("interrupts", {kSharedInterrupt, kUartSpi, kLevelHigh});
    tree.cells("clocks", {kClockHandle, kClockHandle});
    tree.text("clock-names", "uartclk\0apb_pclk"sv);
    tree.end();

    tree.begin(at("pl031", kRtcRegion.base));
    tree.text("compatible", "arm,pl031\0arm,primecell"sv);
    tree.regions("reg", {kRtcRegion});
    tree.cells("interrupts", {kSharedInterrupt, kRtcSpi, kLevelHigh});
    tree.cells("clocks", {kClockHandle});
    tree.text("clock-names", "apb_pclk");
    tree.end();
}

}  // namespace

std::array<std::byte, 64> random_seed_bytes(std::uint64_t seed) {
    std::array<std::byte, 64> bytes{};
    for (std::size_t index = 0; index < bytes.size(); index += 8) {
        seed += 0x9E37'79B9'7F4A'7C15;
        std::uint64_t mixed = seed;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58'476D'1CE4'E5B9;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D0'49BB'1331'11EB;
        mixed ^= mixed >> 31U;
        for (std::size_t byte = 0; byte < 8; ++byte) {
            bytes[index + byte] = static_cast<std::byte>(mixed >> (8 * byte));
        }
    }
    return bytes;
}

Result<std::vector<std::byte>> make_device_tree(const DeviceTreeRequest& request) {
    Writer tree{kMostDeviceTreeBytes};
    tree.begin("");
    tree.text("compatible", "linux,dummy-virt");
    tree.text("model", "levitate,virt");
    tree.cells("#address-cells", {2});
    tree.cells("#size-cells", {2});
    tree.cells("interrupt-parent", {kInterruptControllerHandle});
    write_chosen(tree, request);
    tree.begin(at("memory", kRamBase));
    tree.text("device_type", "memory");
    tree.regions("reg", {{kRamBase, request.memory_bytes}});
    tree.end();
    write_cpus(tree);
    write_timer(tree);
    write_interrupt_controller(tree);
    write_peripherals(tree);
    tree.end();
    return tree.finish();
}

}  // namespace levitate::vmm
