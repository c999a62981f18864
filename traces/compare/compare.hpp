// Holds one trace against golden recordings of the same case and says where it first differs.
//
// Tasks are matched by birth order under their parents and compared one by one; order between tasks is left
// free. What may differ is a property of the call or of the struct field (traces/abi), never of the case, and
// what was let pass is listed. Where there are several golden recordings, what differed between them is not
// held against the trace: a value that varied on real Linux may be one of those seen, or another of the same
// class.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/format/event.hpp"

namespace levitate::traces {

enum class Verdict {
    Identical,
    Equivalent,  // `normalised` says what differed
    Divergent,
    Stale,  // divergent, and the program or a library is another build than the golden's
};

enum class DivergenceKind {
    MissingCall,
    ExtraCall,
    Arguments,
    Result,
    Data,
    Signal,
    Auxv,
    Registers,
    Exit,
    Output,
};

struct Difference {
    // "result", an argument's name ("flags"), a piece of memory ("buffer", "iov[1]"), or a field of it
    // ("statbuf.st_size").
    std::string field;
    std::string golden;  // for people; empty where there is none
    std::string actual;
    // Of data: where the first byte is that differs. The texts begin at or a little before it.
    std::optional<std::size_t> first_byte = std::nullopt;
};

struct Divergence {
    DivergenceKind kind = DivergenceKind::MissingCall;
    TaskNumber task{};  // in the golden trace, or in the actual one where only that has the task
    // Indices into Trace::events; absent where that side has ended.
    std::optional<std::size_t> golden_event;
    std::optional<std::size_t> actual_event;
    std::vector<Difference> differences;
    std::string message;  // one sentence
};

struct Normalisation {
    std::string what;  // "process and thread numbers"
    std::size_t count = 0;
};

struct Comparison {
    Verdict verdict = Verdict::Identical;
    // Which golden recording the events' indices mean: the one that the trace agrees with for longest.
    std::size_t golden = 0;
    std::optional<Divergence> divergence;
    std::vector<Normalisation> normalised;
    // Files that are another build than the golden's ("/bin/hello"); a divergence is Stale then.
    std::vector<std::string> other_builds;
};

// Precondition: there is at least one golden recording.
Comparison compare(std::span<const Trace> golden, const Trace& actual);

// "missing call", "identical", …
std::string_view to_string(DivergenceKind kind);
std::string_view to_string(Verdict verdict);

}  // namespace levitate::traces
