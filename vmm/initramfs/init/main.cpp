// Process 1 of every guest: reads the run description, runs its programs in fixed surroundings, and powers
// the machine off. The same binary serves every kernel, so it asks for little: if a kernel lacks something
// that only some programs need, init goes on without it.
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/descriptor.hpp"
#include "vmm/initramfs/init/handover.hpp"
#include "vmm/initramfs/init/line.hpp"
#include "vmm/initramfs/init/program.hpp"
#include "vmm/initramfs/init/run_description.hpp"
#include "vmm/initramfs/init/system.hpp"

namespace levitate::vmm::init {
namespace {

std::string read_file(const char* path) {
    std::string text;
    const Descriptor file{::open(path, O_RDONLY | O_CLOEXEC)};
    std::array<char, 65536> buffer;
    ssize_t count = 0;
    while ((count = ::read(file.get(), buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
}

// Writes outside the frames, because there is no key for frames yet.
void say_plainly(int console, const char* what) {
    const std::string text = std::string{"levitate: "} + kRunDescriptionPath + " " + what + "\n";
    ::write(console, text.data(), text.size());
}

void say_hello(Line& line) {
    utsname names{};
    ::uname(&names);
    std::string text(1, static_cast<char>(kProtocolVersion));
    text.append(names.sysname).append(" ").append(names.release).append(" ").append(names.version);
    line.send_text(FrameType::Hello, text);
}

void prepare_signals() {
    struct sigaction wake_up{};
    wake_up.sa_handler = [](int) {};  // its only use is to interrupt ppoll
    ::sigaction(SIGCHLD, &wake_up, nullptr);
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, nullptr);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &children, nullptr);
}

// Where the archive was not put in place there is nothing to run. Its key has come, so this is in a frame.
void report(const Handover& handover, Line& line) {
    std::vector<std::byte> payload;
    append_number(payload, 0);
    append_number(payload, static_cast<std::uint32_t>(handover.failure->error));
    const std::string step = "unpack " + handover.failure->path;
    const auto bytes = std::as_bytes(std::span{step});
    payload.insert(payload.end(), bytes.begin(), bytes.end());
    line.send(FrameType::ExecFailed, payload);
}

void run() {
    std::optional<Handover> handover;
    if (::access(kRunDescriptionPath, F_OK) != 0) {
        handover = take_over();
    }
    prepare_system();
    if (handover) {
        reseed(handover->ticket.seed);
    }
    const int console = open_console();  // -1: there is none, which only the engine makes good
    if (handover && handover->failure) {
        Line line{console, handover->ticket.key};
        say_hello(line);
        report(*handover, line);
        line.send(FrameType::AllDone, {});
        return;
    }
    const auto description = parse_run_description(read_file(kRunDescriptionPath));
    if (!description) {
        say_plainly(console, "is missing or malformed");
        return;
    }
    // No program may read the key. A kernel without unlinkat(2) can still run programs that do not try to.
    if (::unlink(kRunDescriptionPath) != 0) {
        say_plainly(console, "cannot be removed: the program can write as init");
    }
    Line line{console, description->key};
    say_hello(line);
    prepare_signals();
    std::uint32_t number = 0;
    for (const Case& one : description->cases) {
        run_case(one, number++, line);
    }
    line.send(FrameType::AllDone, {});
}

}  // namespace
}  // namespace levitate::vmm::init

int main() {
    levitate::vmm::init::run();
    levitate::vmm::init::power_off();
}
