#include "boot/device_tree.hpp"

#include <bit>

#include "lib/memory.hpp"

namespace kernel {

namespace {

constexpr std::uint32_t kMagic = 0xd00dfeed;
constexpr std::size_t kHeaderSize = 40;
constexpr std::size_t kMaximumDepth = 16;

enum Token : std::uint32_t { BeginNode = 1, EndNode = 2, Property = 3, Nop = 4, End = 9 };

// Big-endian reads that fail softly: past the end everything is zero.
class Blob {
  public:
    explicit Blob(std::span<const std::byte> bytes) : bytes_(bytes) {}

    std::size_t size() const { return bytes_.size(); }
    std::uint32_t word(std::size_t offset) const {
        if (offset > bytes_.size() || bytes_.size() - offset < sizeof(std::uint32_t)) {
            return 0;
        }
        std::uint32_t value = 0;
        copy_bytes(&value, bytes_.data() + offset, sizeof(value));
        return std::byteswap(value);
    }
    // `cells` words as one number.
    std::uint64_t number(std::size_t offset, std::uint32_t cells) const {
        std::uint64_t value = 0;
        for (std::uint32_t i = 0; i < cells; ++i) {
            value = value << 32 | word(offset + std::size_t{i} * 4);
        }
        return value;
    }
    std::string_view text(std::size_t offset) const {
        if (offset >= bytes_.size()) {
            return {};
        }
        const auto* start = reinterpret_cast<const char*>(bytes_.data() + offset);
        const std::string_view rest(start, bytes_.size() - offset);
        const std::size_t end = rest.find('\0');
        return rest.substr(0, end == std::string_view::npos ? 0 : end);
    }
    Blob part(std::size_t offset, std::size_t size) const {
        if (offset > bytes_.size() || bytes_.size() - offset < size) {
            return Blob({});
        }
        return Blob(bytes_.subspan(offset, size));
    }
    std::span<const std::byte> bytes() const { return bytes_; }

  private:
    std::span<const std::byte> bytes_;
};

// A node's properties that matter here, gathered until the node ends or its first child begins.
struct Node {
    std::string_view name;
    Blob compatible{{}};
    Blob reg{{}};
    Blob interrupts{{}};
    std::string_view device_type;
    std::string_view method;
    std::uint32_t address_cells = 2;  // for the children
    std::uint32_t size_cells = 1;
};

bool is_compatible(const Node& node, std::string_view wanted) {
    std::size_t offset = 0;
    while (offset < node.compatible.size()) {
        const std::string_view one = node.compatible.text(offset);
        if (one == wanted) {
            return true;
        }
        offset += one.size() + 1;
    }
    return false;
}

DeviceRegion region(const Node& node, const Node& parent, std::size_t index = 0) {
    const std::size_t stride = std::size_t{parent.address_cells + parent.size_cells} * 4;
    if (node.reg.size() < (index + 1) * stride) {
        return {};
    }
    return {
        .address = node.reg.number(index * stride, parent.address_cells),
        .size = node.reg.number(index * stride + std::size_t{parent.address_cells} * 4, parent.size_cells)};
}

// A GIC interrupt specifier: type (0 shared, 1 private), number, flags.
std::uint32_t interrupt(const Node& node, std::size_t index) {
    constexpr std::size_t kCells = 3;
    const std::size_t offset = index * kCells * 4;
    return node.interrupts.word(offset + 4) + (node.interrupts.word(offset) == 0 ? 32 : 16);
}

void take_node(DeviceTree& tree, const Node& node, const Node& parent) {
    if (node.device_type == "memory" && tree.memory.size == 0) {
        tree.memory = region(node, parent);
    } else if (is_compatible(node, "arm,pl011") && tree.console.size == 0) {
        tree.console = region(node, parent);
        tree.console_interrupt = interrupt(node, 0);
    } else if (is_compatible(node, "arm,pl031")) {
        tree.clock = region(node, parent);
    } else if (is_compatible(node, "arm,gic-v3")) {
        tree.interrupt_distributor = region(node, parent, 0);
        tree.interrupt_redistributor = region(node, parent, 1);
    } else if (is_compatible(node, "arm,cortex-a15-gic")) {
        tree.interrupt_distributor = region(node, parent, 0);
        tree.interrupt_cpu_interface = region(node, parent, 1);
    } else if (is_compatible(node, "arm,armv8-timer")) {
        tree.timer_interrupt = interrupt(node, 2);  // secure, non-secure, virtual, hypervisor
    } else if (is_compatible(node, "arm,psci-1.0") || is_compatible(node, "arm,psci-0.2") ||
               is_compatible(node, "arm,psci")) {
        tree.psci_by_smc = node.method == "smc";
    }
}

void take_chosen(DeviceTree& tree, std::string_view name, const Blob& value) {
    if (name == "bootargs") {
        tree.boot_arguments = value.text(0);
    } else if (name == "linux,initrd-start") {
        tree.initramfs_start = value.number(0, static_cast<std::uint32_t>(value.size() / 4));
    } else if (name == "linux,initrd-end") {
        tree.initramfs_end = value.number(0, static_cast<std::uint32_t>(value.size() / 4));
    } else if (name == "rng-seed") {
        tree.random_seed = value.bytes();
    }
}

void take_property(Node& node, std::string_view name, const Blob& value) {
    if (name == "compatible") {
        node.compatible = value;
    } else if (name == "reg") {
        node.reg = value;
    } else if (name == "interrupts") {
        node.interrupts = value;
    } else if (name == "device_type") {
        node.device_type = value.text(0);
    } else if (name == "method") {
        node.method = value.text(0);
    } else if (name == "#address-cells") {
        node.address_cells = value.word(0) <= 2 ? value.word(0) : 2;
    } else if (name == "#size-cells") {
        node.size_cells = value.word(0) <= 2 ? value.word(0) : 2;
    }
}

}  // namespace

std::size_t device_tree_size(const std::byte* start) {
    const Blob header({start, kHeaderSize});
    return header.word(0) == kMagic ? header.word(4) : 0;
}

std::optional<DeviceTree> read_device_tree(std::span<const std::byte> bytes) {
    const Blob blob(bytes);
    if (blob.word(0) != kMagic || blob.word(4) > blob.size()) {
        return std::nullopt;
    }
    const Blob structure = blob.part(blob.word(8), blob.word(36));
    const Blob strings = blob.part(blob.word(12), blob.word(32));
    DeviceTree tree;
    tree.total_size = blob.word(4);
    std::array<Node, kMaximumDepth> path{};
    std::size_t depth = 0;  // of the node we are in; 0: none yet
    std::size_t offset = 0;
    while (offset < structure.size()) {
        const std::uint32_t token = structure.word(offset);
        offset += 4;
        switch (token) {
            case BeginNode: {
                if (depth + 1 >= kMaximumDepth) {
                    return std::nullopt;
                }
                path[++depth] = Node{};
                path[depth].name = structure.text(offset);
                offset += (path[depth].name.size() + 1 + 3) & ~std::size_t{3};
                break;
            }
            case EndNode:
                if (depth == 0) {
                    return std::nullopt;
                }
                take_node(tree, path[depth], path[depth - 1]);
                --depth;
                break;
            case Property: {
                const std::size_t size = structure.word(offset);
                const std::string_view name = strings.text(structure.word(offset + 4));
                const Blob value = structure.part(offset + 8, size);
                if (depth > 0) {
                    take_property(path[depth], name, value);
                    if (depth == 2 && path[depth].name == "chosen") {
                        take_chosen(tree, name, value);
                    }
                }
                offset += 8 + ((size + 3) & ~std::size_t{3});
                break;
            }
            case Nop:
                break;
            case End:
                return tree;
            default:
                return std::nullopt;
        }
    }
    return std::nullopt;
}

}  // namespace kernel
