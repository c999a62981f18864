// memfd_create(2): a file of a tmpfs that no directory holds.
#pragma once

#include <string_view>

#include "fs/file.hpp"

namespace kernel {

// Once, in boot. Before that, no memfd can be made.
Result<void> initialize_memfds();

// Shows as "/memfd:name (deleted)". Without `sealable` it is sealed against seals.
Result<Ref<File>> make_memfd(std::string_view name, bool sealable);

// A file of so many zero bytes, for shared memory that no descriptor stands for. Shows as "/name (deleted)".
Result<Ref<File>> make_unlinked_file(std::string_view name, std::size_t size);

}  // namespace kernel
