// The output of a program that is process 1 itself, from its own calls at the boundary.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "traces/format/event.hpp"
#include "vmm/run/program_output.hpp"

namespace levitate::vmm {

// Follows which descriptors of which tasks are the console that process 1 has as 0, 1 and 2 (Linux
// init/main.c, console_on_rootfs), and hands on what is written to them.
class ConsoleWrites final : public traces::EventSink {
  public:
    class Receiver {
      public:
        virtual ~Receiver() = default;
        virtual void on_start() = 0;
        virtual void on_output(OutputStream stream, std::span<const std::byte> bytes) = 0;
        // A call has put bytes on the console that do not pass through the program's memory (sendfile,
        // splice), so they are not known.
        virtual void on_unseen_output(const std::string& call) = 0;
    };
    explicit ConsoleWrites(Receiver& receiver) : receiver_(receiver) {}

    void begin(const traces::Header&) override {}
    void event(const traces::Event& event) override;
    void end(const std::string&) override {}

  private:
    struct Descriptor {
        OutputStream stream = OutputStream::Stdout;
        bool close_on_exec = false;
    };
    using Table = std::map<std::int64_t, Descriptor>;

    void start_task(traces::TaskNumber number, const traces::TaskStartEvent& start);
    void exec(traces::TaskNumber number);
    void syscall(Table& table, const traces::SyscallEvent& call);
    void write(const Table& table, const traces::SyscallEvent& call);
    void duplicate(Table& table, std::int64_t from, std::int64_t to, bool close_on_exec);

    Receiver& receiver_;
    std::map<traces::TaskNumber, std::shared_ptr<Table>> tables_;
};

}  // namespace levitate::vmm
