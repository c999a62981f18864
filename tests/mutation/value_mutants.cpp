// Mutants that change a value.
#include <algorithm>
#include <map>
#include <set>

#include "tests/mutation/mutants.hpp"
#include "tests/mutation/places.hpp"
#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::traces::mutation {
namespace {

// Which values a place of a call has anywhere in the trace.
using Pools = std::map<std::pair<std::string, std::string>, std::set<std::uint64_t>>;

struct Change {
    const char* name;
    std::uint64_t value;
};

std::uint64_t mask_of(std::size_t size) {
    return size >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * size)) - 1;
}

// Small and negative numbers as people write them, others in hexadecimal.
std::string text_of(std::uint64_t value, std::size_t size) {
    constexpr std::uint64_t kMostDecimal = 1'000'000;
    const std::uint64_t negated = (~value + 1) & mask_of(size);
    if (value <= kMostDecimal) {
        return std::to_string(value);
    }
    if (negated <= kMostDecimal) {
        return "-" + std::to_string(negated);
    }
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (; value != 0; value /= kDigits.size()) {
        text.insert(text.begin(), kDigits[value % kDigits.size()]);
    }
    return "0x" + text;
}

// The next greater one, or from the greatest the least.
void add_another(const std::set<std::uint64_t>& pool, std::uint64_t value, std::vector<Change>& changes) {
    const auto next = pool.upper_bound(value);
    changes.push_back({"another", next != pool.end() ? *next : *pool.begin()});
}

void add_result_changes(const NumberPlace& place, const std::set<std::uint64_t>& pool,
                        std::vector<Change>& changes) {
    const auto result = static_cast<std::int64_t>(place.value);
    if (abi::is_error(result)) {
        const std::int64_t neighbour = abi::is_error(result - 1) ? result - 1 : result + 1;
        changes.push_back({"neighbouring error", static_cast<std::uint64_t>(neighbour)});
        changes.push_back({"success", 0});
    } else {
        constexpr auto kError = -static_cast<std::int64_t>(abi::error_number("EINVAL"));
        changes.push_back({"error", static_cast<std::uint64_t>(kError)});
        changes.push_back({"0", 0});
        changes.push_back({"+1", place.value + 1});
        changes.push_back({"-1", place.value - 1});
    }
    add_another(pool, place.value, changes);
}

std::vector<Change> changes_of(const NumberPlace& place, const std::set<std::uint64_t>& pool) {
    std::vector<Change> changes;
    switch (place.kind) {
        case NumberKind::Result:
            add_result_changes(place, pool, changes);
            break;
        case NumberKind::Flags:
            changes.push_back({"bit cleared", place.value & (place.value - 1)});
            changes.push_back({"bit set", place.value | (place.value + 1)});
            break;
        case NumberKind::Plain:
            changes.push_back({"+1", place.value + 1});
            changes.push_back({"-1", place.value - 1});
            add_another(pool, place.value, changes);
            break;
    }
    return changes;
}

void add_changes(const NumberPlace& place, const std::set<std::uint64_t>& pool,
                 std::vector<Mutant>& mutants) {
    const std::uint64_t mask = mask_of(place.size);
    std::set<std::uint64_t> made{place.value & mask};
    for (const Change& change : changes_of(place, pool)) {
        const std::uint64_t value = change.value & mask;
        if (!made.insert(value).second) {
            continue;
        }
        mutants.push_back({{place.owner, place.field, change.name},
                           place.event,
                           text_of(place.value & mask, place.size) + " -> " + text_of(value, place.size),
                           [event = place.event, set = place.set, value](Trace& trace) {
                               set(trace.events[event], value);
                           }});
    }
}

}  // namespace

void add_number_mutants(const Trace& trace, std::vector<Mutant>& mutants) {
    const Places places = places_of(trace);
    Pools pools;
    for (const NumberPlace& place : places.numbers) {
        pools[{place.owner, place.field}].insert(place.value);
    }
    for (const NumberPlace& place : places.numbers) {
        add_changes(place, pools[{place.owner, place.field}], mutants);
    }
}

void add_byte_mutants(const Trace& trace, std::vector<Mutant>& mutants) {
    for (const BytesPlace& place : places_of(trace).bytes) {
        for (const std::size_t at : std::set{std::size_t{0}, place.size / 2, place.size - 1}) {
            mutants.push_back({{place.owner, place.field, "byte"},
                               place.event,
                               "byte " + std::to_string(at) + " of " + std::to_string(place.size),
                               [event = place.event, bytes = place.bytes, at](Trace& changed) {
                                   bytes(changed.events[event])[at] ^= std::byte{1};
                               }});
        }
    }
}

}  // namespace levitate::traces::mutation
