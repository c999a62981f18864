// What the compiler and the C++ library expect from their environment.
// NOLINTBEGIN(bugprone-reserved-identifier): the names are the Itanium C++ ABI's and libstdc++'s.
#include "log/print.hpp"

extern "C" {

// The kernel never exits, so nothing is destroyed at exit.
void* __dso_handle = nullptr;
int __cxa_atexit(void (*)(void*), void*, void*) {
    return 0;
}

[[noreturn]] void __cxa_pure_virtual() {
    kernel::panic("a pure virtual function was called");
}
[[noreturn]] void abort() {
    kernel::panic("abort");
}
}

namespace std {

// std::string_view's substr and at report positions out of range here.
void __throw_out_of_range_fmt(const char* format, ...) {
    kernel::panic(format);
}

}  // namespace std
// NOLINTEND(bugprone-reserved-identifier)
