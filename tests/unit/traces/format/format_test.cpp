#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/unit/traces/sample.hpp"
#include "traces/format/lines.hpp"
#include "traces/format/reader.hpp"
#include "traces/format/writer.hpp"

namespace levitate::traces {
namespace {

using test::make_event;
using test::sample_trace;

// A directory of its own for each test, removed afterwards.
class TraceFile : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = std::filesystem::temp_directory_path() / "levitate-test-XXXXXX";
        directory_ = ::mkdtemp(name.data());
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    static std::string contents(const std::filesystem::path& path) {
        std::ostringstream text;
        text << std::ifstream(path, std::ios::binary).rdbuf();
        return text.str();
    }

    std::filesystem::path directory_;
};

std::string text_of(const Trace& trace) {
    std::string text = header_line(trace.header) + "\n";
    for (const Event& event : trace.events) {
        text += event_line(event) + "\n";
    }
    return text + footer_line({trace.events.size(), trace.incomplete}) + "\n";
}

TEST(Format, every_event_survives_writing_and_reading) {
    const Trace trace = sample_trace();
    const auto read = parse_trace(text_of(trace), "sample");
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->incomplete, "");
    EXPECT_EQ(text_of(*read), text_of(trace));
    EXPECT_EQ(read->header.argv, trace.header.argv);
    EXPECT_EQ(read->events.size(), trace.events.size());
    const auto& signal = std::get<SignalEvent>(read->events[7].body);
    EXPECT_EQ(signal.records, std::get<SignalEvent>(trace.events[7].body).records);
    EXPECT_EQ(signal.stack, std::get<SignalEvent>(trace.events[7].body).stack);
    EXPECT_EQ(signal.esr, 0x92000046U);
    EXPECT_EQ(std::get<SyscallEvent>(read->events[4].body).entry_order, 5U);
    EXPECT_EQ(std::get<VdsoCallEvent>(read->events[6].body).payloads.size(), 1U);
    EXPECT_EQ(read->events.back().time, trace.events.back().time);
}

TEST(Format, schedule_seed_is_written_where_there_is_one) {
    Header header = test::sample_header();
    EXPECT_EQ(header_line(header).find("schedule_seed"), std::string::npos);
    EXPECT_EQ(parse_header_line(header_line(header))->schedule_seed, 0U);
    header.schedule_seed = 7;
    EXPECT_EQ(parse_header_line(header_line(header))->schedule_seed, 7U);
}

TEST(Format, bytes_that_are_no_text_are_hexadecimal) {
    EXPECT_EQ(as_text(to_bytes("a\tb\n")), "a\tb\n");
    EXPECT_EQ(as_text(to_bytes("gr\xc3\xbc\xc3\x9f")), "gr\xc3\xbc\xc3\x9f");
    EXPECT_EQ(as_text(to_bytes("\xc0\x80")), std::nullopt);      // overlong
    EXPECT_EQ(as_text(to_bytes("\xed\xa0\x80")), std::nullopt);  // surrogate
    EXPECT_EQ(as_text(to_bytes("\xf4\x90\x80\x80")), std::nullopt);
    EXPECT_EQ(as_text(to_bytes("\xe2\x82")), std::nullopt);
    EXPECT_EQ(as_text(to_bytes("\x1b")), std::nullopt);
    EXPECT_EQ(from_hex(to_hex(to_bytes("\x01\xff"))), to_bytes("\x01\xff"));
    EXPECT_EQ(from_hex("0"), std::nullopt);
    EXPECT_EQ(from_hex("0G"), std::nullopt);
}

TEST(Format, a_cut_file_is_read_as_far_as_it_goes_and_says_so) {
    const std::string text = text_of(sample_trace());
    const std::size_t header_end = text.find('\n');
    for (std::size_t length = 0; length < text.size(); ++length) {
        const auto read = parse_trace(text.substr(0, length), "cut");
        if (length < header_end) {
            EXPECT_FALSE(read.has_value());
        } else {
            ASSERT_TRUE(read.has_value()) << read.error().message;
            EXPECT_NE(read->incomplete, "");
        }
    }
}

TEST(Format, a_damaged_file_never_crashes) {
    const std::string text = text_of(sample_trace());
    std::mt19937 random(1);
    for (int round = 0; round < 3000; ++round) {
        std::string damaged = text;
        for (int change = 0; change < 3; ++change) {
            damaged[random() % damaged.size()] = static_cast<char>(random());
        }
        const auto read = parse_trace(damaged, "damaged");
        EXPECT_TRUE(read.has_value() || read.error().message.starts_with("damaged:"));
    }
}

TEST(Format, an_error_names_the_file_the_line_and_the_remedy) {
    std::string text = text_of(sample_trace());
    const std::size_t second = text.find('\n') + 1;
    text.replace(second, text.find('\n', second) - second, "{\"task\":1}");
    const auto read = parse_trace(text, "some.jsonl");
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().message,
              "some.jsonl:2: \"index\" is missing; the file is damaged or no trace: record it again with "
              "`levitate record`");
}

TEST(Format, numbers_that_do_not_fit_are_refused) {
    EXPECT_FALSE(
        parse_event_line(R"({"task":1,"index":0,"order":0,"time":0,"type":"auxv_read","entry":1,"value":1,)"
                         R"("offset":4294967296,"size":8,"pc":0})")
            .has_value());
    EXPECT_FALSE(
        parse_footer_line(R"({"end":true,"events":"0x1ffffffffffffffff","incomplete":""})").has_value());
    EXPECT_FALSE(parse_footer_line(R"({"end":true,"events":1.5,"incomplete":""})").has_value());
}

TEST(Format, another_version_is_refused) {
    for (const char* version : {"\"version\":1", "\"version\":3"}) {
        std::string line = header_line(test::sample_header());
        line.replace(line.find("\"version\":2"), 11, version);
        const auto header = parse_header_line(line);
        ASSERT_FALSE(header.has_value());
        EXPECT_NE(header.error().find("record the trace again"), std::string::npos);
    }
}

TEST(Format, events_that_cannot_follow_each_other_are_damage) {
    const auto problem_of = [](const auto& damage) {
        Trace trace = sample_trace();
        damage(trace);
        const auto read = parse_trace(text_of(trace), "t");
        return read.has_value() ? std::string{}
                                : read.error().message.substr(0, read.error().message.find(';'));
    };
    EXPECT_EQ(problem_of([](Trace&) {}), "");
    EXPECT_EQ(problem_of([](Trace& trace) { trace.events.erase(trace.events.begin() + 3); }),
              "t:5: event 3 of task 1 is missing or out of order");
    EXPECT_EQ(problem_of([](Trace& trace) { trace.events[3].order = 2; }),
              "t:5: event 3 is missing or out of order");
    EXPECT_EQ(problem_of([](Trace& trace) { trace.events[3].order = 1U << 30; }),
              "t:5: event 3 is missing or out of order");
    EXPECT_EQ(problem_of([](Trace& trace) { std::get<SyscallEvent>(trace.events[3].body).entry_order = 2; }),
              "t:5: a call cannot have been made at 2");
    EXPECT_EQ(problem_of([](Trace& trace) { ++trace.events.back().order; }),
              "t:13: what took place at 13 is missing");
    EXPECT_EQ(problem_of([](Trace& trace) { trace.events[3].index = 4; }),
              "t:5: event 3 of task 1 is missing or out of order");
    EXPECT_EQ(problem_of([](Trace& trace) { trace.events[3].task = TaskNumber{2}; }),
              "t:5: task 2 has not started");
    EXPECT_EQ(problem_of([](Trace& trace) { trace.events[3].task = TaskNumber{0}; }),
              "t:5: task 0 has not started");
    EXPECT_EQ(problem_of([](Trace& trace) {
                  trace.events[3] = make_event(2, 0, 3, TaskStartEvent{TaskNumber{2}, 17, 101});
              }),
              "t:5: task 2 cannot start here as a child of task 2");
}

TEST(Format, a_wrong_number_of_events_is_damage) {
    Trace trace = sample_trace();
    std::string text = text_of(trace);
    const std::size_t second = text.find('\n') + 1;
    text.erase(second, text.find('\n', second) + 1 - second);
    EXPECT_FALSE(parse_trace(text, "short").has_value());
    EXPECT_FALSE(parse_trace(text_of(trace) + "{}\n", "long").has_value());
}

TEST_F(TraceFile, two_writers_give_the_same_bytes) {
    for (const char* extension : {".jsonl", ".jsonl.zst"}) {
        const auto first = directory_ / (std::string("first") + extension);
        const auto second = directory_ / (std::string("second") + extension);
        ASSERT_TRUE(write_trace(sample_trace(), first).has_value());
        ASSERT_TRUE(write_trace(sample_trace(), second).has_value());
        EXPECT_EQ(contents(first), contents(second));
        const auto read = read_trace(first);
        ASSERT_TRUE(read.has_value()) << read.error().message;
        EXPECT_EQ(text_of(*read), text_of(sample_trace()));
    }
}

TEST_F(TraceFile, a_cut_or_damaged_zstd_file_never_crashes) {
    const auto path = directory_ / "trace.jsonl.zst";
    ASSERT_TRUE(write_trace(sample_trace(), path).has_value());
    const std::string whole = contents(path);
    std::mt19937 random(2);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        std::ofstream(path, std::ios::binary) << whole.substr(0, length);
        const auto cut = read_trace(path);
        EXPECT_TRUE(!cut.has_value() || !cut->incomplete.empty());
        std::string damaged = whole;
        damaged[random() % damaged.size()] = static_cast<char>(random());
        std::ofstream(path, std::ios::binary) << damaged;
        const auto read = read_trace(path);
        EXPECT_TRUE(read.has_value() || !read.error().message.empty());
    }
}

TEST_F(TraceFile, the_final_name_appears_only_at_the_end) {
    const auto path = directory_ / "trace.jsonl";
    {
        auto writer = JsonLinesWriter::create(path);
        ASSERT_TRUE(writer.has_value());
        (*writer)->begin(test::sample_header());
        EXPECT_FALSE(std::filesystem::exists(path));
        (*writer)->end("time limit of 10 s reached");
        EXPECT_EQ((*writer)->error(), std::nullopt);
    }
    EXPECT_EQ(read_trace(path)->incomplete, "time limit of 10 s reached");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

TEST_F(TraceFile, a_recording_that_was_not_ended_is_kept_and_says_so) {
    const auto path = directory_ / "trace.jsonl";
    {
        auto writer = JsonLinesWriter::create(path);
        (*writer)->begin(test::sample_header());
    }
    EXPECT_EQ(read_trace(path)->incomplete, "the recorder stopped before the run had ended");
}

TEST_F(TraceFile, a_run_that_never_began_leaves_nothing) {
    {
        const auto writer = JsonLinesWriter::create(directory_ / "trace.jsonl");
    }
    EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(TraceFile, an_unwritable_path_is_known_before_the_run) {
    const auto writer = JsonLinesWriter::create(directory_ / "missing" / "trace.jsonl");
    ASSERT_FALSE(writer.has_value());
    EXPECT_NE(writer.error().message.find("No such file or directory"), std::string::npos);
}

TEST_F(TraceFile, a_full_disk_is_an_error) {
    if (!std::filesystem::exists("/dev/full")) {
        GTEST_SKIP() << "there is no /dev/full here";
    }
    const auto written = write_trace(sample_trace(), "/dev/full");
    ASSERT_FALSE(written.has_value());
    EXPECT_NE(written.error().message.find("No space left"), std::string::npos);
}

TEST_F(TraceFile, a_missing_file_is_an_error) {
    const auto read = read_trace(directory_ / "none.jsonl");
    ASSERT_FALSE(read.has_value());
    EXPECT_NE(read.error().message.find("none.jsonl: cannot open"), std::string::npos);
}

}  // namespace
}  // namespace levitate::traces
