#include "tty/console_tty.hpp"

#include "fs/device.hpp"
#include "tty/tty_file.hpp"

namespace kernel {

namespace {
// Made at start, never destroyed.
ConsoleTty* the_console = nullptr;
}  // namespace

Result<void> initialize_console_tty() {
    termios2 settings = standard_settings();
    settings.c_cflag |= CLOCAL;
    the_console = TRY(make_ref<ConsoleTty>(devices::kSerial, settings)).leak();
    console_set_receiver(*the_console);
    for (const DeviceNumber number : {devices::kTty, devices::kConsole, devices::kSerial}) {
        add_character_device(number, open_tty);
    }
    return {};
}

Tty& console_tty() {
    return *the_console;
}

void ConsoleTty::transmit(const char* bytes, std::size_t size) {
    console_write({reinterpret_cast<const std::byte*>(bytes), size});
}

void ConsoleTty::receive(std::span<const std::byte> bytes) {
    Tty::receive({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace kernel
