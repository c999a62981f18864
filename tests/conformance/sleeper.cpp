// Two threads that wait for ever: one for a byte of a pipe, one for a mutex that the other holds.
#include <unistd.h>

#include <array>
#include <mutex>
#include <thread>

int main() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
        return 1;
    }
    std::mutex mutex;
    const std::scoped_lock held{mutex};
    const std::jthread other{[&mutex] { const std::scoped_lock never{mutex}; }};
    char byte = 0;
    return ::read(ends[0], &byte, 1) == 1 ? 0 : 2;
}
