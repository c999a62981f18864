#include "vmm/initramfs/packer.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <charconv>
#include <map>

#include "tests/unit/vmm/test_files.hpp"
#include "vmm/initramfs/cpio.hpp"

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;

struct Entry {
    std::uint32_t mode = 0;
    std::string contents;
};

// Reads a newc archive as Linux does. Checks what must hold of every entry.
std::map<std::string, Entry> read_archive(const std::vector<std::byte>& archive) {
    const std::string text(reinterpret_cast<const char*>(archive.data()), archive.size());
    std::map<std::string, Entry> entries;
    std::size_t at = 0;
    while (at + 110 <= text.size()) {
        EXPECT_EQ(text.substr(at, 6), "070701");
        const auto field = [&text, at](std::size_t index) {
            std::uint32_t value = 0;
            const char* const begin = text.data() + at + 6 + index * 8;
            std::from_chars(begin, begin + 8, value, 16);
            return value;
        };
        const std::uint32_t name_size = field(11);
        const std::uint32_t file_size = field(6);
        const std::string name = text.substr(at + 110, name_size - 1);
        const std::size_t contents = (at + 110 + name_size + 3) / 4 * 4;
        if (name == "TRAILER!!!") {
            return entries;
        }
        const std::string parent = fs::path{name}.parent_path().string();
        EXPECT_TRUE(parent.empty() || entries.contains(parent)) << name << " comes before its directory";
        entries[name] = {.mode = field(1), .contents = text.substr(contents, file_size)};
        at = (contents + file_size + 3) / 4 * 4;
    }
    ADD_FAILURE() << "no trailer";
    return entries;
}

std::string text_of(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class PackerTest : public testing::Test {
  protected:
    PackerTest() {
        request.init = LEVITATE_INIT;
        request.program = program("static");
        request.guest_program = "/bin/program";
        request.arguments = {"program"};
    }
    static fs::path program(const char* name) { return fs::path{LEVITATE_TEST_PROGRAMS} / name; }
    std::map<std::string, Entry> packed() {
        const auto result = pack(request);
        EXPECT_TRUE(result) << result.error().message;
        return result ? read_archive(result->archive) : std::map<std::string, Entry>{};
    }
    std::string refusal() {
        const auto result = pack(request);
        return result ? "accepted" : result.error().message;
    }

    TestFiles files;
    PackRequest request;
};

TEST_F(PackerTest, archive_has_init_program_console_and_description) {
    auto entries = packed();
    EXPECT_EQ(entries["."].mode, 0040755U);
    EXPECT_EQ(entries["init"].mode, 0100755U);
    EXPECT_EQ(entries["bin/program"].mode, 0100755U);
    EXPECT_EQ(entries["bin/program"].contents, text_of(**read_host_file(request.program)));
    EXPECT_EQ(entries["dev/console"].mode, 0020600U);
    EXPECT_EQ(entries["tmp"].mode, 0041777U);
    EXPECT_TRUE(init::parse_run_description(entries[".levitate/run"].contents));
}

TEST_F(PackerTest, same_request_gives_the_same_bytes) {
    request.program = program("dynamic");
    EXPECT_EQ(pack(request)->archive, pack(request)->archive);
}

TEST_F(PackerTest, library_beside_the_program_is_found_by_origin) {
    request.program = program("dynamic");
    const auto result = pack(request);
    ASSERT_TRUE(result) << result.error().message;
    const auto entries = read_archive(result->archive);
    EXPECT_TRUE(entries.contains("bin/lib/libanswer.so.1"));
    EXPECT_TRUE(entries.contains("lib/ld-linux-aarch64.so.1"));
    ASSERT_GE(result->libraries.size(), 3U);
    EXPECT_EQ(result->libraries[0].guest, "/lib/ld-linux-aarch64.so.1");
    EXPECT_EQ(result->program.build_id.size(), 40U);
}

TEST_F(PackerTest, sysroot_that_is_given_comes_before_the_default_ones) {
    request.program = program("dynamic");
    // Any AArch64 library will do for the name.
    const std::string library = text_of(**read_host_file(program("lib/libanswer.so.1")));
    files.write("root/lib/libc.so.6", library);
    request.sysroots = {files.directory() / "root"};
    EXPECT_EQ(packed()["lib/libc.so.6"].contents, library);
}

TEST_F(PackerTest, library_for_another_machine_is_passed_over) {
    request.program = program("dynamic");
    files.write("root/lib/libc.so.6", "not for this machine");
    request.sysroots = {files.directory() / "root"};
    const auto entries = packed();
    EXPECT_TRUE(entries.contains("lib/libc.so.6") || entries.contains("lib/aarch64-linux-gnu/libc.so.6"));
}

TEST_F(PackerTest, missing_library_is_named_with_who_needs_it) {
    fs::copy_file(program("dynamic"), files.directory() / "alone");
    request.program = files.directory() / "alone";
    const auto result = pack(request);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Error::Kind::NotFound);
    EXPECT_NE(result.error().message.find("alone: needs the library libanswer.so.1"), std::string::npos);
    EXPECT_NE(result.error().message.find("--sysroot"), std::string::npos);
}

TEST_F(PackerTest, all_missing_libraries_are_named_at_once) {
    std::string bytes = text_of(**read_host_file(program("dynamic")));
    for (auto place = bytes.find("libc.so.6"); place != std::string::npos; place = bytes.find("libc.so.6")) {
        bytes.replace(place, 4, "libx");
    }
    request.program = files.write("alone", bytes);
    fs::permissions(request.program, fs::perms::owner_all);
    const auto result = pack(request);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("needs the library libanswer.so.1; "), std::string::npos);
    EXPECT_NE(result.error().message.find("needs the library libx.so.6; "), std::string::npos);
    EXPECT_NE(result.error().message.find("install their packages"), std::string::npos);
}

TEST_F(PackerTest, library_given_as_a_file_is_found) {
    fs::copy_file(program("dynamic"), files.directory() / "alone");
    request.program = files.directory() / "alone";
    request.files = {{.host = program("lib/libanswer.so.1"), .guest = "/usr/lib/libanswer.so.1"}};
    EXPECT_TRUE(packed().contains("usr/lib/libanswer.so.1"));
}

TEST_F(PackerTest, root_keeps_symlinks_and_modes) {
    const fs::path data = files.write("root/etc/data", "value");
    ::chmod(data.c_str(), 04640);
    fs::create_symlink("data", files.directory() / "root/etc/link");
    request.roots = {files.directory() / "root"};
    auto entries = packed();
    EXPECT_EQ(entries["etc/data"].mode, 0104640U);
    EXPECT_EQ(entries["etc/link"].mode & 0170000U, 0120000U);
    EXPECT_EQ(entries["etc/link"].contents, "data");
}

// As in a distribution's root, where /lib and /bin are links into /usr.
TEST_F(PackerTest, what_belongs_below_a_symlink_goes_where_it_leads) {
    files.write("root/usr/bin/tool", "tool");
    fs::create_symlink("usr/bin", files.directory() / "root/bin");
    fs::create_symlink("/usr/lib", files.directory() / "root/lib");
    request.program = program("dynamic");
    request.roots = {files.directory() / "root"};
    const auto entries = packed();
    EXPECT_TRUE(entries.contains("usr/bin/program"));
    EXPECT_TRUE(entries.contains("usr/lib/ld-linux-aarch64.so.1"));
    EXPECT_FALSE(entries.contains("bin/program"));
}

TEST_F(PackerTest, conflicts_and_loops_are_errors) {
    const fs::path data = files.write("data", "value");
    request.files = {{.host = data, .guest = "/a"}, {.host = data, .guest = "/a/b"}};
    EXPECT_NE(refusal().find("not a directory"), std::string::npos);
    request.files = {{.host = data, .guest = "/tmp"}, {.host = data, .guest = "/bin"}};
    EXPECT_NE(refusal(), "accepted");
    request.files.clear();
    fs::create_directories(files.directory() / "loop");
    fs::create_symlink("bin", files.directory() / "loop/bin");
    request.roots = {files.directory() / "loop"};
    EXPECT_NE(refusal().find("loop"), std::string::npos);
}

TEST_F(PackerTest, host_files_that_cannot_be_read_are_named) {
    request.files = {{.host = "/nonexistent/file", .guest = "/a"}};
    EXPECT_NE(refusal().find("/nonexistent/file"), std::string::npos);
    request.files.clear();
    request.roots = {"/nonexistent/root"};
    EXPECT_NE(refusal().find("/nonexistent/root"), std::string::npos);
    request.roots.clear();
    request.program = files.directory();
    EXPECT_NE(refusal().find(files.directory().string()), std::string::npos);
}

TEST(GuestPath, is_normalized) {
    EXPECT_EQ(normalize_guest_path("/a/./b//../c/"), "/a/c");
    EXPECT_EQ(normalize_guest_path("/../.."), "/");
}

}  // namespace
}  // namespace levitate::vmm
