// Holds one trace against golden recordings of the same case and says where they differ.
//
// Tasks are matched by birth order under their parents and compared one by one; the order between tasks is
// free. What may differ is a property of the call or of the struct field (traces/abi), never of the case, and
// whatever was let pass is listed. Where there are several golden recordings, what differed between them is
// not held against the trace: a value that varied on real Linux may be any of those seen, or another of the
// same class.
#pragma once

#include <cstddef>
#include <memory>
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
    // The same, except that something that a task did could not be held against any recording: only the
    // program's output speaks for it.
    OutputOnly,
    Divergent,
    Stale,  // divergent, but program or library are not the golden's build
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
    std::string golden;  // for people; empty where there is no such value
    std::string actual;
    // For data: where the first differing byte is. The texts begin at or a little before it.
    std::optional<std::size_t> first_byte = std::nullopt;
};

struct Divergence {
    DivergenceKind kind = DivergenceKind::MissingCall;
    TaskNumber task{};  // in the golden trace, or in the actual trace if only that has it
    // Indices into Trace::events; absent where that side has ended.
    std::optional<std::size_t> golden_event;
    std::optional<std::size_t> actual_event;
    std::vector<Difference> differences;
    std::string message;  // one sentence
    // What the kernel did, in one line: "futex(FUTEX_WAIT_BITSET) → EINVAL, Linux: 0".
    std::string cause;
    // How many differences have this cause; the first of them is described.
    std::size_t count = 1;
};

struct Normalisation {
    std::string what;  // "process and thread numbers"
    std::size_t count = 0;
};

struct Comparison {
    Verdict verdict = Verdict::Identical;
    // Which golden recording the events' indices mean: the one that the trace agrees with for longest.
    std::size_t golden = 0;
    // One for each cause, in the order in which they were first met.
    std::vector<Divergence> divergences;
    std::vector<Normalisation> normalised;
    // Tasks that did something that could not be held against any recording (Verdict::OutputOnly).
    std::vector<TaskNumber> undecided;
    // Files that are not the golden's build ("/bin/hello"). If there are any, a divergence is Stale.
    std::vector<std::string> other_builds;

    // nullptr where there is no divergence.
    const Divergence* first() const { return divergences.empty() ? nullptr : divergences.data(); }
};

// How many differences are looked for.
enum class Extent { First, All };

// Where stack, vDSO and mappings may lie.
enum class Layout {
    ByKernel,  // a kernel that is neither Linux nor Levitate's own may place them freely
    Strict,    // where they are in the golden recording, except with randomised addresses
};

// Golden recordings of one case, for any number of traces.
class Comparator {
  public:
    // Precondition: there is at least one golden recording. They outlive the comparator.
    explicit Comparator(std::span<const Trace> golden);
    ~Comparator();
    Comparator(const Comparator&) = delete;
    Comparator& operator=(const Comparator&) = delete;

    // May be called from any number of threads at once.
    Comparison compare(const Trace& actual, Extent extent = Extent::All,
                       Layout layout = Layout::ByKernel) const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

// The same for one trace.
Comparison compare(std::span<const Trace> golden, const Trace& actual, Extent extent = Extent::All,
                   Layout layout = Layout::ByKernel);

// "missing call", "identical", …
std::string_view to_string(DivergenceKind kind);
std::string_view to_string(Verdict verdict);

}  // namespace levitate::traces
