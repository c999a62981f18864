#include "vmm/machine/device_tree.hpp"

#include <string_view>

#include "vmm/machine/device_tree_devices.hpp"
#include "vmm/machine/device_tree_writer.hpp"
#include "vmm/machine/memory_map.hpp"

namespace levitate::vmm {
namespace {

using namespace std::literals;

void write_chosen(DeviceTreeWriter& tree, const DeviceTreeRequest& request) {
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

void write_cpus(DeviceTreeWriter& tree) {
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
    tree.text("compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci"sv);
    tree.text("method", "hvc");
    // For the driver of version 0.1, which had no numbers of its own.
    tree.cells("cpu_suspend", {0xC400'0001});
    tree.cells("cpu_off", {0x8400'0002});
    tree.cells("cpu_on", {0xC400'0003});
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
    DeviceTreeWriter tree{kMostDeviceTreeBytes};
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
    write_devices(tree, request.gic);
    tree.end();
    return tree.finish();
}

}  // namespace levitate::vmm
