#include "vmm/debugger/main_symbol.hpp"

#include <gtest/gtest.h>

#include "tests/unit/vmm/test_files.hpp"

namespace levitate::vmm {
namespace {

TEST(RustMain, is_main_at_the_root_of_a_crate) {
    EXPECT_TRUE(is_rust_main("_ZN5hello4main17h0123456789abcdefE"));
    EXPECT_TRUE(is_rust_main("_RNvCs8Qdcs4wdVhW_5hello4main"));
    EXPECT_TRUE(is_rust_main("_RNvC5hello4main"));
    EXPECT_TRUE(is_rust_main("_RNvCs1_5_7zips4main"));  // an underscore comes before a digit
    EXPECT_TRUE(is_rust_main("_RNvCs1_5hello4main.llvm.123"));
}

TEST(RustMain, is_no_other_function) {
    for (const char* const name :
         {"main", "_ZN5hello5inner4main17h0123456789abcdefE", "_ZN5hello4mainE",
          "_ZN5hello4main17h0123456789abcdeE", "_ZN5hello5maine17h0123456789abcdefE", "_ZN99hello4main",
          "_RNvNtCs1_5hello5inner4main", "_RNvCs1_5hello5maine", "_RNvCs1_", "_RNvC", "_ZN", "",
          "_ZN3std2rt10lang_start17h0123456789abcdefE"}) {
        EXPECT_FALSE(is_rust_main(name)) << name;
    }
}

TEST(FindMain, finds_that_of_a_program_in_c) {
    const auto found = find_main(LEVITATE_TEST_PROGRAMS "/static");
    ASSERT_TRUE(found);
    EXPECT_NE(found->main, 0);
    EXPECT_NE(found->entry_point, 0);
    EXPECT_NE(found->main, found->entry_point);
}

TEST(FindMain, finds_nothing_where_there_is_none) {
    const TestFiles files;
    EXPECT_FALSE(find_main(files.write("text", "no ELF file")));
    EXPECT_FALSE(find_main(files.directory() / "absent"));
    EXPECT_FALSE(find_main(LEVITATE_TEST_PROGRAMS "/lib/libanswer.so.1"));
}

}  // namespace
}  // namespace levitate::vmm
