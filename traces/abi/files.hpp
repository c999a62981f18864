// Files whose contents vary from run to run or from kernel to kernel (files.inc).
#pragma once

#include <string_view>

namespace levitate::traces::abi {

enum class FileVariation { None, Maps, Shape, Random, Kernel };

// How the file's contents vary, by the path that was given to openat. Only absolute paths are known.
FileVariation file_variation(std::string_view path);

// Whether the inode number of the object at this absolute path does not identify it, because each look-up may
// give another number.
bool is_numbered_anew(std::string_view path);

}  // namespace levitate::traces::abi
