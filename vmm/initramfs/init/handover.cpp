#include "vmm/initramfs/init/handover.hpp"

#include <fcntl.h>
#include <linux/random.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/descriptor.hpp"

namespace levitate::vmm::init {

std::optional<Handover> take_over() {
    const auto ticket = await_run();
    if (!ticket) {
        return std::nullopt;
    }
    Handover handover{.ticket = *ticket, .failure = std::nullopt};
    Unpacker unpacker;
    for (auto frame = borrow_by_call(ticket->key); frame && frame->type == FrameType::Root;
         frame = borrow_by_call(ticket->key)) {
        if (!unpacker.has_failed()) {
            unpacker.feed(frame->payload);
        }
    }
    if (!unpacker.finish()) {
        handover.failure = unpacker.failure();
    }
    return handover;
}

// What is written is mixed into the pool, from which RNDRESEEDCRNG takes a new key at once (man 4 random).
void reseed(std::uint64_t seed) {
    const Descriptor device{::open("/dev/urandom", O_WRONLY | O_CLOEXEC)};
    if (::write(device.get(), &seed, sizeof seed) == sizeof seed) {
        ::ioctl(device.get(), RNDRESEEDCRNG);
    }
}

}  // namespace levitate::vmm::init
