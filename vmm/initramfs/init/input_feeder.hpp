// Standard input of a program that has a pipe for it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "vmm/descriptor.hpp"
#include "vmm/initramfs/init/line.hpp"
#include "vmm/initramfs/init/run_description.hpp"

namespace levitate::vmm::init {

// What the program reads: bytes wait here until its pipe takes them.
class InputFeeder {
  public:
    InputFeeder(const Case& one, Descriptor pipe, Line& line) : pipe_(std::move(pipe)), line_(line) {
        live_ = one.input == Input::Live;
        pending_ = one.input_bytes;
        ended_ = !live_;
        ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
        // The pipe is filled as far as it goes, and closed if that was everything, before the program starts.
        // So what the program sees does not depend on when init runs.
        if (!is_empty()) {
            feed();
        }
        close_if_done();
    }

    // The input goes elsewhere.
    void leave() { pipe_.close(); }

    // Asks the host for input. Does nothing if the input is part of the case.
    void ask_for_input() {
        if (live_) {
            line_.send_number(FrameType::StdinCredit, line_.stdin_window());
        }
    }

    pollfd poll_request() const {
        return {.fd = pipe_.get(), .events = static_cast<short>(is_empty() ? 0 : POLLOUT), .revents = 0};
    }
    bool is_open() const { return pipe_.is_open(); }
    void add(std::span<const std::byte> bytes) {
        pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    void end() {
        ended_ = true;
        close_if_done();
    }

    void on_poll(short events) {
        if ((events & POLLERR) != 0) {
            reader_gone();
            return;
        }
        if ((events & POLLOUT) != 0) {
            feed();
        }
    }

  private:
    void feed() {
        const ssize_t written = ::write(pipe_.get(), pending_.data() + fed_, pending_.size() - fed_);
        if (written < 0) {
            if (errno == EPIPE) {
                reader_gone();
            }
            return;
        }
        fed_ += static_cast<std::size_t>(written);
        if (is_empty()) {
            pending_.clear();
            fed_ = 0;
        }
        if (live_ && !ended_) {
            line_.send_number(FrameType::StdinCredit, static_cast<std::uint32_t>(written));
        }
        close_if_done();
    }
    bool is_empty() const { return fed_ == pending_.size(); }
    void reader_gone() {
        pipe_.close();
        if (live_) {
            line_.send(FrameType::StdinClosed, {});
        }
    }
    void close_if_done() {
        if (ended_ && is_empty()) {
            pipe_.close();
        }
    }

    Descriptor pipe_;
    Line& line_;
    bool live_ = false;
    bool ended_ = false;
    std::string pending_;
    std::size_t fed_ = 0;  // of pending_: what the pipe has taken
};

}  // namespace levitate::vmm::init
