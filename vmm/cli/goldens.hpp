// Golden traces as check finds them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/error.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm::cli {

struct GoldenCase {
    std::string name;
    std::filesystem::path path;             // a folder of recordings, or one trace file
    std::vector<traces::Trace> recordings;  // never empty
};

// The names of all cases in goldens_directory(), sorted.
Result<std::vector<std::string>> all_golden_names();

// `name` is a case in goldens_directory(), a folder with recordings, or a trace file. Every recording must be
// complete: a golden that was cut short can prove nothing.
Result<GoldenCase> load_golden(const std::string& name);

// Reads one trace, complete or not.
Result<traces::Trace> load_trace(const std::filesystem::path& path);

// What the golden's header describes, as something to run again. The program and the extra files are looked
// up by name, first beside the golden and then as find_program() does. `program` (may be empty) overrides the
// search.
Result<RunSpec> spec_of(const GoldenCase& golden, const std::filesystem::path& program);

}  // namespace levitate::vmm::cli
