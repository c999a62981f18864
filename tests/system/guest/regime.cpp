#include "tests/system/guest/regime.hpp"

#include "tests/system/guest/access.hpp"

namespace guest {

void use_upper(const PageTables& tables, std::uint64_t control) {
    WRITE_REGISTER(tcr_el1, control);
    WRITE_REGISTER(ttbr1_el1, tables.root());
    synchronize_tables();
}

// The code runs in the lower half: the MMU is off meanwhile.
void use_lower(const PageTables& tables, std::uint64_t control) {
    WRITE_REGISTER(sctlr_el1, sctlr::kUsual & ~sctlr::kMmu);
    WRITE_REGISTER(tcr_el1, control);
    WRITE_REGISTER(ttbr0_el1, tables.root());
    synchronize_tables();
    WRITE_REGISTER(sctlr_el1, sctlr::kUsual);
}

void use_main() {
    use_lower(main_tables(), tcr::kUsual);
}

std::uint64_t marked_page() {
    static const std::uint64_t physical = [] {
        const std::uint64_t place = allocate(4096);
        mark_page(place);
        return place;
    }();
    return physical;
}

std::uint64_t marked_block() {
    static const std::uint64_t physical = [] {
        constexpr std::uint64_t kSize = 2 << 20;
        const std::uint64_t place = allocate(kSize);
        mark_page(place);
        mark_page(place + kSize - 4096);
        return place;
    }();
    return physical;
}

}  // namespace guest
