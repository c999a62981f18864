#include "traces/format/json.hpp"

namespace levitate::traces {

Json parse_json(std::string_view text) {
    return Json::parse(text, nullptr, false);
}

std::string json_text(const Json& json, int indentation) {
    return json.dump(indentation, ' ', false, Json::error_handler_t::replace);
}

}  // namespace levitate::traces
