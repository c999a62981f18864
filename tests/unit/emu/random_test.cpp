// The host survives whatever the guest executes, and two runs agree.
#include <random>

#include "emu/decode/table.hpp"
#include "tests/unit/emu/cpu_fixture.hpp"

namespace levitate::emu::test {
namespace {

class RandomPrograms : public CpuTest {
  protected:
    // Fills RAM with words, of which most have a row, and runs from a random state.
    void play(std::uint64_t seed) {
        std::mt19937_64 random{seed};
        const auto rows = decode::all_rows();
        for (std::uint64_t at = 0; at < kRamSize; at += 4) {
            auto word = static_cast<std::uint32_t>(random());
            if (random() % 8 != 0) {
                const decode::Row& row = rows[random() % rows.size()];
                word = row.value | (word & ~row.mask);
            }
            put_bytes(kRamBase + at, word);
        }
        cpu.invalidate_code();
        Registers registers = cpu.registers();
        for (std::uint64_t& x : registers.x) {
            x = random() % 2 == 0 ? kRamBase + random() % kRamSize : random() >> (random() % 64);
        }
        for (Vector& v : registers.v) {
            v.d = {random(), random()};
        }
        registers.sp_el0 = kRamBase + random() % kRamSize;
        registers.sp_el1 = kRamBase + random() % kRamSize / 16 * 16;
        registers.pc = kRamBase + random() % kRamSize / 4 * 4;
        registers.pstate = random() % 2 == 0 ? spsr::kModeEl1h : spsr::kModeEl0t;
        set_register(assembly::kCpacrEl1, std::uint64_t{3} << 20);
        cpu.set_registers(registers);
        for (int i = 0; i < 40; ++i) {
            const Halt halt = cpu.run(500);
            Registers next = cpu.registers();
            next.pc = halt.reason == HaltReason::Idle || i % 4 == 3 ? kRamBase + random() % kRamSize / 4 * 4
                                                                    : next.pc;
            cpu.set_registers(next);
        }
    }
};

TEST_F(RandomPrograms, do_not_harm_the_host_and_are_repeatable) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        struct Machine : RandomPrograms {
            void TestBody() override {}
            using RandomPrograms::play;
            std::vector<std::byte> outcome() {
                std::vector<std::byte> bytes = memory;
                const Registers registers = cpu.registers();
                const auto* raw = reinterpret_cast<const std::byte*>(registers.x.data());
                bytes.insert(bytes.end(), raw, raw + sizeof registers.x);
                return bytes;
            }
        };
        Machine first;
        Machine second;
        first.play(seed);
        second.play(seed);
        ASSERT_EQ(first.outcome(), second.outcome()) << "seed " << seed;
    }
}

}  // namespace
}  // namespace levitate::emu::test
