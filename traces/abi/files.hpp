// Files whose contents vary from run to run or from kernel to kernel (files.inc).
#pragma once

#include <string_view>

namespace levitate::traces::abi {

enum class FileVariation { None, Maps, Shape, Random, Kernel };

// By the path that was given to openat; only absolute paths are known.
FileVariation file_variation(std::string_view path);

// Whether the inode number of the object at this absolute path is no identity: each look-up may give another.
bool is_numbered_anew(std::string_view path);

}  // namespace levitate::traces::abi
