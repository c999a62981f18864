// Reads the keys of one JSON object of a trace.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "traces/format/bytes.hpp"
#include "traces/format/event.hpp"
#include "traces/format/json.hpp"

namespace levitate::traces {

// The first problem is kept, and everything read after it is empty, so a caller looks for a problem once, at
// the end.
class JsonReader {
  public:
    JsonReader(const Json& json, std::string& problem);

    bool has(const char* key) const { return json_.is_object() && json_.contains(key); }
    std::uint64_t number(const char* key);
    std::uint64_t number_or(const char* key, std::uint64_t otherwise);

    template <typename T>
    T small(const char* key) {
        const std::uint64_t value = number(key);
        if (value > std::numeric_limits<T>::max()) {
            fail(key, "is too large");
            return 0;
        }
        return static_cast<T>(value);
    }

    std::int64_t signed_number(const char* key);
    std::int32_t signed_small(const char* key);
    bool boolean(const char* key);
    std::vector<std::byte> bytes(const char* key);
    std::string string(const char* key) { return std::string(as_string_view(bytes(key))); }
    std::vector<std::string> strings(const char* key);
    FileIdentity file(const char* key);
    std::vector<FileIdentity> files(const char* key);
    std::vector<AuxvEntry> auxv(const char* key);
    std::vector<FrameRecord> records(const char* key);

    template <std::size_t N>
    std::array<std::uint64_t, N> numbers(const char* key) {
        std::array<std::uint64_t, N> result{};
        const Json& elements = array(key);
        if (elements.size() != N) {
            fail(key, "does not have " + std::to_string(N) + " elements");
            return result;
        }
        for (std::size_t i = 0; i < N; ++i) {
            result[i] = number_of(elements[i], key);
        }
        return result;
    }

    // Empty where the key is missing or its value is not an array.
    const Json& array(const char* key);
    void fail(const std::string& text);
    void fail(const std::string& key, const std::string& text) { fail("\"" + key + "\" " + text); }

    JsonReader inner(const Json& json) { return {json, problem_}; }

    // nullptr: the key is missing, which is a problem.
    const Json* find(const char* key);

  private:
    std::uint32_t small_of(const Json& value, const char* key);
    std::uint64_t number_of(const Json& value, const char* key);
    std::vector<std::byte> bytes_of(const Json& value, const char* key);
    FileIdentity file_of(const Json& json);

    const Json& json_;
    std::string& problem_;
};

}  // namespace levitate::traces
