// Reads a trace file. Any input gives a trace or an error: truncated and damaged files are expected.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

#include "traces/format/error.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces {

// A file named *.zst is decompressed. A file that ends early is still a trace: `incomplete` says so. Other
// damage is an error that names the file and the line.
std::expected<Trace, Error> read_trace(const std::filesystem::path& path);

// The same for the decompressed text; `name` stands for the file in messages.
std::expected<Trace, Error> parse_trace(std::string_view text, const std::string& name);

}  // namespace levitate::traces
