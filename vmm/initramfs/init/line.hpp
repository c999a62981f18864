// init's end of the line to the host: frames by calls to the engine, and over the console where no engine
// answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "vmm/initramfs/init/channel.hpp"
#include "vmm/initramfs/init/frame.hpp"

namespace levitate::vmm::init {

class Line final : private FrameDecoder::Receiver {
  public:
    // `console` is a terminal that has been set raw; it is not closed. -1: there is none.
    Line(int console, const HashKey& key)
        : console_(console),
          key_(key),
          encoder_(Direction::FromInit, key),
          decoder_(Direction::ToInit, key, *this) {}

    // Blocks until everything is written. If the line does not take it, there is no way to report that, so
    // init ends. The first frame finds out which way there is.
    void send(FrameType type, std::span<const std::byte> payload);
    void send_number(FrameType type, std::uint32_t number);
    void send_text(FrameType type, std::string_view text);

    // What becomes readable when there is something to receive.
    int descriptor() const { return console_; }
    // Standard input that the line carries at a time.
    std::uint32_t stdin_window() const { return way_ == Way::Calls ? kChannelStdinWindow : kStdinWindow; }
    // Reads what has arrived, blocking if nothing has, and returns the frames that are complete.
    std::vector<DecodedFrame> receive();

  private:
    void on_frame(const DecodedFrame& frame) override { received_.push_back(frame); }
    // Noise on the line: the host sends nothing but frames.
    void on_text(std::string_view) override {}

    enum class Way { Unknown, Calls, Console };
    bool send_by_calls(FrameType type, std::span<const std::byte> payload);
    void send_by_console(FrameType type, std::span<const std::byte> payload);

    int console_;
    HashKey key_;
    Way way_ = Way::Unknown;
    FrameEncoder encoder_;
    FrameDecoder decoder_;
    std::vector<DecodedFrame> received_;
};

}  // namespace levitate::vmm::init
