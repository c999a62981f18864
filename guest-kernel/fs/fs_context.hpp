// What a task's path walks start from: root, working directory and umask (shared by CLONE_FS).
#pragma once

#include "fs/path.hpp"
#include "lib/ref.hpp"
#include "lib/result.hpp"

namespace kernel {

class FsContext : public RefCounted {
  public:
    // Root and working directory are the root of everything; the umask is 022. Precondition: the root is
    // mounted.
    static Result<Ref<FsContext>> create();
    Result<Ref<FsContext>> clone() const;

    Path root;
    Path working_directory;
    unsigned umask = 022;
};

}  // namespace kernel
