// What a kernel file is: Images, binaries, what they are compressed in, and files that are no kernel.
#include "vmm/machine/kernel_image.hpp"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "tests/unit/vmm/machine/kernel_files.hpp"
#include "tests/unit/vmm/test_files.hpp"

namespace levitate::vmm {
namespace {

using namespace std::literals;

// Four words that are no text and have no magic number.
const std::string kBinary = "\x01\x00\x00\x14\x1f\x20\x03\xd5\x1f\x20\x03\xd5\x00\x00\x00\x14"s;

std::string in_gzip(std::string_view contents) {
    constexpr int kGzipWindow = 16 + MAX_WBITS;
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string packed(deflateBound(&stream, contents.size()) + 64, '\0');
    std::string input{contents};
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

std::string in_zstd(std::string_view contents) {
    std::string packed(ZSTD_compressBound(contents.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), contents.data(), contents.size(), 1));
    return packed;
}

std::string in_zboot(std::string_view compression, std::string_view payload) {
    std::string file(64, '\0');
    const auto put = [&file](std::size_t at, std::string_view text) {
        std::ranges::copy(text, file.begin() + static_cast<std::ptrdiff_t>(at));
    };
    const auto number = [&file](std::size_t at, std::uint32_t value) {
        std::memcpy(file.data() + at, &value, sizeof value);
    };
    put(0, "MZ");
    put(4, "zimg");
    number(8, 64);
    number(12, static_cast<std::uint32_t>(payload.size()));
    put(24, compression);
    return file.append(payload).append("behind it");
}

std::string contents_of(const KernelImage& image) {
    return {reinterpret_cast<const char*>(image.bytes.data()), image.bytes.size()};
}

TEST(KernelImage, image_goes_where_its_text_offset_says) {
    const auto image = read_test_kernel(make_image({.text_offset = 0x8'0000, .image_size = 0x12'3000}));
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->form, KernelForm::Image);
    EXPECT_EQ(image->entry, 0x4008'0000U);
    EXPECT_EQ(image->begin(), 0x4008'0000U);
    EXPECT_EQ(image->end(), 0x4008'0000U + 0x12'3000U);
}

// QEMU has its own first instructions in the first page of RAM.
TEST(KernelImage, image_that_wants_the_first_page_goes_two_mebibytes_further) {
    EXPECT_EQ(read_test_kernel(make_image({.text_offset = 0}))->entry, 0x4020'0000U);
    EXPECT_EQ(read_test_kernel(make_image({.text_offset = 0xFFC}))->entry, 0x4020'0FFCU);
    EXPECT_EQ(read_test_kernel(make_image({.text_offset = 0x1000}))->entry, 0x4000'1000U);
}

TEST(KernelImage, text_offset_does_not_count_without_a_size) {
    const std::string file = make_image({.text_offset = 0x12'3000, .image_size = 0});
    const auto image = read_test_kernel(file);
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->entry, 0x4008'0000U);
    EXPECT_EQ(image->end(), 0x4008'0000U + file.size());
}

TEST(KernelImage, binary_has_the_usual_place) {
    const auto image = read_test_kernel(kBinary);
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->form, KernelForm::Raw);
    EXPECT_EQ(image->entry, 0x4008'0000U);
    EXPECT_EQ(image->end(), 0x4008'0000U + kBinary.size());
}

TEST(KernelImage, part_of_a_header_is_a_binary) {
    const std::string image = make_image({.text_offset = 0, .image_size = 4096});
    for (std::size_t size = 1; size <= image.size(); ++size) {
        const auto read = read_test_kernel(image.substr(0, size));
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->form, size < 64 ? KernelForm::Raw : KernelForm::Image) << size;
    }
}

TEST(KernelImage, what_does_not_run_here_is_refused) {
    EXPECT_PRED2(says, refusal(make_image({.image_size = 4096, .flags = 1})), "big-endian");
    EXPECT_PRED2(says, refusal(make_image({.image_size = 4096, .flags = 3U << 1U})), "64 KiB");
    EXPECT_PRED2(says, refusal(make_image({.image_size = 1ULL << 60U})), "damaged");
    EXPECT_PRED2(says, refusal(make_image({.text_offset = 1ULL << 60U})), "damaged");
    EXPECT_PRED2(says, refusal(make_image({.text_offset = 0x1002})), "multiple of 4");
}

TEST(KernelImage, kernel_that_needs_more_memory_says_so) {
    EXPECT_PRED2(says, refusal(make_image({.image_size = 128U << 20U})), "--memory");
    EXPECT_PRED2(says, refusal(make_image({.text_offset = 64U << 20U})), "--memory");
    EXPECT_PRED2(says, refusal(kBinary, {.base = kRamBase, .size = 0x8'0000}), "--memory");
    EXPECT_PRED2(says, refusal(kBinary, {.base = kRamBase, .size = 4096}), "--memory");
}

TEST(KernelImage, gzip_and_zboot_are_unpacked) {
    const std::string image = make_image({}, {1, 2, 3});
    for (const std::string& file : {in_gzip(image), in_zboot("gzip", in_gzip(image)),
                                    in_zboot("zstd", in_zstd(image)), in_zboot("zstd22", in_zstd(image))}) {
        const auto read = read_test_kernel(file);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->form, KernelForm::Image);
        EXPECT_EQ(contents_of(*read), image);
    }
    EXPECT_EQ(contents_of(*read_test_kernel(in_gzip(kBinary))), kBinary);
}

TEST(KernelImage, damaged_compression_is_refused_wherever_it_is_cut) {
    const std::string image = make_image({}, {1, 2, 3});
    const std::string gzip = in_gzip(image);
    const std::string zstd = in_zstd(image);
    for (std::size_t size = 2; size < gzip.size(); ++size) {
        EXPECT_PRED2(says, refusal(gzip.substr(0, size)), "kernel FILE: compressed with gzip, and damaged")
            << size;
        EXPECT_PRED2(says, refusal(in_zboot("gzip", gzip.substr(0, size))), "damaged") << size;
    }
    for (std::size_t size = 0; size < zstd.size(); ++size) {
        EXPECT_PRED2(says, refusal(in_zboot("zstd", zstd.substr(0, size))), "damaged") << size;
    }
    EXPECT_PRED2(says, refusal(in_zboot("gzip", gzip).substr(0, 70)), "damaged");
    EXPECT_PRED2(says, refusal("MZ\0\0zimg"s), "damaged");
}

TEST(KernelImage, what_unpacks_to_more_than_the_ram_is_refused) {
    constexpr Region kSmall{.base = kRamBase, .size = 1U << 20U};
    const std::string zeroes(2U << 20U, '\0');
    EXPECT_PRED2(says, refusal(in_gzip(zeroes), kSmall), "more than 1 MiB; give more with --memory");
    EXPECT_PRED2(says, refusal(in_zboot("gzip", in_gzip(zeroes)), kSmall), "--memory");
    EXPECT_PRED2(says, refusal(in_zboot("zstd", in_zstd(zeroes)), kSmall), "--memory");
}

// QEMU's limit. The command that is named is what gets around it.
TEST(KernelImage, what_unpacks_to_more_than_qemu_would_is_to_be_unpacked_first) {
    constexpr Region kLarge{.base = kRamBase, .size = std::uint64_t{4} << 30U};
    const std::string bomb = in_gzip(std::string((256U << 20U) + 1, '\0'));
    EXPECT_PRED2(says, refusal(bomb, kLarge),
                 "more than 256 MiB, which QEMU would refuse too; unpack it first: gzip "
                 "-dc FILE > kernel");
}

TEST(KernelImage, what_qemu_would_not_load_out_of_a_compressed_file_is_refused) {
    EXPECT_PRED2(says,
                 refusal(in_gzip("\x7f"
                                 "ELF and more")),
                 "gzip -dc FILE > kernel.elf");
    EXPECT_PRED2(says, refusal(in_gzip(in_gzip(kBinary))), "compressed twice");
    EXPECT_PRED2(says, refusal(in_gzip(kBinary) + in_gzip(kBinary)), "only the first");
    EXPECT_PRED2(says, refusal(in_gzip("just text")),
                 "in gzip; unpack it: gzip -dc FILE > unpacked, which is text");
    EXPECT_PRED2(says, refusal(in_gzip("\xfd\x37zXZ\x00rest"s)),
                 "gzip -dc FILE > unpacked, which is compressed with xz, which QEMU does not unpack; unpack "
                 "it: xz -dc "
                 "unpacked > kernel");
    EXPECT_PRED2(says, refusal(in_zboot("gzip", in_gzip(kBinary))), "not of an arm64 Image");
}

TEST(KernelImage, zboot_in_another_compression_says_how_to_take_the_payload_out) {
    EXPECT_PRED2(
        says, refusal(in_zboot("xzkern", "12345")),

        "compressed with xzkern; use arch/arm64/boot/Image of the same build, or take it out: tail -c "
        "+65 FILE | head -c 5 | xz -dc > Image");
    EXPECT_PRED2(says, refusal(in_zboot("lz4", "12345")), "lz4 -dc > Image");
    EXPECT_PRED2(says, refusal(in_zboot("unheard", "12345")), "not known; use arch/arm64/boot/Image");
    EXPECT_PRED2(says, refusal(in_zboot(std::string(32, 'x'), "12345")), "not known");
}

TEST(KernelImage, what_is_no_kernel_is_named_with_a_remedy) {
    EXPECT_PRED2(says, refusal("\x28\xb5\x2f\xfdrest"sv), "zstd -dc FILE > kernel");
    EXPECT_PRED2(says, refusal("\xfd\x37zXZ\x00rest"sv), "xz -dc FILE > kernel");
    EXPECT_PRED2(says, refusal("BZh91AY"sv), "bzip2 -dc FILE > kernel");
    EXPECT_PRED2(says, refusal("\x02\x21\x4c\x18rest"sv), "lz4 -dc FILE > kernel");
    EXPECT_PRED2(says, refusal("\x27\x05\x19\x56rest"sv), "tail -c +65 FILE > kernel");
    EXPECT_PRED2(says, refusal(std::string(0x202, '\1') + "HdrS" + std::string(64, 'x')), "x86 bzImage");
    EXPECT_PRED2(says, refusal("070701and more"sv), "--initrd");
    EXPECT_PRED2(says, refusal("!<arch>\nmember"sv), "link it");
    EXPECT_PRED2(says, refusal(""), "kernel FILE: an empty file");
    EXPECT_PRED2(says, refusal("#!/bin/sh\n"), "kernel FILE: text");
    std::string application(0x80, '\0');
    application.replace(0, 2, "MZ");
    application[0x3C] = 0x40;
    application.replace(0x40, 4, "PE\0\0"sv);
    EXPECT_PRED2(says, refusal(application), "--only-section=.linux FILE Image");
}

}  // namespace
}  // namespace levitate::vmm
