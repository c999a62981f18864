#include "vmm/initramfs/elf_file.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "vmm/initramfs/tree.hpp"

namespace levitate::vmm {
namespace {

std::vector<std::byte> program(const char* name) {
    const auto contents = read_host_file(std::string{LEVITATE_TEST_PROGRAMS} + "/" + name);
    return contents ? **contents : std::vector<std::byte>{};
}

std::string refusal(std::span<const std::byte> bytes) {
    const auto elf = read_elf("file", bytes);
    return elf ? "accepted" : elf.error().message;
}

std::string refusal_of_text(std::string_view text) {
    return refusal(std::as_bytes(std::span{text}));
}

// `program` with its ELF header changed.
template <typename Change>
std::vector<std::byte> with_header(std::vector<std::byte> bytes, Change change) {
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    change(header);
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
}

TEST(ElfFile, static_program_needs_nothing) {
    const auto bytes = program("static");
    const auto elf = read_elf("static", bytes);
    ASSERT_TRUE(elf) << elf.error().message;
    EXPECT_EQ(elf->interpreter, "");
    EXPECT_TRUE(elf->needed.empty());
    EXPECT_EQ(elf->build_id.size(), 40U);
}

TEST(ElfFile, dynamic_program_says_what_it_needs) {
    const auto bytes = program("dynamic");
    const auto elf = read_elf("dynamic", bytes);
    ASSERT_TRUE(elf) << elf.error().message;
    EXPECT_EQ(elf->interpreter, "/lib/ld-linux-aarch64.so.1");
    EXPECT_NE(std::ranges::find(elf->needed, "libanswer.so.1"), elf->needed.end());
    EXPECT_NE(std::ranges::find(elf->needed, "libc.so.6"), elf->needed.end());
    EXPECT_EQ(elf->runpath, std::vector<std::string>{"$ORIGIN/lib"});
}

TEST(ElfFile, what_cannot_run_is_named_with_a_remedy) {
    EXPECT_NE(refusal_of_text("").find("file: an empty file"), std::string::npos);
    EXPECT_NE(refusal_of_text("#!/bin/sh\n").find("script"), std::string::npos);
    EXPECT_NE(refusal_of_text("hello").find("not an ELF file; build it for aarch64"), std::string::npos);
    EXPECT_NE(refusal_of_text("\x7f"
                              "ELF")
                  .find("truncated"),
              std::string::npos);
    const auto bytes = program("static");
    EXPECT_NE(refusal(with_header(bytes, [](auto& header) { header.e_machine = EM_X86_64; })).find("x86-64"),
              std::string::npos);
    EXPECT_NE(refusal(with_header(bytes, [](auto& header) { header.e_ident[EI_CLASS] = ELFCLASS32; }))
                  .find("32-bit"),
              std::string::npos);
    EXPECT_NE(refusal(with_header(bytes, [](auto& header) { header.e_type = ET_REL; })).find("object file"),
              std::string::npos);
    EXPECT_NE(refusal(with_header(bytes, [](auto& header) { header.e_phnum = 0; })).find("damaged"),
              std::string::npos);
}

TEST(ElfFile, what_cannot_run_is_of_the_kind_not_executable) {
    EXPECT_EQ(read_elf("file", {}).error().kind, Error::Kind::NotExecutable);
}

TEST(ElfFile, every_truncation_of_the_headers_is_refused_or_read) {
    const auto bytes = program("dynamic");
    constexpr std::size_t kHeaders = 2048;
    ASSERT_GT(bytes.size(), kHeaders);
    for (std::size_t size = 0; size < kHeaders; ++size) {
        // A copy of its own, so that a sanitizer sees a read beyond the end.
        const std::vector<std::byte> part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_NE(refusal(part), "accepted") << size;
    }
    for (std::size_t size = kHeaders; size < bytes.size(); size += 509) {
        const std::vector<std::byte> part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        refusal(part);
    }
}

TEST(ElfFile, random_changes_are_survived) {
    const auto original = program("dynamic");
    std::mt19937 random{1};
    for (int round = 0; round < 3000; ++round) {
        auto bytes = original;
        // The headers and the dynamic section stand in the first and last kilobytes that matter.
        const std::size_t range = round % 2 == 0 ? 2048 : bytes.size();
        for (int change = 0; change < 8; ++change) {
            bytes[random() % range] = static_cast<std::byte>(random());
        }
        std::memcpy(bytes.data(), ELFMAG, SELFMAG);
        refusal(bytes);
    }
}

TEST(ElfFile, dynamic_entries_with_any_value_are_survived) {
    const auto original = program("dynamic");
    Elf64_Ehdr header;
    std::memcpy(&header, original.data(), sizeof header);
    for (std::size_t index = 0; index < header.e_phnum; ++index) {
        const std::size_t at = header.e_phoff + index * sizeof(Elf64_Phdr);
        Elf64_Phdr segment;
        std::memcpy(&segment, original.data() + at, sizeof segment);
        if (segment.p_type != PT_DYNAMIC) {
            continue;
        }
        for (std::size_t entry = segment.p_offset;
             entry + sizeof(Elf64_Dyn) <= segment.p_offset + segment.p_filesz; entry += sizeof(Elf64_Dyn)) {
            for (const std::uint64_t value : {0ULL, 1ULL, 0x7FFF'FFFFULL, ~0ULL, ~0ULL - 8}) {
                auto bytes = original;
                std::memcpy(bytes.data() + entry + sizeof(Elf64_Sxword), &value, sizeof value);
                refusal(bytes);
            }
        }
    }
}

}  // namespace
}  // namespace levitate::vmm
