#include "vmm/cli/interruption.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "vmm/run/session.hpp"

namespace levitate::vmm::cli {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

// The signal handler may touch only lock-free atomics (man 7 signal-safety).
std::atomic<Session*> watched_session = nullptr;
std::atomic<int> caught_signal = 0;
static_assert(std::atomic<Session*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void handle(int signal) {
    caught_signal = signal;
    if (Session* const session = watched_session) {
        session->request_stop();
    }
}

bool is_ignored(int signal) {
    struct sigaction action{};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void set_action(int signal, void (*handler)(int)) {
    struct sigaction action{};
    action.sa_handler = handler;
    // A second signal has its default action.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(signal, &action, nullptr);
}

// Stops a run on a signal for as long as it lives. There may be only one at a time.
class StopOnSignal {
  public:
    explicit StopOnSignal(Session& session) {
        caught_signal = 0;
        watched_session = &session;
        set_actions(handle);
    }
    ~StopOnSignal() {
        set_actions(SIG_DFL);
        watched_session = nullptr;
    }
    StopOnSignal(const StopOnSignal&) = delete;
    StopOnSignal& operator=(const StopOnSignal&) = delete;

    static std::optional<int> signal() {
        const int signal = caught_signal;
        return signal != 0 ? std::optional{signal} : std::nullopt;
    }

  private:
    static void set_actions(void (*handler)(int)) {
        for (const int signal : kSignals) {
            if (!is_ignored(signal)) {
                set_action(signal, handler);
            }
        }
    }
};

}  // namespace

Result<Outcome> run_until_signal(const RunSpec& spec, RunHooks hooks, std::optional<int>& signal) {
    std::optional<StopOnSignal> stop_on_signal;
    hooks.on_session = [&](Session* session) {
        if (session != nullptr) {
            stop_on_signal.emplace(*session);
        } else {
            signal = StopOnSignal::signal();
            stop_on_signal.reset();
        }
    };
    return run(spec, hooks);
}

void end_by_signal(int signal) {
    std::fflush(nullptr);
    set_action(signal, SIG_DFL);
    std::raise(signal);
    constexpr int kSignalBase = 128;
    std::_Exit(kSignalBase + signal);  // reached only if the signal is blocked
}

}  // namespace levitate::vmm::cli
