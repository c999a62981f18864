// signalfd(2): pending signals that are read (Linux fs/signalfd.c).
#pragma once

#include "fs/anonymous.hpp"
#include "signal/signals.hpp"

namespace kernel {

// Who reads or polls gets that task's signals, whoever opened the file.
class SignalFile final : public AnonymousFile {
  public:
    SignalFile(Path path, unsigned flags, SignalSet wanted)
        : AnonymousFile(std::move(path), O_RDWR | flags), wanted_(wanted) {}

    void set_wanted(SignalSet wanted);

    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& place, TransferMode mode) override;
    Result<std::int64_t> seek(std::int64_t offset, int whence) override;
    std::uint32_t poll(PollRegistrar* registrar) override;
    void describe(TextBuffer& out) override;
    SignalFile* as_signal_file() override { return this; }

  private:
    SignalSet wanted_;
};

}  // namespace kernel
