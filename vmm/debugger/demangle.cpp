#include "vmm/debugger/demangle.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>

// libiberty demangles both of Rust's schemes; its header is C.
extern "C" {
#include <libiberty/demangle.h>
}

namespace levitate::vmm {
namespace {

struct FreeMemory {
    void operator()(void* memory) const { std::free(memory); }
};

}  // namespace

std::string demangle(const std::string& symbol) {
    const std::unique_ptr<char, FreeMemory> readable{cplus_demangle(symbol.c_str(), DMGL_AUTO | DMGL_PARAMS)};
    std::string name = readable ? readable.get() : symbol;
    // Rust's legacy scheme ends in "::h" and sixteen hex digits, which tell a reader nothing.
    constexpr std::size_t kHashLength = 19;
    if (name.size() > kHashLength && name.compare(name.size() - kHashLength, 3, "::h") == 0 &&
        name.find_first_not_of("0123456789abcdef", name.size() - 16) == std::string::npos) {
        name.resize(name.size() - kHashLength);
    }
    return name;
}

}  // namespace levitate::vmm
