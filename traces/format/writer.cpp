#include "traces/format/writer.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "traces/format/lines.hpp"

namespace levitate::traces {

std::expected<std::unique_ptr<JsonLinesWriter>, Error> JsonLinesWriter::create(std::filesystem::path path) {
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    const bool replaceable = !std::filesystem::exists(status) || std::filesystem::is_regular_file(status);
    std::filesystem::path written = path;
    if (replaceable) {
        written += ".partial";
    }
    File file(std::fopen(written.c_str(), "wbe"));
    if (file == nullptr) {
        return std::unexpected(Error{path.string() + ": cannot write the trace: " + std::strerror(errno) +
                                     "; name a file in a directory that exists and may be written"});
    }
    return std::unique_ptr<JsonLinesWriter>(
        new JsonLinesWriter(std::move(path), std::move(written), std::move(file)));
}

JsonLinesWriter::JsonLinesWriter(std::filesystem::path path, std::filesystem::path written, File file)
    : path_(std::move(path)), written_(std::move(written)), file_(std::move(file)) {
    if (path_.extension() == ".zst") {
        compressor_ = std::make_unique<Compressor>();
    }
}

JsonLinesWriter::~JsonLinesWriter() {
    if (state_ == State::Begun) {
        end("the recorder stopped before the run had ended");
    } else if (state_ == State::Opened && written_ != path_) {
        std::error_code ignored;
        std::filesystem::remove(written_, ignored);
    }
}

void JsonLinesWriter::begin(const Header& header) {
    state_ = State::Begun;
    write(header_line(header), Compressor::Piece::More);
}

void JsonLinesWriter::event(const Event& event) {
    ++events_;
    write(event_line(event), Compressor::Piece::More);
}

void JsonLinesWriter::end(const std::string& incomplete) {
    if (state_ != State::Begun) {
        return;
    }
    state_ = State::Ended;
    write(footer_line({events_, incomplete}), Compressor::Piece::Last);
    if (std::FILE* file = file_.release(); std::fclose(file) != 0) {
        fail(std::strerror(errno));
    }
    std::error_code problem;
    if (error_) {
        if (written_ != path_) {
            std::filesystem::remove(written_, problem);
        }
        return;
    }
    if (written_ != path_) {
        std::filesystem::rename(written_, path_, problem);
        if (problem) {
            fail(problem.message());
        }
    }
}

void JsonLinesWriter::write(std::string line, Compressor::Piece piece) {
    if (error_) {
        return;
    }
    line += '\n';
    if (compressor_ != nullptr) {
        auto compressed = compressor_->compress(line, piece);
        if (!compressed) {
            fail(compressed.error());
            return;
        }
        line = *std::move(compressed);
    }
    if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) {
        fail(std::strerror(errno));
    }
}

void JsonLinesWriter::fail(const std::string& what) {
    if (!error_) {
        error_ = Error{path_.string() + ": cannot write the trace: " + what +
                       "; nothing was left under this name"};
    }
}

std::expected<void, Error> write_trace(const Trace& trace, const std::filesystem::path& path) {
    auto writer = JsonLinesWriter::create(path);
    if (!writer) {
        return std::unexpected(writer.error());
    }
    (*writer)->begin(trace.header);
    for (const Event& event : trace.events) {
        (*writer)->event(event);
    }
    (*writer)->end(trace.incomplete);
    if (const auto& error = (*writer)->error()) {
        return std::unexpected(*error);
    }
    return {};
}

}  // namespace levitate::traces
