// Mutants that take a part from an event or add one.
#include <algorithm>

#include "tests/mutation/mutants.hpp"
#include "tests/mutation/places.hpp"
#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::traces::mutation {
namespace {

// Of more output than this, bytes at even distances are changed.
constexpr std::size_t kMostOutputBytes = 512;

class PartMutants {
  public:
    PartMutants(std::vector<Mutant>& mutants, std::size_t event, std::string owner)
        : mutants_(mutants), event_(event), owner_(std::move(owner)) {}

    void operator()(const SyscallEvent& call) {
        add<SyscallEvent>("restarted", "toggled", "",
                          [](SyscallEvent& body) { body.restarted = !body.restarted; });
        of_call(call, abi::find_syscall(call.number, call.arguments));
    }

    void operator()(const VdsoCallEvent& call) { of_call(call, abi::find_vdso_function(call.symbol)); }

    void operator()(const SignalEvent& signal) {
        for (std::size_t i = 0; i < signal.records.size(); ++i) {
            add<SignalEvent>("records", "removed", std::to_string(i), [i](SignalEvent& body) {
                body.records.erase(body.records.begin() + static_cast<std::ptrdiff_t>(i));
            });
        }
        if (signal.esr) {
            add<SignalEvent>("esr", "removed", "", [](SignalEvent& body) { body.esr.reset(); });
        }
    }

    void operator()(const ExecEvent& exec) {
        strings("argv", exec.argv.size(), [](ExecEvent& body) -> auto& { return body.argv; });
        strings("envp", exec.envp.size(), [](ExecEvent& body) -> auto& { return body.envp; });
        for (std::size_t i = 0; i < exec.auxv.size(); ++i) {
            const std::string name = abi::decode("auxv_types", exec.auxv[i].type);
            add<ExecEvent>(name, "removed", "", [i](ExecEvent& body) {
                body.auxv.erase(body.auxv.begin() + static_cast<std::ptrdiff_t>(i));
            });
        }
        if (exec.random) {
            add<ExecEvent>("random", "emptied", "", [](ExecEvent& body) { body.random->clear(); });
            add<ExecEvent>("random", "zeroed", "",
                           [](ExecEvent& body) { std::ranges::fill(*body.random, std::byte{}); });
        }
        add<ExecEvent>("auxv", "added", "AT_SECURE", [](ExecEvent& body) {
            body.auxv.push_back({static_cast<std::uint64_t>(abi::constant("AT_SECURE")), 1});
        });
    }

    template <typename End>
    void end(const End& end) {
        if (end.exit_code) {
            add<End>("exit_code", "a signal", "SIGKILL", [](End& body) {
                body.exit_code.reset();
                body.signal = static_cast<int>(abi::constant("SIGKILL"));
            });
        } else if (end.signal) {
            add<End>("signal", "an exit code", "0", [](End& body) {
                body.signal.reset();
                body.exit_code = 0;
            });
        }
    }

    void operator()(const TaskEndEvent& body) { end(body); }

    void operator()(const RegistersEvent& registers) {
        for (std::size_t i = 0; i < registers.changes.size(); ++i) {
            add<RegistersEvent>("changes", "removed", registers.changes[i].name, [i](RegistersEvent& body) {
                body.changes.erase(body.changes.begin() + static_cast<std::ptrdiff_t>(i));
            });
        }
    }

    void operator()(const OutcomeEvent& outcome) {
        end(outcome);
        output("stdout", outcome.stdout_bytes, [](OutcomeEvent& body) -> auto& { return body.stdout_bytes; });
        output("stderr", outcome.stderr_bytes, [](OutcomeEvent& body) -> auto& { return body.stderr_bytes; });
    }

    // Of other events every part is a value.
    template <typename Body>
    void operator()(const Body& /*body*/) {}

  private:
    template <typename Body, typename Edit>
    void add(std::string field, std::string change, std::string detail, Edit edit) {
        mutants_.push_back(
            {{owner_, std::move(field), std::move(change)},
             event_,
             std::move(detail),
             [event = event_, edit](Trace& trace) { edit(std::get<Body>(trace.events[event].body)); }});
    }

    template <typename Call>
    void of_call(const Call& call, const abi::SyscallRow* row) {
        if (call.result) {
            add<Call>("result", "removed", "", [](Call& body) { body.result.reset(); });
        } else {
            add<Call>("result", "given", "0", [](Call& body) { body.result = 0; });
        }
        for (std::size_t i = 0; row != nullptr && i < call.payloads.size(); ++i) {
            const std::string name = name_of(*row, call.payloads[i]);
            add<Call>(name, "removed", "", [i](Call& body) {
                body.payloads.erase(body.payloads.begin() + static_cast<std::ptrdiff_t>(i));
            });
            if (!call.payloads[i].bytes.empty()) {
                add<Call>(name, "cut", "", [i](Call& body) {
                    body.payloads[i].bytes.pop_back();
                    --body.payloads[i].length;
                });
            }
        }
    }

    template <typename Member>
    void strings(const char* name, std::size_t count, Member member) {
        for (std::size_t i = 0; i < count; ++i) {
            add<ExecEvent>(name, "removed", std::to_string(i), [=](ExecEvent& body) {
                member(body).erase(member(body).begin() + static_cast<std::ptrdiff_t>(i));
            });
        }
        add<ExecEvent>(name, "added", "X", [member](ExecEvent& body) { member(body).emplace_back("X"); });
    }

    template <typename Member>
    void output(const char* name, const std::vector<std::byte>& bytes, Member member) {
        const std::size_t step = std::max<std::size_t>(1, bytes.size() / kMostOutputBytes);
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            add<OutcomeEvent>(name, "byte", "byte " + std::to_string(at),
                              [=](OutcomeEvent& body) { member(body)[at] ^= std::byte{1}; });
        }
        if (!bytes.empty()) {
            add<OutcomeEvent>(name, "cut", "", [member](OutcomeEvent& body) { member(body).pop_back(); });
        }
        add<OutcomeEvent>(name, "longer", "",
                          [member](OutcomeEvent& body) { member(body).push_back(std::byte{'\n'}); });
    }

    std::vector<Mutant>& mutants_;
    std::size_t event_;
    std::string owner_;
};

}  // namespace

void add_part_mutants(const Trace& trace, std::vector<Mutant>& mutants) {
    for (std::size_t i = 0; i < trace.events.size(); ++i) {
        std::visit(PartMutants(mutants, i, label_of(trace.events[i])), trace.events[i].body);
    }
}

std::vector<Mutant> mutants_of(const Trace& trace) {
    std::vector<Mutant> mutants;
    add_event_mutants(trace, mutants);
    add_number_mutants(trace, mutants);
    add_byte_mutants(trace, mutants);
    add_part_mutants(trace, mutants);
    return mutants;
}

}  // namespace levitate::traces::mutation
