#include "vmm/diagnosis/exception_text.hpp"

#include <gtest/gtest.h>

namespace levitate::vmm {
namespace {

TEST(ExceptionText, names_class_fault_and_direction) {
    EXPECT_EQ(exception_name(0x9600'0045), "data abort (translation fault, level 1, write)");
    EXPECT_EQ(exception_name(0x9200'000f), "data abort (permission fault, level 3, read)");
    EXPECT_EQ(exception_name(0x8600'0010), "instruction abort (external abort)");
    EXPECT_EQ(exception_name(0x9600'0021), "data abort (alignment fault, read)");
    EXPECT_EQ(exception_name(0x0200'0000), "undefined instruction");
    EXPECT_EQ(exception_name(0x5600'0000), "SVC");
    EXPECT_EQ(exception_name(0xf200'0001), "BRK");
    EXPECT_EQ(exception_name(0xfe00'0000), "exception of class 0x3f");
}

TEST(ExceptionText, tells_what_hardware_checks_and_qemu_does_not) {
    EXPECT_EQ(exception_name(0x9a00'0000), "SP alignment fault");
    EXPECT_NE(exception_hint(0x9a00'0000).find("QEMU does not check this, hardware does"), std::string::npos);
    EXPECT_NE(exception_hint(0x9600'0021).find("with the MMU off"), std::string::npos);
    EXPECT_EQ(exception_hint(0x9600'0045), "");
}

}  // namespace
}  // namespace levitate::vmm
