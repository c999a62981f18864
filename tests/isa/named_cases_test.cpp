// Every file in tests/isa/cases, on the emulator. Its assembly must be what VIXL's disassembler makes of the
// word.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/isa/proof/case_file.hpp"
#include "tests/isa/vixl.hpp"

namespace levitate::isa {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> case_files() {
    std::vector<fs::path> files{fs::directory_iterator{LEVITATE_CASES}, {}};
    std::ranges::sort(files);
    return files;
}

std::string disassembly(std::uint32_t word) {
    vixl::aarch64::Decoder decoder;
    vixl::aarch64::Disassembler disassembler;
    decoder.AppendVisitor(&disassembler);
    decoder.Decode(reinterpret_cast<const vixl::aarch64::Instruction*>(&word));
    return disassembler.GetOutput();
}

class NamedCase : public testing::TestWithParam<fs::path> {};

TEST_P(NamedCase, does_what_it_says) {
    std::ifstream file{GetParam()};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto named = parse_case(text);
    ASSERT_TRUE(named.has_value()) << GetParam() << ": " << named.error();
    for (const Case::Code& code : named->code) {
        const std::string expected = disassembly(code.word);
        // As VIXL writes an arrangement that it does not know, PMULL's 1q.
        if (!expected.contains("undefined")) {
            EXPECT_EQ(code.assembly, expected) << GetParam();
        }
    }
    Emulator emulator;
    EXPECT_EQ(run_case(emulator, *named), "") << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Cases, NamedCase, testing::ValuesIn(case_files()),
                         [](const auto& file) { return file.param.stem().string(); });

}  // namespace
}  // namespace levitate::isa
