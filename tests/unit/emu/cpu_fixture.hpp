// A CPU with a little RAM, a bus that remembers and an interrupt controller that is told what is pending.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "emu/cpu.hpp"
#include "emu/system/pstate.hpp"
#include "tests/unit/emu/assembly.hpp"

namespace levitate::emu::test {

inline constexpr std::uint64_t kRamBase = 0x40000000;
inline constexpr std::uint64_t kRamSize = 1 << 20;
inline constexpr std::uint64_t kCodeBase = kRamBase + 0x10000;
inline constexpr std::uint64_t kVectors = kRamBase + 0x20000;
inline constexpr std::uint64_t kDataBase = kRamBase + 0x30000;
inline constexpr std::uint64_t kTables = kRamBase + 0x40000;
inline constexpr std::uint64_t kDeviceBase = 0x09000000;
inline constexpr std::uint64_t kDeviceSize = 0x1000;

class DeviceBus final : public Bus {
  public:
    std::optional<std::uint64_t> read(std::uint64_t address, unsigned /*size*/) override {
        return answers(address) ? std::optional{registers[address]} : std::nullopt;
    }
    bool write(std::uint64_t address, unsigned /*size*/, std::uint64_t value) override {
        if (answers(address)) {
            registers[address] = value;
        }
        return answers(address);
    }
    std::map<std::uint64_t, std::uint64_t> registers;

  private:
    static bool answers(std::uint64_t address) { return address - kDeviceBase < kDeviceSize; }
};

class Controller final : public InterruptController {
  public:
    Signal signalled() override { return signal; }
    std::optional<Pending> highest_pending() override { return pending; }
    void acknowledge(std::uint32_t intid) override {
        acknowledged.push_back(intid);
        pending.reset();
    }
    void deactivate(std::uint32_t intid) override { deactivated.push_back(intid); }
    void send_sgi(std::uint64_t value) override { sgis.push_back(value); }
    void set_timer_output(TimerOutput output, bool level) override {
        edges.emplace_back(output, level);
        if (output == TimerOutput::Virtual && raises_timer_interrupts) {
            pending = level ? std::optional{Pending{27, 0xa0}} : std::nullopt;
        }
    }

    Signal signal = Signal::None;  // where the CPU has no ICC_*_EL1
    std::optional<Pending> pending;
    bool raises_timer_interrupts = true;
    std::vector<std::uint32_t> acknowledged;
    std::vector<std::uint32_t> deactivated;
    std::vector<std::uint64_t> sgis;
    std::vector<std::pair<TimerOutput, bool>> edges;
};

class CpuTest : public testing::Test {
  protected:
    CpuTest() : CpuTest(Config{}) {}
    // The RAM is added to `config`.
    explicit CpuTest(Config config) : cpu{with_ram(std::move(config)), bus, controller} {
        set_register(assembly::kVbarEl1, kVectors);
    }

    void put(std::uint64_t address, std::initializer_list<std::uint32_t> words) {
        std::uint64_t at = address;
        for (const std::uint32_t word : words) {
            put_bytes(at, word);
            at += sizeof word;
        }
        cpu.invalidate_code();
    }
    template <class T>
    void put_bytes(std::uint64_t address, T value) {
        std::memcpy(&memory.at(address - kRamBase), &value, sizeof value);
    }
    std::uint64_t read_u64(std::uint64_t address) const {
        std::uint64_t value = 0;
        std::memcpy(&value, &memory.at(address - kRamBase), sizeof value);
        return value;
    }

    // Executes an MSR of `value` at EL1, wherever the CPU stands, and puts everything else back.
    void set_register(std::uint16_t encoding, std::uint64_t value) {
        execute_privileged(assembly::msr(encoding, 0), value);
    }
    void execute_privileged(std::uint32_t word, std::uint64_t x0 = 0) {
        const Registers before = cpu.registers();
        const std::uint64_t scratch = kRamBase + 0x1000;
        put(scratch, {word});
        Registers at = before;
        at.pc = scratch;
        at.pstate = spsr::kModeEl1h | spsr::kDaif;
        at.x[0] = x0;
        cpu.set_registers(at);
        cpu.run(1);
        Registers after = before;
        after.sp_el0 = cpu.registers().sp_el0;
        cpu.set_registers(after);
    }
    std::uint64_t get_register(std::uint16_t encoding) const {
        const std::optional<std::uint64_t> value = cpu.system_register(encoding);
        EXPECT_TRUE(value.has_value());
        return value.value_or(0);
    }

    // Stands at `address` with this PSTATE.
    void stand_at(std::uint64_t address, std::uint64_t pstate = spsr::kModeEl1h | spsr::kDaif) {
        Registers registers = cpu.registers();
        registers.pc = address;
        registers.pstate = pstate;
        cpu.set_registers(registers);
    }
    void set_x(unsigned number, std::uint64_t value) {
        Registers registers = cpu.registers();
        registers.x.at(number) = value;
        cpu.set_registers(registers);
    }
    std::uint64_t x(unsigned number) const { return cpu.registers().x.at(number); }
    std::uint64_t pc() const { return cpu.registers().pc; }
    unsigned exception_class() const { return static_cast<unsigned>(get_register(assembly::kEsrEl1) >> 26); }
    std::uint64_t syndrome() const { return get_register(assembly::kEsrEl1) & 0x1ffffff; }

    std::vector<std::byte> memory = std::vector<std::byte>(kRamSize);
    DeviceBus bus;
    Controller controller;
    Cpu cpu;

  private:
    Config with_ram(Config config) {
        config.ram = {{kRamBase, memory}};
        return config;
    }
};

}  // namespace levitate::emu::test
