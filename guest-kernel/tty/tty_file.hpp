// Opening terminals: /dev/tty, /dev/console, /dev/ttyAMA0.
#pragma once

#include "fs/file.hpp"

namespace kernel {

class Tty;

// ENXIO: /dev/tty without a controlling terminal. A session leader without one gets the terminal as such
// unless O_NOCTTY is set or it is /dev/console (Linux drivers/tty/tty_io.c, tty_open).
Result<Ref<File>> open_tty(const Path& path, unsigned flags);
// An open file of a terminal, without any of those effects.
Result<Ref<File>> make_tty_file(const Path& path, unsigned flags, Tty& tty);
// The console for descriptors 0, 1 and 2 of the first process. It needs no node in /dev.
Result<Ref<File>> open_console();

}  // namespace kernel
