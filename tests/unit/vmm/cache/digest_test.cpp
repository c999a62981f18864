#include "vmm/cache/digest.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace levitate::vmm {
namespace {

TEST(Sha256, is_that_of_the_standard) {
    constexpr std::string_view kText = "abc";
    EXPECT_EQ(sha256(std::as_bytes(std::span{kText})),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace levitate::vmm
