#include "vmm/diagnosis/kernel_symbols.hpp"

#include <gtest/gtest.h>

#include "tests/unit/vmm/test_files.hpp"

namespace levitate::vmm {
namespace {

class KernelSymbolsTest : public testing::Test {
  protected:
    TestFiles files;
};

TEST_F(KernelSymbolsTest, system_map_names_places) {
    const auto symbols =
        KernelSymbols::load(files.write("System.map",
                                        "ffff800008000000 T _text\n"
                                        "ffff800008001000 t $x\n"
                                        "ffff800008001000 T start_kernel\n"
                                        "ffff800008002000 T _ZN4core9panicking5panic17h0123456789abcdefE\n"));
    ASSERT_TRUE(symbols) << symbols.error().message;
    EXPECT_EQ(symbols->place(GuestVirt{0xffff'8000'0800'1000}), "0xffff800008001000 <start_kernel>");
    EXPECT_EQ(symbols->name(GuestVirt{0xffff'8000'0800'1010}), "start_kernel+0x10");
    EXPECT_EQ(symbols->name(GuestVirt{0xffff'8000'0800'2004}), "core::panicking::panic+0x4");
    EXPECT_EQ(symbols->place(GuestVirt{0x4020'1010}), "0x40201010");
}

TEST_F(KernelSymbolsTest, image_is_known_where_it_was_loaded) {
    auto symbols = KernelSymbols::load(
        files.write("System.map", "ffff800008000000 T _text\nffff800008001000 T start_kernel\n"));
    ASSERT_TRUE(symbols) << symbols.error().message;
    symbols->set_loaded_at(GuestPhys{0x4020'0000});
    EXPECT_EQ(symbols->name(GuestVirt{0x4020'1010}), "start_kernel+0x10");
}

TEST_F(KernelSymbolsTest, elf_of_a_program_has_its_functions) {
    const auto symbols = KernelSymbols::of_kernel(std::string{LEVITATE_TEST_PROGRAMS} + "/static");
    EXPECT_FALSE(symbols.empty());
}

TEST_F(KernelSymbolsTest, what_has_no_symbols_is_refused_with_the_remedy) {
    for (const std::string_view text : {"", "no map\n",
                                        "\x7f"
                                        "ELF"}) {
        const auto symbols = KernelSymbols::load(files.write("file", text));
        ASSERT_FALSE(symbols);
        EXPECT_EQ(symbols.error().kind, Error::Kind::Usage);
        EXPECT_NE(symbols.error().message.find("System.map"), std::string::npos);
    }
    EXPECT_FALSE(KernelSymbols::load("/nonexistent"));
    EXPECT_TRUE(KernelSymbols::of_kernel(files.write("Image", "MZ")).empty());
}

}  // namespace
}  // namespace levitate::vmm
