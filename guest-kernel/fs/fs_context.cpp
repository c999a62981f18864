#include "fs/fs_context.hpp"

#include "fs/mount.hpp"

namespace kernel {

Result<Ref<FsContext>> FsContext::create() {
    Ref<FsContext> context = TRY(make_ref<FsContext>());
    context->root = context->working_directory = root_path();
    return context;
}

Result<Ref<FsContext>> FsContext::clone() const {
    Ref<FsContext> copy = TRY(make_ref<FsContext>());
    copy->root = root;
    copy->working_directory = working_directory;
    copy->umask = umask;
    return copy;
}

}  // namespace kernel
