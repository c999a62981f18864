#include "traces/format/json_reader.hpp"

#include <charconv>
#include <string_view>
#include <system_error>

namespace levitate::traces {

JsonReader::JsonReader(const Json& json, std::string& problem) : json_(json), problem_(problem) {
    if (!json.is_object()) {
        fail("is not an object");
    }
}

std::uint64_t JsonReader::number(const char* key) {
    const Json* value = find(key);
    return value != nullptr ? number_of(*value, key) : 0;
}

std::uint64_t JsonReader::number_or(const char* key, std::uint64_t otherwise) {
    return has(key) ? number(key) : otherwise;
}

std::int64_t JsonReader::signed_number(const char* key) {
    const Json* value = find(key);
    return value != nullptr ? static_cast<std::int64_t>(number_of(*value, key)) : 0;
}

std::int32_t JsonReader::signed_small(const char* key) {
    const std::int64_t value = signed_number(key);
    if (value < std::numeric_limits<std::int32_t>::min() ||
        value > std::numeric_limits<std::int32_t>::max()) {
        fail(key, "does not fit into 32 bits");
        return 0;
    }
    return static_cast<std::int32_t>(value);
}

bool JsonReader::boolean(const char* key) {
    const Json* value = find(key);
    if (value == nullptr) {
        return false;
    }
    if (!value->is_boolean()) {
        fail(key, "is neither true nor false");
        return false;
    }
    return value->get<bool>();
}

std::vector<std::byte> JsonReader::bytes(const char* key) {
    const Json* value = find(key);
    return value != nullptr ? bytes_of(*value, key) : std::vector<std::byte>{};
}

std::vector<std::string> JsonReader::strings(const char* key) {
    std::vector<std::string> result;
    for (const Json& element : array(key)) {
        result.emplace_back(as_string_view(bytes_of(element, key)));
    }
    return result;
}

FileIdentity JsonReader::file(const char* key) {
    const Json* value = find(key);
    return value != nullptr ? file_of(*value) : FileIdentity{};
}

std::vector<FileIdentity> JsonReader::files(const char* key) {
    std::vector<FileIdentity> result;
    for (const Json& element : array(key)) {
        result.push_back(file_of(element));
    }
    return result;
}

std::vector<AuxvEntry> JsonReader::auxv(const char* key) {
    std::vector<AuxvEntry> result;
    for (const Json& element : array(key)) {
        if (!element.is_array() || element.size() != 2) {
            fail(key, "has an entry that is not a pair of type and value");
            break;
        }
        result.push_back({number_of(element[0], key), number_of(element[1], key)});
    }
    return result;
}

std::vector<FrameRecord> JsonReader::records(const char* key) {
    std::vector<FrameRecord> result;
    for (const Json& element : array(key)) {
        if (!element.is_array() || element.size() != 2) {
            fail(key, "has an entry that is not a pair of magic and size");
            break;
        }
        result.push_back({small_of(element[0], key), small_of(element[1], key)});
    }
    return result;
}

const Json& JsonReader::array(const char* key) {
    static const Json kEmpty = Json::array();
    const Json* value = find(key);
    if (value == nullptr) {
        return kEmpty;
    }
    if (!value->is_array()) {
        fail(key, "is not an array");
        return kEmpty;
    }
    return *value;
}

void JsonReader::fail(const std::string& text) {
    if (problem_.empty()) {
        problem_ = text;
    }
}

const Json* JsonReader::find(const char* key) {
    if (!has(key)) {
        fail(key, "is missing");
        return nullptr;
    }
    return &json_[key];
}

std::uint32_t JsonReader::small_of(const Json& value, const char* key) {
    const std::uint64_t number = number_of(value, key);
    if (number > std::numeric_limits<std::uint32_t>::max()) {
        fail(key, "is too large");
        return 0;
    }
    return static_cast<std::uint32_t>(number);
}

std::uint64_t JsonReader::number_of(const Json& value, const char* key) {
    if (value.is_number_unsigned()) {
        return value.get<std::uint64_t>();
    }
    if (value.is_number_integer()) {
        return static_cast<std::uint64_t>(value.get<std::int64_t>());
    }
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        std::uint64_t number = 0;
        constexpr std::string_view kPrefix = "0x";
        if (text.starts_with(kPrefix)) {
            const char* const end = text.data() + text.size();
            const auto parsed = std::from_chars(text.data() + kPrefix.size(), end, number, 16);
            if (parsed.ec == std::errc{} && parsed.ptr == end) {
                return number;
            }
        }
    }
    fail(key, "is neither a whole number nor a string like \"0x1f\"");
    return 0;
}

std::vector<std::byte> JsonReader::bytes_of(const Json& value, const char* key) {
    if (value.is_string()) {
        return to_bytes(value.get_ref<const std::string&>());
    }
    if (value.is_object() && value.size() == 1 && value.contains("hex") && value["hex"].is_string()) {
        if (auto bytes = from_hex(value["hex"].get_ref<const std::string&>())) {
            return *bytes;
        }
    }
    fail(key, "is neither a string nor {\"hex\": \"…\"}");
    return {};
}

FileIdentity JsonReader::file_of(const Json& json) {
    JsonReader reader = inner(json);
    return {reader.string("path"), reader.string("sha256"), reader.string("build_id")};
}

}  // namespace levitate::traces
