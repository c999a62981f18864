// How init gets what it is to run in a guest that was booted, and saved, before that was known.
#pragma once

#include <cstdint>
#include <optional>

#include "vmm/initramfs/init/archive.hpp"
#include "vmm/initramfs/init/channel.hpp"

namespace levitate::vmm::init {

struct Handover {
    RunTicket ticket;
    std::optional<UnpackFailure> failure;
};

// Waits for the host and unpacks what it sends, the description of the run included. To be called before
// anything is mounted. nullopt: no host answers.
std::optional<Handover> take_over();

// Makes the kernel's random numbers depend on the seed: those that it would give from here on were the same
// in every run. Needs /dev.
void reseed(std::uint64_t seed);

}  // namespace levitate::vmm::init
