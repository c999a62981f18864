// Writes a trace file as it is recorded.
#pragma once

#include <cstdio>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "traces/format/error.hpp"
#include "traces/format/event.hpp"
#include "traces/format/zstd.hpp"

namespace levitate::traces {

// The same header and events give the same bytes. Lines go to `<path>.partial` and are renamed at the end, so
// that no half-written file ever has the final name; a path that exists and is not a regular file (a pipe,
// /dev/stdout) is written to directly. A path ending in .zst is compressed.
class JsonLinesWriter final : public EventSink {
  public:
    // Opens the file, so that a path that cannot be written is known before the run.
    static std::expected<std::unique_ptr<JsonLinesWriter>, Error> create(std::filesystem::path path);

    // A trace that was begun but not ended is kept, with a last line that says so. If none was begun, the
    // file is removed.
    ~JsonLinesWriter() override;
    JsonLinesWriter(const JsonLinesWriter&) = delete;
    JsonLinesWriter& operator=(const JsonLinesWriter&) = delete;

    void begin(const Header& header) override;
    void event(const Event& event) override;
    void end(const std::string& incomplete) override;

    // The first thing that went wrong (a full disk); the final name does not exist then. Ask after end().
    const std::optional<Error>& error() const { return error_; }

  private:
    enum class State { Opened, Begun, Ended };
    struct FileCloser {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    using File = std::unique_ptr<std::FILE, FileCloser>;

    JsonLinesWriter(std::filesystem::path path, std::filesystem::path written, File file);
    void write(std::string line, Compressor::Piece piece);
    void fail(const std::string& what);

    std::filesystem::path path_;
    std::filesystem::path written_;  // where the lines go: path_ itself if that is not a regular file
    File file_;
    std::unique_ptr<Compressor> compressor_;
    State state_ = State::Opened;
    std::uint64_t events_ = 0;
    std::optional<Error> error_;
};

// A whole trace at once.
std::expected<void, Error> write_trace(const Trace& trace, const std::filesystem::path& path);

}  // namespace levitate::traces
