#include "traces/format/reader.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <variant>
#include <vector>

#include "traces/format/lines.hpp"
#include "traces/format/zstd.hpp"

namespace levitate::traces {
namespace {

Error error_at(const std::string& name, std::size_t line, const std::string& problem) {
    return {name + ":" + std::to_string(line) + ": " + problem +
            "; the file is damaged or no trace: record it again with `levitate record`"};
}

std::expected<std::string, Error> read_file(const std::filesystem::path& path) {
    const auto close = [](std::FILE* file) { return std::fclose(file); };
    const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rb"), close);
    if (file == nullptr) {
        return std::unexpected(
            Error{path.string() + ": cannot open the trace: " + std::strerror(errno) + "; check the path"});
    }
    std::string text;
    char buffer[1U << 16U];
    while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, file.get())) {
        text.append(buffer, got);
    }
    if (std::ferror(file.get()) != 0) {
        return std::unexpected(Error{path.string() + ": cannot read the trace: " + std::strerror(errno) +
                                     "; check that it is a file"});
    }
    return text;
}

std::string ended_early(std::size_t events) {
    return "the file ends after " + std::to_string(events) + " events, without its last line";
}

// Splits off the first line. `whole` is false for a last line without its line feed.
struct Line {
    std::string_view text;
    bool whole = false;
};

Line take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const bool whole = end != std::string_view::npos;
    const Line line{text.substr(0, end), whole};
    text.remove_prefix(whole ? end + 1 : text.size());
    return line;
}

std::expected<void, Error> finish(std::string_view line, std::string_view rest, const std::string& name,
                                  std::size_t number, Trace& trace) {
    const auto footer = parse_footer_line(line);
    if (!footer) {
        return std::unexpected(error_at(name, number, footer.error()));
    }
    if (!rest.empty()) {
        return std::unexpected(error_at(name, number + 1, "there is more after the last line"));
    }
    trace.incomplete = footer->incomplete;
    if (footer->events != trace.events.size()) {
        return std::unexpected(error_at(name, number,
                                        "there should be " + std::to_string(footer->events) +
                                            " events, and there are " + std::to_string(trace.events.size())));
    }
    return {};
}

// Checks each event against those before it: none may be missing or repeated, and every task has to be born
// of another.
class Sequence {
  public:
    // What is wrong with the event. Empty: nothing is.
    std::string refuse(const Event& event) {
        const auto task = static_cast<std::uint32_t>(event.task);
        if (std::string problem = refuse_order(event); !problem.empty()) {
            return problem;
        }
        if (const auto* start = std::get_if<TaskStartEvent>(&event.body)) {
            const auto parent = static_cast<std::uint32_t>(start->parent);
            if (task != next_indices_.size() + 1 || parent > next_indices_.size() ||
                (parent == 0) != next_indices_.empty()) {
                return "task " + std::to_string(task) + " cannot start here as a child of task " +
                       std::to_string(parent);
            }
            next_indices_.push_back(0);
        }
        if (task == 0 || task > next_indices_.size()) {
            return "task " + std::to_string(task) + " has not started";
        }
        std::uint64_t& next_index = next_indices_[task - 1];
        if (event.index != next_index++) {
            return "event " + std::to_string(next_index - 1) + " of task " + std::to_string(task) +
                   " is missing or out of order";
        }
        return {};
    }

    // What is wrong with the whole. Empty: nothing is.
    std::string refuse_end() const {
        return open_entries_.empty()
                   ? std::string{}
                   : "what took place at " + std::to_string(*open_entries_.begin()) + " is missing";
    }

  private:
    // Each number of the order belongs to exactly one event or one call's entry.
    std::string refuse_order(const Event& event) {
        constexpr std::uint64_t kMostOpenCalls = 1U << 20;
        const auto* const call = std::get_if<SyscallEvent>(&event.body);
        const std::uint64_t passed = event.order - next_order_;
        if (event.order < next_order_ || passed > kMostOpenCalls) {
            return "event " + std::to_string(next_order_) + " is missing or out of order";
        }
        for (; next_order_ < event.order; ++next_order_) {
            open_entries_.insert(next_order_);
        }
        ++next_order_;
        if (call != nullptr && open_entries_.erase(call->entry_order) == 0) {
            return "a call cannot have been made at " + std::to_string(call->entry_order);
        }
        return {};
    }

    std::set<std::uint64_t> open_entries_;
    std::uint64_t next_order_ = 0;
    std::vector<std::uint64_t> next_indices_;  // of task 1, 2, …
};

}  // namespace

std::expected<Trace, Error> parse_trace(std::string_view text, const std::string& name) {
    Trace trace;
    std::size_t number = 1;
    const Line first = take_line(text);
    auto header = parse_header_line(first.text);
    if (!header) {
        return std::unexpected(error_at(name, number, header.error()));
    }
    trace.header = *std::move(header);
    Sequence sequence;
    while (!text.empty()) {
        ++number;
        const Line line = take_line(text);
        if (is_footer_line(line.text) && line.whole) {
            if (const std::string problem = sequence.refuse_end(); !problem.empty()) {
                return std::unexpected(error_at(name, number, problem));
            }
            if (auto end = finish(line.text, text, name, number, trace); !end) {
                return std::unexpected(end.error());
            }
            return trace;
        }
        auto event = parse_event_line(line.text);
        if (!event && line.whole) {
            return std::unexpected(error_at(name, number, event.error()));
        }
        if (!event || !line.whole) {
            break;  // cut off in the middle of a line: what stands before it is still good
        }
        if (const std::string problem = sequence.refuse(*event); !problem.empty()) {
            return std::unexpected(error_at(name, number, problem));
        }
        trace.events.push_back(*std::move(event));
    }
    trace.incomplete = ended_early(trace.events.size());
    return trace;
}

std::expected<Trace, Error> read_trace(const std::filesystem::path& path) {
    auto file = read_file(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    if (path.extension() != ".zst") {
        return parse_trace(*file, path.string());
    }
    auto text = decompress(*file);
    if (!text) {
        return std::unexpected(Error{path.string() + ": " + text.error() + "; record the trace again"});
    }
    return parse_trace(*text, path.string());
}

}  // namespace levitate::traces
