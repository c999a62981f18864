// Kernels that are ELF files: where they are loaded and entered, and what is refused.
#include "vmm/machine/kernel_elf.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "tests/unit/vmm/machine/kernel_files.hpp"

namespace levitate::vmm {
namespace {

struct TestElf {
    Elf64_Ehdr header{};
    std::vector<Elf64_Phdr> segments;
    std::string contents = std::string(0x400, '\x5a');

    explicit TestElf(std::vector<Elf64_Phdr> the_segments) : segments(std::move(the_segments)) {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_type = ET_EXEC;
        header.e_machine = EM_AARCH64;
        header.e_phoff = sizeof header;
        header.e_phentsize = sizeof(Elf64_Phdr);
        header.e_phnum = static_cast<Elf64_Half>(segments.size());
        header.e_entry = segments.empty() ? 0 : segments.front().p_vaddr;
    }
    std::string bytes() const {
        std::string file(reinterpret_cast<const char*>(&header), sizeof header);
        for (const Elf64_Phdr& segment : segments) {
            file.append(reinterpret_cast<const char*>(&segment), sizeof segment);
        }
        return file + contents;
    }
};

Elf64_Phdr segment_at(std::uint64_t physical) {
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_flags = PF_R | PF_X;
    segment.p_offset = 0x100;
    segment.p_vaddr = physical;
    segment.p_paddr = physical;
    segment.p_filesz = 0x80;
    segment.p_memsz = 0x1000;
    return segment;
}

TEST(KernelElf, segments_go_to_their_physical_addresses) {
    TestElf elf{{segment_at(0x4008'0000), segment_at(0x4000'0000)}};
    elf.header.e_entry = 0x4008'0010;
    const auto image = read_test_kernel(elf.bytes());
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->form, KernelForm::Elf);
    EXPECT_EQ(image->entry, 0x4008'0010U);
    ASSERT_EQ(image->pieces.size(), 2U);
    EXPECT_EQ(image->begin(), 0x4000'0000U);
    EXPECT_EQ(image->end(), 0x4008'1000U);
    EXPECT_EQ(image->pieces[1].offset, 0x100U);
    EXPECT_EQ(image->pieces[1].file_size, 0x80U);
    EXPECT_EQ(image->pieces[1].memory_size, 0x1000U);
}

TEST(KernelElf, entry_is_translated_where_an_executable_segment_is_loaded_elsewhere) {
    TestElf elf{{segment_at(0x4008'0000)}};
    elf.segments[0].p_vaddr = 0xFFFF'0000'4008'0000;
    elf.header.e_entry = 0xFFFF'0000'4008'0020;
    EXPECT_EQ(read_test_kernel(elf.bytes())->entry, 0x4008'0020U);
    elf.segments[0].p_flags = PF_R;
    EXPECT_PRED2(says, refusal(elf.bytes()), "ENTRY(_start)");
}

TEST(KernelElf, own_headers_below_ram_are_left_out) {
    TestElf elf{{segment_at(0x3FFF'F000)}};
    elf.segments[0].p_offset = 0;
    elf.segments[0].p_filesz = 0x1100;
    elf.segments[0].p_memsz = 0x2000;
    elf.header.e_entry = 0x4000'0000;
    elf.contents.resize(0x2000);
    const auto image = read_test_kernel(elf.bytes());
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->begin(), 0x4000'0000U);
    EXPECT_EQ(image->end(), 0x4000'1000U);
    EXPECT_EQ(image->pieces[0].offset, 0x1000U);
    EXPECT_EQ(image->pieces[0].file_size, 0x100U);
}

TEST(KernelElf, what_is_for_flash_is_left_out_of_a_kernel_in_ram) {
    TestElf elf{{segment_at(0x40'0000), segment_at(0x4020'0000)}};
    elf.header.e_entry = 0x4020'0000;
    const auto image = read_test_kernel(elf.bytes());
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->pieces.size(), 1U);
    EXPECT_EQ(image->begin(), 0x4020'0000U);
    EXPECT_EQ(image->lowest_address, 0x40'0000U);
    elf.header.e_entry = 0x40'0000;
    EXPECT_PRED2(says, refusal(elf.bytes()), "ENTRY(_start)");
}

TEST(KernelElf, segment_without_bytes_may_name_any_offset) {
    TestElf elf{{segment_at(0x4008'0000), segment_at(0x4010'0000)}};
    elf.segments[1].p_filesz = 0;
    elf.segments[1].p_offset = 0x10'0000;
    const auto image = read_test_kernel(elf.bytes());
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->end(), 0x4010'1000U);
}

TEST(KernelElf, what_wants_no_memory_is_not_loaded) {
    TestElf elf{{segment_at(0x4008'0000), segment_at(0)}};
    elf.segments[1].p_memsz = 0;
    EXPECT_EQ(read_test_kernel(elf.bytes())->pieces.size(), 1U);
}

TEST(KernelElf, position_independent_file_is_loaded_as_it_stands) {
    TestElf elf{{segment_at(0x4008'0000)}};
    elf.header.e_type = ET_DYN;
    EXPECT_TRUE(read_test_kernel(elf.bytes()));
}

TEST(KernelElf, other_processors_and_kinds_are_named) {
    TestElf elf{{segment_at(0x4008'0000)}};
    elf.header.e_machine = EM_X86_64;
    EXPECT_PRED2(says, refusal(elf.bytes()), "another processor (e_machine 62)");
    elf.header.e_machine = EM_AARCH64;
    elf.header.e_ident[EI_CLASS] = ELFCLASS32;
    EXPECT_PRED2(says, refusal(elf.bytes()), "ILP32");
    elf.header.e_ident[EI_CLASS] = ELFCLASS64;
    elf.header.e_type = ET_REL;
    EXPECT_PRED2(says, refusal(elf.bytes()),
                 "link it first: aarch64-linux-gnu-ld -Ttext=0x40080000 -o kernel.elf FILE");
    elf.header.e_type = ET_CORE;
    EXPECT_PRED2(says, refusal(elf.bytes()), "core dump");
    elf.header.e_type = ET_EXEC;
    elf.header.e_machine = __builtin_bswap16(EM_AARCH64);
    elf.header.e_ident[EI_DATA] = ELFDATA2MSB;
    EXPECT_PRED2(says, refusal(elf.bytes()), "big-endian");
}

TEST(KernelElf, vmlinux_is_told_from_a_kernel_without_load_addresses) {
    TestElf elf{{segment_at(0xFFFF'8000'0801'0000)}};
    EXPECT_PRED2(says, refusal(elf.bytes()), "AT() in the linker script");
    const TestElf with_headers{{segment_at(0x40'0000), elf.segments[0]}};
    EXPECT_PRED2(says, refusal(with_headers.bytes()), "AT() in the linker script");
    elf.contents.replace(0x10, 14, "Linux version ");
    EXPECT_PRED2(says, refusal(elf.bytes()),
                 "a vmlinux, whose addresses are virtual (0xffff800008010000); use "
                 "arch/arm64/boot/Image");
}

TEST(KernelElf, program_for_linux_is_told_apart) {
    TestElf elf{{segment_at(0x40'0000)}};
    EXPECT_PRED2(says, refusal(elf.bytes()),
                 "link it to 0x40080000 or above (or, if it is a program for Linux");
    Elf64_Phdr interpreter{};
    interpreter.p_type = PT_INTERP;
    elf.segments.push_back(interpreter);
    elf.header.e_phnum = 2;
    EXPECT_PRED2(says, refusal(elf.bytes()), "a program for Linux, no kernel; give it as PROGRAM");
}

TEST(KernelElf, segment_behind_the_ram_asks_for_more_memory) {
    TestElf elf{{segment_at(kTestRam.base + kTestRam.size - 0x800)}};
    EXPECT_PRED2(says, refusal(elf.bytes()), "needs RAM up to 0x44000800, and there is RAM up to 0x44000000");
}

TEST(KernelElf, overlapping_segments_are_refused) {
    const TestElf elf{{segment_at(0x4008'0000), segment_at(0x4008'0FF0)}};
    EXPECT_PRED2(says, refusal(elf.bytes()), "overlap at 0x40080ff0");
}

TEST(KernelElf, entry_outside_or_unaligned_is_refused) {
    TestElf elf{{segment_at(0x4008'0000)}};
    for (const std::uint64_t entry :
         {std::uint64_t{0}, std::uint64_t{0x4008'0002}, std::uint64_t{0x4008'1000}}) {
        elf.header.e_entry = entry;
        EXPECT_PRED2(says, refusal(elf.bytes()), "ENTRY(_start)");
    }
}

TEST(KernelElf, hostile_numbers_are_refused) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
    const auto refused = [](auto change) {
        TestElf elf{{segment_at(0x4008'0000)}};
        change(elf.header, elf.segments[0]);
        return refusal(elf.bytes()).starts_with("kernel FILE: ");
    };
    EXPECT_TRUE(refused([](Elf64_Ehdr& header, Elf64_Phdr&) { header.e_phoff = kMost; }));
    EXPECT_TRUE(refused([](Elf64_Ehdr& header, Elf64_Phdr&) { header.e_phnum = 0xFFFF; }));
    EXPECT_TRUE(refused([](Elf64_Ehdr& header, Elf64_Phdr&) { header.e_phnum = 0; }));
    EXPECT_TRUE(refused([](Elf64_Ehdr& header, Elf64_Phdr&) { header.e_phentsize = 1; }));
    EXPECT_TRUE(refused([](Elf64_Ehdr&, Elf64_Phdr& segment) { segment.p_offset = kMost; }));
    EXPECT_TRUE(refused([](Elf64_Ehdr&, Elf64_Phdr& segment) { segment.p_filesz = kMost; }));
    EXPECT_TRUE(refused([](Elf64_Ehdr&, Elf64_Phdr& segment) { segment.p_memsz = kMost; }));
    EXPECT_TRUE(refused([](Elf64_Ehdr&, Elf64_Phdr& segment) { segment.p_memsz = 1; }));
    EXPECT_TRUE(refused([](Elf64_Ehdr&, Elf64_Phdr& segment) { segment.p_paddr = kMost; }));
}

TEST(KernelElf, every_truncation_is_refused) {
    const std::string whole = TestElf{{segment_at(0x4008'0000)}}.bytes();
    for (std::size_t size = 4; size < 0x180; ++size) {
        EXPECT_PRED2(says, refusal(whole.substr(0, size)), "truncated") << size;
    }
    EXPECT_EQ(refusal(whole.substr(0, 0x180)), "accepted");
}

}  // namespace
}  // namespace levitate::vmm
