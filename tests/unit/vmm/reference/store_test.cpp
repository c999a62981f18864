#include "vmm/reference/store.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/traces/sample.hpp"
#include "tests/unit/vmm/test_files.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kRoomy = 1 << 30;

ReferenceKey key_of(const std::string& name) {
    return {.digest = name, .description = R"({"program": ")" + name + "\"}"};
}

// Recordings that can be told from others: by their standard input.
std::vector<traces::Trace> recordings_of(const std::string& text, std::size_t count = 2) {
    std::vector<traces::Trace> recordings(count, traces::test::sample_trace());
    for (traces::Trace& recording : recordings) {
        recording.header.stdin_bytes = traces::to_bytes(text);
    }
    return recordings;
}

std::string input_of(const std::optional<std::vector<traces::Trace>>& recordings) {
    if (!recordings) {
        return "nothing";
    }
    const std::vector<std::byte>& bytes = recordings->front().header.stdin_bytes;
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ReferenceStoreTest : public ::testing::Test {
  protected:
    ReferenceStore store(std::uint64_t bytes = kRoomy) const { return {folder(), bytes}; }
    fs::path folder() const { return files_.directory() / "references"; }

    void keep(const std::string& name, const std::string& text) const {
        const auto kept = store().keep(key_of(name), recordings_of(text));
        ASSERT_TRUE(kept) << kept.error().message;
    }
    // Makes the reference look as if it had been used so long ago.
    void use_before(const std::string& name, std::chrono::hours age) const {
        fs::last_write_time(folder() / name / "reference.json", fs::file_time_type::clock::now() - age);
    }
    std::uint64_t size_of(const std::string& name) const {
        std::uint64_t size = 0;
        for (const auto& entry : fs::directory_iterator(folder() / name)) {
            size += entry.file_size();
        }
        return size;
    }
    bool has(const std::string& name) const { return fs::exists(folder() / name); }
    std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder()), fs::directory_iterator{}));
    }

  private:
    TestFiles files_;
};

TEST_F(ReferenceStoreTest, finds_what_it_was_given_and_nothing_else) {
    EXPECT_EQ(input_of(store().find(key_of("a"))), "nothing");
    keep("a", "one");
    EXPECT_EQ(input_of(store().find(key_of("a"))), "one");
    const auto found = store().find(key_of("a")).value_or(std::vector<traces::Trace>{});
    ASSERT_EQ(found.size(), 2);
    EXPECT_EQ(found.back().events.size(), traces::test::sample_trace().events.size());
    EXPECT_EQ(input_of(store().find(key_of("b"))), "nothing");
}

TEST_F(ReferenceStoreTest, replaces_what_has_the_same_key) {
    keep("a", "one");
    keep("a", "two");
    EXPECT_EQ(input_of(store().find(key_of("a"))), "two");
    EXPECT_EQ(entries(), 1);
}

TEST_F(ReferenceStoreTest, takes_damage_for_absence_and_removes_it) {
    const auto cut = [&](const std::string& file) { fs::resize_file(folder() / "a" / file, 20); };
    const auto flip = [&](const std::string& file) {
        std::fstream stream{folder() / "a" / file, std::ios::binary | std::ios::in | std::ios::out};
        stream.seekg(30);
        const char byte = static_cast<char>(stream.get());
        stream.seekp(30);
        stream.put(static_cast<char>(byte ^ 1));
    };
    const std::vector<std::function<void()>> damages{
        [&] { cut("recording-2.jsonl.zst"); },
        [&] { flip("recording-1.jsonl.zst"); },
        [&] { fs::remove(folder() / "a" / "recording-1.jsonl.zst"); },
        [&] { cut("reference.json"); },
        [&] { fs::remove(folder() / "a" / "reference.json"); },
        [&] { std::ofstream{folder() / "a" / "reference.json"} << R"({"recordings": [1, 2]})"; },
        [&] { std::ofstream{folder() / "a" / "reference.json"} << R"({"recordings": []})"; },
        [&] {
            fs::remove_all(folder() / "a");
            std::ofstream{folder() / "a"} << "not a folder";
        },
    };
    for (std::size_t i = 0; i < damages.size(); ++i) {
        keep("a", "one");
        damages[i]();
        EXPECT_EQ(input_of(store().find(key_of("a"))), "nothing") << i;
        EXPECT_FALSE(has("a")) << i;
        EXPECT_EQ(entries(), 0) << i;
    }
}

TEST_F(ReferenceStoreTest, takes_an_incomplete_recording_for_damage) {
    auto recordings = recordings_of("one");
    recordings.back().incomplete = "time limit of 1 s reached";
    ASSERT_TRUE(store().keep(key_of("a"), recordings));
    EXPECT_FALSE(store().find(key_of("a")));
}

TEST_F(ReferenceStoreTest, removes_the_least_recently_used) {
    for (const char* const name : {"a", "b", "c"}) {
        keep(name, "one");
    }
    use_before("a", std::chrono::hours{3});
    use_before("b", std::chrono::hours{2});
    use_before("c", std::chrono::hours{1});
    ASSERT_TRUE(store().find(key_of("a")));  // is now the one that was used last
    const std::uint64_t room_for_three = size_of("a") + size_of("b") + size_of("c");
    ASSERT_TRUE(store(room_for_three).keep(key_of("d"), recordings_of("one")));
    EXPECT_TRUE(has("a"));
    EXPECT_FALSE(has("b"));
    EXPECT_TRUE(has("c"));
    EXPECT_TRUE(has("d"));
}

TEST_F(ReferenceStoreTest, keeps_nothing_without_room) {
    keep("a", "one");
    ASSERT_TRUE(store(0).keep(key_of("b"), recordings_of("one")));
    EXPECT_EQ(entries(), 0);
}

TEST_F(ReferenceStoreTest, says_where_it_cannot_write) {
    fs::create_directories(folder().parent_path());
    std::ofstream{folder()} << "a file";
    const auto kept = store().keep(key_of("a"), recordings_of("one"));
    ASSERT_FALSE(kept);
    EXPECT_NE(kept.error().message.find(folder().string()), std::string::npos) << kept.error().message;
}

TEST_F(ReferenceStoreTest, removes_what_a_killed_process_left_a_day_ago) {
    keep("a", "one");
    const fs::path old = folder() / ".scratch-old";
    const fs::path fresh = folder() / ".scratch-fresh";
    fs::create_directories(old / "half");
    fs::create_directories(fresh);
    fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours{25});
    keep("b", "one");
    EXPECT_FALSE(fs::exists(old));
    EXPECT_TRUE(fs::exists(fresh));
}

// Whatever several processes do at once, what is found is whole and is what one of them has kept.
TEST_F(ReferenceStoreTest, is_used_by_many_at_once) {
    constexpr int kRounds = 20;
    const auto use = [this](const std::string& own) {
        for (int i = 0; i < kRounds; ++i) {
            const auto kept = store().keep(key_of("shared"), recordings_of(own));
            EXPECT_TRUE(kept) << kept.error().message;
            const std::string found = input_of(store().find(key_of("shared")));
            EXPECT_TRUE(found == "one" || found == "two" || found == "three" || found == "nothing") << found;
            store(1).keep(key_of(own), recordings_of(own)).value();
        }
    };
    {
        std::vector<std::jthread> users;
        for (const char* const own : {"one", "two", "three"}) {
            users.emplace_back(use, own);
        }
    }
    keep("shared", "last");
    EXPECT_EQ(input_of(store().find(key_of("shared"))), "last");
}

}  // namespace
}  // namespace levitate::vmm
