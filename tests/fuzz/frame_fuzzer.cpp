// What the guest says on its console: bytes that a hostile program or kernel may choose. They may arrive in
// pieces, which must not matter.
#include <string>
#include <vector>

#include "tests/fuzz/input.hpp"
#include "vmm/run/harness_workload.hpp"

namespace levitate::fuzz {
namespace {

constexpr vmm::init::HashKey kKey{std::byte{1}};

struct Receiver final : vmm::init::FrameDecoder::Receiver {
    void on_frame(const vmm::init::DecodedFrame& frame) override {
        require(frame.payload.size() <= vmm::init::kMaximumPayload, "a payload has its greatest length");
        vmm::init::encode_frame(vmm::init::Direction::FromInit, kKey, 0, frame, frames);
    }
    void on_text(std::string_view piece) override { text.append(piece); }

    std::vector<std::byte> frames;
    std::string text;
};

void receive(std::span<const std::byte> bytes) {
    Receiver at_once;
    vmm::init::FrameDecoder decoder{vmm::init::Direction::FromInit, kKey, at_once};
    decoder.feed(bytes);

    Receiver one_by_one;
    vmm::init::FrameDecoder other{vmm::init::Direction::FromInit, kKey, one_by_one};
    const vmm::RunSpec spec;
    vmm::RunHooks hooks;
    hooks.capture_output = true;
    vmm::Pl011 uart{[](vmm::Level) {}, [](std::byte) {}};
    vmm::HarnessWorkload workload{spec, hooks, kKey};
    workload.connect(uart, [] {});
    for (const std::byte byte : bytes) {
        other.feed({&byte, 1});
        workload.receive(byte);
    }
    require(at_once.frames == one_by_one.frames, "the same frames, in whatever pieces they come");
    require(at_once.text == one_by_one.text, "the same text, in whatever pieces it comes");
    require(decoder.lost_frames() == other.lost_frames(), "the same number of lost frames");
    require(workload.kernel_log() == at_once.text, "the log keeps what is no frame");
    require(workload.log().last_words().size() <= at_once.text.size(), "the last words are among the text");
}

}  // namespace
}  // namespace levitate::fuzz

// The first byte says whether frames follow as they stand on the line, or as type, length and payload, to be
// encoded: no mutation finds a valid tag.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    levitate::fuzz::Input input{{data, size}};
    const bool raw = input.take<std::uint8_t>() % 2 == 0;
    if (raw) {
        levitate::fuzz::receive(std::as_bytes(input.rest()));
        return 0;
    }
    levitate::vmm::init::FrameEncoder encoder{levitate::vmm::init::Direction::FromInit, levitate::fuzz::kKey};
    std::vector<std::byte> line;
    while (!input.rest().empty()) {
        const auto type = input.take<std::uint8_t>() % 0x3f;
        const auto length = std::min<std::size_t>(input.take<std::uint8_t>(), input.rest().size());
        std::vector<std::byte> payload;
        while (payload.size() < length) {
            payload.push_back(input.take<std::byte>());
        }
        encoder.append(static_cast<levitate::vmm::init::FrameType>(type), payload, line);
    }
    levitate::fuzz::receive(line);
    return 0;
}
