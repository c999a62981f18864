// fcntl's F_NOTIFY: a signal for what happens in a directory (Linux fs/notify/dnotify/dnotify.c).
#pragma once

#include "lib/result.hpp"

namespace kernel {

class File;
class FileTable;

// `events` are fcntl's DN_*; none ends the watch. The watch belongs to the descriptors and the open file
// both. ENOTDIR, ENOMEM; EINVAL: switched off.
Result<void> watch_directory(const FileTable& owner, File& file, int fd, unsigned events);
// A descriptor of the file was closed.
void stop_watching_directory(const FileTable& owner, const File& file);

}  // namespace kernel
