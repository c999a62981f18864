// An engine that runs nothing: a test says which registers and memory the guest has at each exit.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "vmm/engine/engine.hpp"

namespace levitate::vmm::test {

class FakeEngine final : public Engine {
  public:
    VcpuRegisters state;
    std::chrono::nanoseconds time{};
    std::uint64_t retired = 0;
    Stops stops;

    // Memory has byte granularity; what was never written is not mapped.
    void put(std::uint64_t address, std::span<const std::byte> bytes) {
        for (const std::byte byte : bytes) {
            memory_[address++] = byte;
        }
    }
    template <typename T>
    void put_value(std::uint64_t address, const T& thing) {
        put(address, std::as_bytes(std::span(&thing, 1)));
    }
    void put_words(std::uint64_t address, const std::vector<std::uint64_t>& words) {
        put(address, std::as_bytes(std::span(words)));
    }
    void put_string(std::uint64_t address, std::string_view text) {
        put(address, std::as_bytes(std::span(text)));
        put_value(address + text.size(), '\0');
    }

    Exit run(std::uint64_t /*instructions*/) override { return {}; }
    void request_stop() override {}
    VcpuRegisters registers() const override { return state; }
    void set_registers(const VcpuRegisters& registers) override { state = registers; }
    std::optional<GuestPhys> translate(GuestVirt address, View /*view*/) const override {
        return GuestPhys{value(address)};
    }
    std::size_t read_memory(GuestVirt address, std::span<std::byte> into, View /*view*/) const override {
        for (std::size_t done = 0; done < into.size(); ++done) {
            const auto found = memory_.find(value(address) + done);
            if (found == memory_.end()) {
                return done;
            }
            into[done] = found->second;
        }
        return into.size();
    }
    std::size_t write_memory(GuestVirt address, std::span<const std::byte> from, View /*view*/) override {
        put(value(address), from);
        return from.size();
    }
    std::vector<TakenException> recent_exceptions() const override { return {}; }
    std::vector<LastCall> last_calls() const override { return {}; }
    std::uint64_t call_count() const override { return 0; }
    void watch_influences(bool /*watch*/) override {}
    Influences influences() const override { return {}; }
    bool interrupt_is_due() const override { return false; }
    std::vector<std::uint64_t> state_words() const override { return {}; }
    GuestVirt program_counter() const override { return GuestVirt{state.pc}; }
    void set_channel_svc(std::uint16_t) override {}
    void set_stops(const Stops& wanted) override { stops = wanted; }
    EngineStatistics statistics() const override { return {}; }
    std::uint64_t retired_instructions() const override { return retired; }
    std::chrono::nanoseconds guest_time() const override { return time; }

  private:
    std::map<std::uint64_t, std::byte> memory_;
};

}  // namespace levitate::vmm::test
