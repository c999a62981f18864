#include "vmm/devices/virtio_mmio.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace levitate::vmm {
namespace {

// Offsets of registers (4.2.2 and, for the legacy interface, 4.2.4).
enum Register : std::uint64_t {
    kMagic = 0x000,
    kVersion = 0x004,
    kDeviceId = 0x008,
    kVendor = 0x00C,
    kDeviceFeatures = 0x010,
    kDeviceFeaturesSelector = 0x014,
    kDriverFeatures = 0x020,
    kDriverFeaturesSelector = 0x024,
    kGuestPageSize = 0x028,  // legacy
    kQueueSelector = 0x030,
    kQueueMostDescriptors = 0x034,
    kQueueDescriptors = 0x038,
    kQueueAlignment = 0x03C,   // legacy
    kQueuePageNumber = 0x040,  // legacy
    kQueueReady = 0x044,
    kQueueNotify = 0x050,
    kInterruptStatus = 0x060,
    kInterruptAcknowledge = 0x064,
    kStatus = 0x070,
    kDescriptorsLow = 0x080,
    kDescriptorsHigh = 0x084,
    kAvailableLow = 0x090,
    kAvailableHigh = 0x094,
    kUsedLow = 0x0A0,
    kUsedHigh = 0x0A4,
    kConfigurationGeneration = 0x0FC,
    kConfiguration = 0x100,
};

constexpr std::uint32_t kMagicValue = 0x7472'6976;  // "virt"
constexpr std::uint32_t kLegacyVersion = 1;
constexpr std::uint32_t kModernVersion = 2;
constexpr std::uint32_t kVendorValue = 0x554D'4551;  // "QEMU"

// Device status (2.1).
constexpr std::uint32_t kFeaturesOk = 8;
constexpr std::uint32_t kNeedsReset = 64;

// Reasons of an interrupt.
constexpr std::uint32_t kUsedBuffer = 1;
constexpr std::uint32_t kConfigurationChange = 2;

constexpr std::uint64_t kAnyLayout = std::uint64_t{1} << 27U;  // VIRTIO_F_ANY_LAYOUT
constexpr std::uint64_t kVersion1 = std::uint64_t{1} << 32U;   // VIRTIO_F_VERSION_1

std::uint32_t half(std::uint64_t value, std::uint32_t selector) {
    return selector > 1 ? 0 : static_cast<std::uint32_t>(value >> (32 * selector));
}

void set_half(std::uint64_t& value, unsigned which, std::uint32_t to) {
    const unsigned shift = 32 * which;
    value = (value & ~(std::uint64_t{0xFFFF'FFFF} << shift)) | (std::uint64_t{to} << shift);
}

}  // namespace

VirtioMmio::VirtioMmio(VirtioForm form, GuestMemory& memory, InterruptLine interrupt)
    : form_(form), memory_(memory), interrupt_(std::move(interrupt)) {}

std::uint64_t VirtioMmio::offered() const {
    return device_->features() | (form_ == VirtioForm::Legacy ? kAnyLayout : kVersion1);
}

// Registers are 32 bits wide. QEMU lets narrower accesses through only where there is no device.
std::optional<std::uint64_t> VirtioMmio::read(std::uint64_t offset, unsigned size) {
    if (device_ && offset >= kConfiguration) {
        return read_configuration(offset - kConfiguration, size);
    }
    if (size < 4) {
        return device_ ? 0 : read_register(offset) & ((1U << (size * 8)) - 1);
    }
    const std::uint64_t low = read_register(offset);
    return size == 8 ? low | (std::uint64_t{read_register(offset + 4)} << 32U) : low;
}

bool VirtioMmio::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (device_ && size >= 4) {
        write_register(offset, static_cast<std::uint32_t>(value));
        if (size == 8) {
            write_register(offset + 4, static_cast<std::uint32_t>(value >> 32U));
        }
    }
    return true;
}

// Behind the device's own fields there are zeros.
std::uint64_t VirtioMmio::read_configuration(std::uint64_t offset, unsigned size) const {
    const std::span<const std::byte> fields = device_->configuration();
    std::uint64_t value = 0;
    if (offset < fields.size()) {
        std::memcpy(&value, fields.data() + offset, std::min<std::size_t>(size, fields.size() - offset));
    }
    return value;
}

std::uint32_t VirtioMmio::read_register(std::uint64_t offset) const {
    switch (offset) {
        case kMagic:
            return kMagicValue;
        case kVersion:
            return form_ == VirtioForm::Legacy ? kLegacyVersion : kModernVersion;
        case kVendor:
            return kVendorValue;
        default:
            break;
    }
    if (!device_) {
        return 0;
    }
    switch (offset) {
        case kDeviceId:
            return device_->id();
        case kDeviceFeatures:
            return half(offered(), device_features_selector_);
        case kQueueMostDescriptors:
            return queue_selector_ < device_->queues() ? Virtqueue::kMostDescriptors : 0;
        case kQueuePageNumber:
            return form_ == VirtioForm::Legacy && queue_selector_ < device_->queues()
                       ? queues_.at(queue_selector_).page_number
                       : 0;
        case kQueueReady:
            return form_ == VirtioForm::Modern && queue_selector_ < device_->queues() &&
                           queues_.at(queue_selector_).ring.is_ready()
                       ? 1
                       : 0;
        case kInterruptStatus:
            return interrupt_status_;
        case kStatus:
            return status_;
        default:
            return 0;  // kConfigurationGeneration too: the configuration never changes
    }
}

void VirtioMmio::write_register(std::uint64_t offset, std::uint32_t value) {
    switch (offset) {
        case kDeviceFeaturesSelector:
            device_features_selector_ = value;
            return;
        case kDriverFeatures:
            if (driver_features_selector_ <= 1) {
                set_half(accepted_, driver_features_selector_, value);
            }
            return;
        case kDriverFeaturesSelector:
            driver_features_selector_ = value;
            return;
        case kGuestPageSize:
            page_size_ = value;
            return;
        case kQueueSelector:
            queue_selector_ = value;
            return;
        case kQueueNotify:
            serve(value);
            return;
        case kInterruptAcknowledge:
            interrupt_status_ &= ~value;
            interrupt_(interrupt_status_ != 0 ? Level::High : Level::Low);
            return;
        case kStatus:
            set_status(value);
            return;
        default:
            break;
    }
    if (queue_selector_ < device_->queues()) {
        form_ == VirtioForm::Legacy ? write_legacy(offset, value) : write_modern(offset, value);
    }
}

void VirtioMmio::write_legacy(std::uint64_t offset, std::uint32_t value) {
    Queue& queue = queues_.at(queue_selector_);
    switch (offset) {
        case kQueueDescriptors:
            queue.size = value;
            break;
        case kQueueAlignment:
            queue.alignment = value;
            break;
        case kQueuePageNumber:
            set_legacy_queue(value);
            break;
        default:
            break;
    }
}

// 2.7.2: the three parts stand behind one another, the used ring at a multiple of the alignment.
void VirtioMmio::set_legacy_queue(std::uint32_t page_number) {
    Queue& queue = queues_.at(queue_selector_);
    queue.page_number = page_number;
    if (page_number == 0) {
        queue.ring.reset();
        return;
    }
    constexpr std::uint64_t kDescriptorBytes = 16;
    constexpr std::uint64_t kAvailableRingEnds = 6;
    const std::uint64_t alignment = std::max(queue.alignment, 1U);
    const std::uint64_t base = std::uint64_t{page_number} * page_size_;
    const std::uint64_t available = base + queue.size * kDescriptorBytes;
    const std::uint64_t available_end =
        available + queue.size * std::uint64_t{sizeof(std::uint16_t)} + kAvailableRingEnds;
    const std::uint64_t used = (available_end + alignment - 1) / alignment * alignment;
    queue.ring.set_up(memory_, queue.size, {.descriptors = base, .available = available, .used = used});
}

void VirtioMmio::write_modern(std::uint64_t offset, std::uint32_t value) {
    Queue& queue = queues_.at(queue_selector_);
    switch (offset) {
        case kQueueDescriptors:
            queue.size = value;
            break;
        case kDescriptorsLow:
        case kDescriptorsHigh:
            set_half(queue.addresses.descriptors, offset == kDescriptorsHigh ? 1 : 0, value);
            break;
        case kAvailableLow:
        case kAvailableHigh:
            set_half(queue.addresses.available, offset == kAvailableHigh ? 1 : 0, value);
            break;
        case kUsedLow:
        case kUsedHigh:
            set_half(queue.addresses.used, offset == kUsedHigh ? 1 : 0, value);
            break;
        case kQueueReady:
            if (value == 1) {
                queue.ring.set_up(memory_, queue.size, queue.addresses);
            } else {
                queue.ring.reset();
            }
            break;
        default:
            break;
    }
}

// 3.1.1: what was not offered must not be accepted, and a modern driver has to accept VIRTIO_F_VERSION_1.
void VirtioMmio::set_status(std::uint32_t value) {
    if (value == 0) {
        reset();
        return;
    }
    status_ = (status_ & kNeedsReset) | value;
    const bool accepted = (accepted_ & ~offered()) == 0 && (accepted_ & kVersion1) != 0;
    if (form_ == VirtioForm::Modern && !accepted) {
        status_ &= ~kFeaturesOk;
    }
}

// The page size stays: Linux's driver sets it once, before it resets the device.
void VirtioMmio::reset() {
    queues_ = {};
    queue_selector_ = 0;
    device_features_selector_ = 0;
    driver_features_selector_ = 0;
    accepted_ = 0;
    status_ = 0;
    interrupt_status_ = 0;
    interrupt_(Level::Low);
}

void VirtioMmio::serve(std::uint32_t queue) {
    if (queue >= device_->queues() || !device_->serves(queue)) {
        return;
    }
    Virtqueue& ring = queues_.at(queue).ring;
    bool used = false;
    while (const auto request = ring.next(memory_)) {
        ring.complete(memory_, *request, device_->serve(queue, *request, memory_));
        used = true;
    }
    if (ring.is_broken() && (status_ & kNeedsReset) == 0) {
        status_ |= kNeedsReset;
        raise(kConfigurationChange);
    }
    if (used && ring.wants_interrupt(memory_)) {
        raise(kUsedBuffer);
    }
}

void VirtioMmio::raise(std::uint32_t reasons) {
    interrupt_status_ |= reasons;
    interrupt_(Level::High);
}

void VirtioMmio::transfer_state(StateTransfer& transfer) {
    transfer.values(queues_, queue_selector_, device_features_selector_, driver_features_selector_, accepted_,
                    page_size_, status_, interrupt_status_);
    if (device_) {
        device_->transfer_state(transfer);
    }
}

}  // namespace levitate::vmm
