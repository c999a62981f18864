#include "vmm/reference/keep.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/unit/traces/sample.hpp"
#include "tests/unit/vmm/test_files.hpp"
#include "vmm/cli/goldens.hpp"
#include "vmm/initramfs/packer.hpp"
#include "vmm/reference/record.hpp"
#include "vmm/run/prepare.hpp"
#include "vmm/run/recording.hpp"

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;

class KeepTest : public ::testing::Test {
  protected:
    KeepTest() {
        spec.program = fs::path{LEVITATE_TEST_PROGRAMS} / "dynamic";
        spec.argv = {"dynamic", "--flag"};
        spec.envp = {"LANG=C"};
        spec.cwd = "/data";
        spec.stdin_bytes.emplace();
        spec.init = LEVITATE_INIT;
        const fs::path root = files.directory() / "root";
        files.write("root/data/deep/file", "contents");
        fs::create_directories(root / "data/empty");
        fs::create_symlink("deep/file", root / "data/link");
        fs::permissions(root / "data/deep", fs::perms::owner_read | fs::perms::owner_exec);
        spec.roots = {root};
        spec.files = {{.host = files.write("beside", "more"), .guest = "/data/beside"}};
    }
    ~KeepTest() override {
        // Only now can it be removed by whoever is not root.
        for (const fs::path& path : {files.directory() / "root", golden / kGoldenRoot}) {
            std::error_code ignored;
            fs::permissions(path / "data/deep", fs::perms::owner_all, ignored);
        }
    }

    Result<void> keep(const fs::path& folder) const {
        const RunSpec reference = reference_spec(spec, files.write("Image", "a kernel"));
        const auto complete = complete_spec(reference);
        const auto initramfs = pack(pack_request(*complete));
        traces::Trace recording = traces::test::sample_trace();
        recording.header = make_header(*complete, *initramfs);
        return keep_as_golden(folder, reference, {.digest = "a", .description = "{}"}, {recording});
    }
    static std::vector<std::byte> archive_of(const RunSpec& of) {
        const auto initramfs = pack(pack_request(*complete_spec(of)));
        EXPECT_TRUE(initramfs) << initramfs.error().message;
        return initramfs ? initramfs->archive : std::vector<std::byte>{};
    }

    TestFiles files;
    fs::path golden = files.directory() / "goldens" / "own";
    RunSpec spec;
};

TEST_F(KeepTest, gives_a_golden_that_runs_the_same_again) {
    const auto kept = keep(golden);
    ASSERT_TRUE(kept) << kept.error().message;
    const auto loaded = cli::load_golden(golden.string());
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->name, "own");
    EXPECT_TRUE(loaded->is_emulators());
    auto again = cli::spec_of(*loaded, {});
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->program.parent_path(), golden);
    again->init = spec.init;
    const std::vector<std::byte> before = archive_of(spec);
    // Nothing is taken from where it was when the golden was made.
    fs::permissions(spec.roots.front() / "data/deep", fs::perms::owner_all);
    fs::remove_all(spec.roots.front());
    fs::remove(spec.files.front().host);
    EXPECT_EQ(archive_of(*again), before);
}

TEST_F(KeepTest, replaces_a_reference_and_nothing_else) {
    ASSERT_TRUE(keep(golden));
    std::ofstream{golden / "stale"} << "left over";
    ASSERT_TRUE(keep(golden));
    EXPECT_FALSE(fs::exists(golden / "stale"));

    const fs::path other = files.write("other/precious", "data").parent_path();
    const auto refused = keep(other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Error::Kind::Usage);
    EXPECT_TRUE(fs::exists(other / "precious"));
}

}  // namespace
}  // namespace levitate::vmm
