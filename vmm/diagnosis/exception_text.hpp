// Exceptions in words (Arm ARM D17.2.37).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace levitate::vmm {

// "data abort (translation fault, level 1, write)".
std::string exception_name(std::uint64_t esr);

// What a reader may not know of an exception of this kind, a sentence; empty: nothing.
std::string_view exception_hint(std::uint64_t esr);

}  // namespace levitate::vmm
