// JSON, as traces, reports and kept references have it: here alone text becomes JSON, and JSON text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace levitate::traces {

using Json = nlohmann::ordered_json;

// Where the text is no JSON, the result is_discarded().
Json parse_json(std::string_view text);

// On one line, or with an indentation over many. Strings of ours may hold any bytes, but JSON may not: what
// is not UTF-8 is replaced.
std::string json_text(const Json& json, int indentation = -1);

}  // namespace levitate::traces
