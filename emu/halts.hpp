// What the user of the CPU, a debugger or a tracer, has asked to hear of, and the halt that is to come.
// Private to emu.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "emu/cpu.hpp"

namespace levitate::emu {

class Halts {
  public:
    void set_boundary_halts(bool enabled) { at_boundary_ = enabled; }
    void set_watched_svc(std::uint16_t immediate) { watched_svc_ = immediate; }
    void set_watched_ranges(std::span<const WatchedRange> ranges);
    void set_breakpoints(std::span<const std::uint64_t> addresses);

    // Whether exceptions from EL0 and returns to EL0 halt.
    bool at_boundary() const { return at_boundary_; }
    bool watches_svc(std::uint32_t immediate) const { return watched_svc_ == immediate; }
    // Whether a breakpoint is in the 4 KiB page at `page`, and whether one is at `address`.
    bool has_breakpoint_in(std::uint64_t page) const;
    bool has_breakpoint_at(std::uint64_t address) const;
    // Whether a watched range touches [address, address + size) in the address space of this TTBR0_EL1.
    bool watches(std::uint64_t ttbr0, std::uint64_t address, std::uint64_t size) const;

    // run() halts after the instruction that is being executed.
    void request(const Halt& halt) { next_ = halt; }
    // Likewise, for a load that has read [address, address + size), of which something is watched. Another
    // access of the same instruction extends what the halt reports.
    void request_for_load(std::uint64_t address, unsigned size);
    // The instruction of `request` did not retire after all.
    void withdraw() { next_.reset(); }
    // The instruction that was executed last is at `pc`: that is where a watched load was.
    void set_load_address(std::uint64_t pc);

    bool is_requested() const { return next_.has_value(); }
    // The requested halt, which is then no longer requested.
    std::optional<Halt> take();

  private:
    bool at_boundary_ = false;
    std::optional<std::uint32_t> watched_svc_;
    std::optional<Halt> next_;
    std::vector<WatchedRange> watched_;
    std::vector<std::uint64_t> breakpoints_;  // in ascending order
};

}  // namespace levitate::emu
