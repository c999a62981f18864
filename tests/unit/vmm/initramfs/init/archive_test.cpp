#include "vmm/initramfs/init/archive.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>

#include "tests/unit/vmm/test_files.hpp"
#include "vmm/initramfs/cpio.hpp"
#include "vmm/initramfs/tree.hpp"

namespace levitate::vmm::init {
namespace {

namespace fs = std::filesystem;

class UnpackerTest : public testing::Test {
  protected:
    UnpackerTest() {
        add_file("/folder/text", "some text", 0640);
        add_file("/folder/empty", "", 0600);
        add_file("/large", std::string(100'001, 'x'), 0755);
        Node link;
        link.kind = NodeKind::Symlink;
        link.target = "folder/text";
        EXPECT_TRUE(tree.add("/link", link));
        Node fifo;
        fifo.kind = NodeKind::Fifo;
        fifo.permissions = 0622;
        EXPECT_TRUE(tree.add("/fifo", fifo));
    }
    void add_file(const std::string& path, const std::string& text, std::uint32_t permissions) {
        const auto bytes = std::as_bytes(std::span{text});
        auto contents = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
        EXPECT_TRUE(tree.add(path, make_file(std::move(contents), permissions, {})));
    }
    std::vector<std::byte> archive() const { return write_cpio(tree).value(); }
    std::string place(const std::string& path) const { return files.directory().string() + path; }
    std::string text_of(const std::string& path) const {
        std::ifstream file{place(path), std::ios::binary};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    struct stat status_of(const std::string& path) const {
        struct stat status{};
        EXPECT_EQ(::lstat(place(path).c_str(), &status), 0) << path;
        return status;
    }
    // In pieces of so many bytes.
    bool unpack(std::span<const std::byte> bytes, std::size_t size) {
        while (!bytes.empty() && !unpacker.has_failed()) {
            const auto piece = bytes.first(std::min(size, bytes.size()));
            unpacker.feed(piece);
            bytes = bytes.subspan(piece.size());
        }
        return unpacker.finish();
    }
    void expect_all() const {
        // First: reading changes when something was read.
        for (const char* path : {"/folder", "/folder/text", "/large", "/link", "/fifo"}) {
            EXPECT_EQ(status_of(path).st_mtime, static_cast<time_t>(kGuestEpoch)) << path;
            EXPECT_EQ(status_of(path).st_atime, static_cast<time_t>(kGuestEpoch)) << path;
        }
        EXPECT_EQ(text_of("/folder/text"), "some text");
        EXPECT_EQ(text_of("/folder/empty"), "");
        EXPECT_EQ(text_of("/large"), std::string(100'001, 'x'));
        EXPECT_EQ(fs::read_symlink(place("/link")), "folder/text");
        EXPECT_EQ(status_of("/folder/text").st_mode, S_IFREG | 0640U);
        EXPECT_EQ(status_of("/large").st_mode, S_IFREG | 0755U);
        EXPECT_EQ(status_of("/fifo").st_mode, S_IFIFO | 0622U);
    }

    TestFiles files;
    Tree tree;
    Unpacker unpacker{files.directory().string()};
};

TEST_F(UnpackerTest, puts_everything_in_place) {
    EXPECT_TRUE(unpack(archive(), 65536)) << unpacker.failure().path;
    expect_all();
}

TEST_F(UnpackerTest, pieces_may_end_anywhere) {
    for (const std::size_t size : {1U, 7U, 111U, 4096U}) {
        unpacker = Unpacker{files.directory().string()};
        EXPECT_TRUE(unpack(archive(), size)) << size;
        expect_all();
    }
}

TEST_F(UnpackerTest, what_is_there_gives_way) {
    files.write("folder/text", "another text that is longer");
    files.write("link", "a file");
    ::chmod(place("/folder").c_str(), 0700);
    EXPECT_TRUE(unpack(archive(), 65536));
    expect_all();
    EXPECT_EQ(status_of("/folder").st_mode, S_IFDIR | 0755U);
}

TEST_F(UnpackerTest, what_the_kernel_refuses_is_named) {
    files.write("large/file", "in a folder");
    EXPECT_FALSE(unpack(archive(), 65536));
    EXPECT_EQ(unpacker.failure().path, place("/large"));
    EXPECT_EQ(unpacker.failure().error, EISDIR);
}

TEST_F(UnpackerTest, archive_that_ends_early_is_a_failure) {
    const std::vector<std::byte> whole = archive();
    EXPECT_FALSE(unpack(std::span{whole}.first(whole.size() / 2), 4096));
    EXPECT_EQ(unpacker.failure().error, 0);
}

TEST_F(UnpackerTest, what_is_no_archive_is_a_failure) {
    const std::vector<std::byte> zeros(1000);
    EXPECT_FALSE(unpack(zeros, 4096));
    EXPECT_EQ(unpacker.failure().error, 0);
}

}  // namespace
}  // namespace levitate::vmm::init
