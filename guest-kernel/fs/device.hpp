// Character devices, by number.
#pragma once

#include "fs/file.hpp"

namespace kernel {

namespace devices {
inline constexpr DeviceNumber kNull{1, 3};
inline constexpr DeviceNumber kZero{1, 5};
inline constexpr DeviceNumber kFull{1, 7};
inline constexpr DeviceNumber kRandom{1, 8};
inline constexpr DeviceNumber kUrandom{1, 9};
inline constexpr DeviceNumber kTty{5, 0};
inline constexpr DeviceNumber kConsole{5, 1};
inline constexpr DeviceNumber kPtmx{5, 2};
inline constexpr DeviceNumber kSerial{204, 64};  // ttyAMA0
}  // namespace devices

// How a driver outside this folder opens the devices that it has announced.
using DeviceOpener = Result<Ref<File>> (*)(const Path& path, unsigned flags);
// Announces a device, once for each number. At start.
void add_character_device(DeviceNumber number, DeviceOpener open);
// The same for all devices of a major number.
void add_character_devices(std::uint32_t major, DeviceOpener open);

// Opens the device that a node stands for. ENXIO: there is none of that number.
Result<Ref<File>> open_character_device(const Path& path, unsigned flags);

}  // namespace kernel
