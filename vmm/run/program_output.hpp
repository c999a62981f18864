// A program's standard output and standard error on the host: written to ours, kept, or both.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace levitate::vmm {

enum class OutputMode {
    Stream,            // to our own stdout and stderr as it arrives
    Capture,           // kept
    StreamAndCapture,  // both
};

enum class OutputStream { Stdout, Stderr };

class ProgramOutput {
  public:
    // A program that never stops writing must not fill the host's memory.
    static constexpr std::size_t kMaximumCapture = 64U << 20U;

    explicit ProgramOutput(OutputMode mode);

    // False: so much is kept already that these bytes are not.
    bool put(OutputStream stream, std::span<const std::byte> bytes);
    // Nobody reads our own stream any more. What is put to it is lost.
    bool reader_gone(OutputStream stream) const { return end_of(stream).reader_gone; }
    std::vector<std::byte>& captured(OutputStream stream) { return end_of(stream).captured; }

  private:
    struct End {
        int fd;
        std::vector<std::byte> captured;
        bool reader_gone = false;
    };

    End& end_of(OutputStream stream) { return stream == OutputStream::Stdout ? stdout_ : stderr_; }
    const End& end_of(OutputStream stream) const {
        return stream == OutputStream::Stdout ? stdout_ : stderr_;
    }

    OutputMode mode_;
    End stdout_;
    End stderr_;
};

}  // namespace levitate::vmm
