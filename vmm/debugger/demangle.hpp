// Names of functions as people write them.
#pragma once

#include <string>

namespace levitate::vmm {

// The C++ or Rust name that the symbol stands for, without Rust's hash; any other symbol as it is.
std::string demangle(const std::string& symbol);

}  // namespace levitate::vmm
