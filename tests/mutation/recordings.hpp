// The golden recordings that mutants are made of.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "traces/format/error.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces::mutation {

struct GoldenCase {
    std::string name;
    std::vector<Trace> recordings;  // in the order of their numbers

    // More than one task has run.
    bool concurrent() const;
};

// The folders in `goldens`, sorted.
std::vector<std::string> case_names(const std::filesystem::path& goldens);

std::expected<GoldenCase, Error> read_case(const std::filesystem::path& goldens, const std::string& name);

}  // namespace levitate::traces::mutation
