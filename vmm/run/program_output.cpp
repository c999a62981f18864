#include "vmm/run/program_output.hpp"

#include <unistd.h>

#include "vmm/run/write_all.hpp"

namespace levitate::vmm {

ProgramOutput::ProgramOutput(OutputMode mode)
    : mode_(mode),
      stdout_{.fd = STDOUT_FILENO, .captured = {}},
      stderr_{.fd = STDERR_FILENO, .captured = {}} {}

bool ProgramOutput::put(OutputStream stream, std::span<const std::byte> bytes) {
    End& end = end_of(stream);
    if (mode_ != OutputMode::Capture && !end.reader_gone) {
        end.reader_gone = !write_all(end.fd, bytes);
    }
    if (mode_ == OutputMode::Stream) {
        return true;
    }
    if (end.captured.size() + bytes.size() > kMaximumCapture) {
        return false;
    }
    end.captured.insert(end.captured.end(), bytes.begin(), bytes.end());
    return true;
}

}  // namespace levitate::vmm
