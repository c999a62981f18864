// Files that are in no directory: eventfd, epoll, pidfd (Linux fs/anon_inodes.c).
#pragma once

#include <string_view>

#include "fs/file.hpp"

namespace kernel {

// Sets up the file system of such files. Once, at start.
Result<void> initialize_anonymous_files();

// A place for a file of the kind, for example "[eventfd]". All share one inode, as on Linux.
Result<Path> anonymous_path(std::string_view kind);
// The same for an inode of its own.
Result<Path> unmounted_path(std::string_view name, Ref<Inode> inode);

// Shows as "anon_inode:[eventfd]".
class AnonymousFile : public File {
  public:
    using File::File;
    void describe_name(TextBuffer& out) const override;
};

}  // namespace kernel
