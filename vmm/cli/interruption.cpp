#include "vmm/cli/interruption.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <utility>

#include "vmm/run/raw_terminal.hpp"
#include "vmm/run/session.hpp"

namespace levitate::vmm::cli {
namespace {

constexpr std::array kStopping{SIGINT, SIGTERM, SIGHUP};
constexpr std::array kPassed{SIGINT, SIGTERM, SIGHUP, SIGWINCH};
constexpr std::array kPassedFromTerminal{SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP};

// The signal handler may touch only lock-free atomics (man 7 signal-safety).
std::atomic<Session*> watched_session = nullptr;
std::atomic<int> caught_signal = 0;
static_assert(std::atomic<Session*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void set_action(int signal, void (*handler)(int, siginfo_t*, void*)) {
    struct sigaction action{};
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = handler;
    if (handler == nullptr) {
        action.sa_flags = 0;
        action.sa_handler = SIG_DFL;
    }
    ::sigaction(signal, &action, nullptr);
}

// The first stops the run, a second has its default action.
void stop_run(int signal, siginfo_t* /*info*/, void* /*context*/) {
    if (caught_signal.exchange(signal) != 0) {
        RawTerminal::restore_now();
        set_action(signal, nullptr);
        std::raise(signal);
        return;
    }
    if (Session* const session = watched_session) {
        session->request_stop();
    }
}

// Those that the kernel sends were typed at a terminal, which sends them to a whole group.
void pass_on(int signal, siginfo_t* info, void* /*context*/) {
    if (signal != SIGWINCH) {
        caught_signal = signal;
    }
    if (Session* const session = watched_session) {
        session->pass_signal(signal, info->si_code == SI_KERNEL);
    }
}

bool is_ignored(int signal) {
    struct sigaction action{};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Handles signals for as long as it lives. There may be only one at a time.
class SignalWatch {
  public:
    SignalWatch(Session& session, std::span<const int> signals, void (*handler)(int, siginfo_t*, void*))
        : signals_(signals) {
        caught_signal = 0;
        watched_session = &session;
        set_actions(handler);
    }
    ~SignalWatch() {
        set_actions(nullptr);
        watched_session = nullptr;
    }
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    static std::optional<int> signal() {
        const int signal = caught_signal;
        return signal != 0 ? std::optional{signal} : std::nullopt;
    }

  private:
    void set_actions(void (*handler)(int, siginfo_t*, void*)) const {
        for (const int signal : signals_) {
            if (!is_ignored(signal)) {
                set_action(signal, handler);
            }
        }
    }

    std::span<const int> signals_;
};

Result<Outcome> run_and_watch(const RunSpec& spec, RunHooks hooks, std::span<const int> signals,
                              void (*handler)(int, siginfo_t*, void*), std::optional<int>& signal) {
    std::optional<SignalWatch> watch;
    hooks.on_session = [&](Session* session) {
        if (session != nullptr) {
            watch.emplace(*session, signals, handler);
        } else {
            signal = SignalWatch::signal();
            watch.reset();
        }
    };
    return run(spec, hooks);
}

}  // namespace

Result<Outcome> run_until_signal(const RunSpec& spec, RunHooks hooks, std::optional<int>& signal) {
    return run_and_watch(spec, std::move(hooks), kStopping, stop_run, signal);
}

Result<Outcome> run_and_pass_signals(RunSpec spec, RunHooks hooks, std::optional<int>& signal) {
    spec.passes_signals = true;
    const std::span<const int> signals =
        spec.terminal.empty() ? std::span<const int>{kPassed} : std::span<const int>{kPassedFromTerminal};
    auto outcome = run_and_watch(spec, std::move(hooks), signals, pass_on, signal);
    // One that went to the program ends us too if it has ended the program.
    if (!outcome || (!outcome->stopped && outcome->signal != signal)) {
        signal.reset();
    }
    return outcome;
}

void end_by_signal(int signal) {
    std::fflush(nullptr);
    set_action(signal, nullptr);
    std::raise(signal);
    constexpr int kSignalBase = 128;
    std::_Exit(kSignalBase + signal);  // reached only if the signal is blocked
}

}  // namespace levitate::vmm::cli
