#include <gtest/gtest.h>

#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/trace_builder.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::traces {
namespace {

using namespace std::string_literals;
using test::TraceBuilder;
using test::verdict_of;

// A socket asks for its name twice.
Trace asks_for_name(const std::string& first, const std::string& second) {
    TraceBuilder b;
    for (const std::string& name : {first, second}) {
        auto& call = b.call(1, "getsockname", {3, 0x5000, 0x6000}, 0);
        TraceBuilder::payload(call, 1, Direction::Out, to_bytes("\1\0\0"s + name));
    }
    b.outcome(0, "");
    return b.trace();
}

TEST(CompareSockets, names_that_the_kernel_chose_stand_for_one_another) {
    EXPECT_EQ(verdict_of(asks_for_name("0beef", "0beef"), asks_for_name("12345", "12345")),
              Verdict::Equivalent);
    EXPECT_EQ(verdict_of(asks_for_name("0beef", "0beef"), asks_for_name("12345", "54321")),
              Verdict::Divergent);
    EXPECT_EQ(verdict_of(asks_for_name("named", "named"), asks_for_name("other", "other")),
              Verdict::Divergent);
}

// A message of credentials and one of descriptors.
Trace receives(const std::string& sender, const std::string& descriptor) {
    TraceBuilder b;
    const std::string control = "\x1c\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0"s + sender + "\0\0\0\0"s +
                                "\x14\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0"s + descriptor;
    auto& call = b.call(1, "recvmsg", {3, 0x5000, 0}, 0);
    TraceBuilder::payload(call, 1, Direction::Out, to_bytes(control), {.piece = Piece::Control});
    b.outcome(0, "");
    return b.trace();
}

TEST(CompareSockets, control_messages_are_compared_by_what_they_carry) {
    const Trace golden = receives("\x64\0\0\0\0\0\0\0\0\0\0\0"s, "\5\0\0\0"s);
    EXPECT_EQ(verdict_of(golden, receives("\7\0\0\0\0\0\0\0\0\0\0\0"s, "\5\0\0\0"s)), Verdict::Equivalent);
    EXPECT_EQ(verdict_of(golden, receives("\x64\0\0\0\1\0\0\0\0\0\0\0"s, "\5\0\0\0"s)), Verdict::Divergent);
    EXPECT_EQ(verdict_of(golden, receives("\x64\0\0\0\0\0\0\0\0\0\0\0"s, "\6\0\0\0"s)), Verdict::Divergent);
}

}  // namespace
}  // namespace levitate::traces
