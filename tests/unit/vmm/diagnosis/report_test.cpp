#include "vmm/diagnosis/report.hpp"

#include <gtest/gtest.h>

#include "tests/unit/vmm/engine/fake_engine.hpp"

namespace levitate::vmm {
namespace {

TEST(Report, last_lines_are_the_last_without_empty_ones) {
    EXPECT_EQ(last_lines("", 2), "");
    EXPECT_EQ(last_lines("\r\n\n", 2), "");
    EXPECT_EQ(last_lines("one", 2), "one");
    EXPECT_EQ(last_lines("one\r\ntwo\r\n", 2), "one\ntwo");
    EXPECT_EQ(last_lines("one\ntwo\nthree\n\n", 2), "two\nthree");
    EXPECT_EQ(last_lines("\none\ntwo", 2), "one\ntwo");
}

TEST(Report, code_that_is_not_mapped_is_said_to_be) {
    test::FakeEngine engine;
    engine.state.pc = 0x4008'0000;
    engine.state.pstate = 0x3c5;
    const KernelSymbols none;
    const std::string text = describe({.engine = engine,
                                       .symbols = none,
                                       .console = "",
                                       .access = {},
                                       .loop = std::nullopt,
                                       .is_idle = false,
                                       .seen_at = {},
                                       .task_name = nullptr});
    EXPECT_EQ(text,
              "  the console is silent: no byte came from the kernel\n"
              "  the CPU is at EL1, PC 0x40080000, interrupts masked\n"
              "    0x40080000  (nothing can be fetched here)\n");
}

TEST(Report, code_is_disassembled_around_the_pc) {
    test::FakeEngine engine;
    engine.state.pc = 0x4008'0004;
    engine.state.pstate = 0x5;
    engine.put_value(0x4008'0000, std::uint32_t{0xD503'207F});
    engine.put_value(0x4008'0004, std::uint32_t{0x17FF'FFFF});
    const KernelSymbols none;
    const std::string text = describe({.engine = engine,
                                       .symbols = none,
                                       .console = "hello\n",
                                       .access = {},
                                       .loop = std::nullopt,
                                       .is_idle = false,
                                       .seen_at = {},
                                       .task_name = nullptr});
    EXPECT_EQ(text,
              "  the console's last lines:\n"
              "    | hello\n"
              "  the CPU is at EL1, PC 0x40080004\n"
              "    0x40080000  wfi\n"
              "    0x40080004  b #0x40080000\n");
}

}  // namespace
}  // namespace levitate::vmm
