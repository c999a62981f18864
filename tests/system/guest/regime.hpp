// Other translation regimes than the runtime's own, and pages to map in them.
#pragma once

#include <cstdint>

#include "tests/system/guest/page_tables.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

// Where the upper half of 48 bits begins.
inline constexpr std::uint64_t kUpper = 0xffff'0000'0000'0000;

// An upper half for a case, under this TCR_EL1, whose lower half must be the one in use.
void use_upper(const PageTables& tables, std::uint64_t control = tcr::kUsual);
// Changes the lower half, which the code runs in and so must be mapped, and TCR_EL1.
void use_lower(const PageTables& tables, std::uint64_t control);
// Back to the runtime's tables and control registers.
void use_main();

// A page as mark_page() of access.hpp makes it, always the same.
std::uint64_t marked_page();
// 2 MiB, of which the first page and the last are marked.
std::uint64_t marked_block();

}  // namespace guest
