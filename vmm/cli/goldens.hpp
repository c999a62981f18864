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
    // Where the recordings are from: kept as files, found in the cache of references, or made just now.
    enum class Origin { Files, Cache, New };

    std::string name;
    std::filesystem::path path;             // a folder of recordings, or one trace file; else empty
    std::vector<traces::Trace> recordings;  // never empty
    Origin origin = Origin::Files;
    double seconds = 0;  // that the recordings took, if they are new

    // Whether the recordings were made on our own machine, and not on the reference host.
    bool is_emulators() const { return recordings.front().header.engine == "emu"; }
};

// The names of all cases in goldens_directory(), sorted.
Result<std::vector<std::string>> all_golden_names();

// What can be meant by a name that is given to check.
enum class Meaning {
    Golden,   // a case in goldens_directory(), a folder of recordings, a trace file
    Folder,   // a folder in which there are folders of recordings
    Program,  // anything else that is there
    Nothing,
};
Meaning meaning_of(const std::string& name);

// The names, with each Meaning::Folder replaced by the folders of recordings in it.
Result<std::vector<std::string>> with_folders_opened(const std::vector<std::string>& names);

// `name` is a case in goldens_directory(), a folder with recordings, or a trace file. Every recording must be
// complete: a golden that was cut short can prove nothing.
Result<GoldenCase> load_golden(const std::string& name);

// Reads one trace, complete or not.
Result<traces::Trace> load_trace(const std::filesystem::path& path);

// What the golden's header describes, as something to run again. The program and the extra files are looked
// up by name, first beside the golden and then as find_program() does; a golden of one's own has a root for
// the files (vmm/reference/keep.hpp). `program` (may be empty) overrides the search.
Result<RunSpec> spec_of(const GoldenCase& golden, const std::filesystem::path& program);

// Says on stderr why the trace of this name ends before its run, if it does.
void say_if_incomplete(const std::string& name, const traces::Trace& trace);

}  // namespace levitate::vmm::cli
