// memfd_create(2): a file of a tmpfs that no directory holds.
#pragma once

#include <string_view>

#include "fs/file.hpp"

namespace kernel {

// Shows as "/memfd:name (deleted)". Without `sealable` it is sealed against seals.
Result<Ref<File>> make_memfd(std::string_view name, bool sealable);

}  // namespace kernel
