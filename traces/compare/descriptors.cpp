#include "traces/compare/descriptors.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "traces/abi/layouts.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::traces::detail {
namespace {

using abi::CallKind;

constexpr std::int32_t kStandardStreams = 3;

std::string path_of(const SyscallEvent& call, const abi::SyscallRow& row) {
    for (const Payload& payload : call.payloads) {
        if (payload.argument < row.argument_count && payload.direction == Direction::In &&
            row.arguments()[payload.argument].kind == abi::ArgumentKind::Path) {
            return std::string(as_string_view(payload.bytes));
        }
    }
    return {};
}

}  // namespace

DescriptorTable::DescriptorTable() {
    for (std::int32_t descriptor = 0; descriptor < kStandardStreams; ++descriptor) {
        lives_[descriptor].emplace_back();
    }
}

FdInfo DescriptorTable::find(std::int32_t descriptor, std::uint64_t entry_order) const {
    const auto lives = lives_.find(descriptor);
    if (lives == lives_.end()) {
        return {};
    }
    const auto last = std::find_if(lives->second.rbegin(), lives->second.rend(), [&](const Life& life) {
        return life.opened.by <= entry_order && life.closed.by >= entry_order;
    });
    return last != lives->second.rend() ? last->info : FdInfo{};
}

void DescriptorTable::follow(const SyscallEvent& call, const abi::SyscallRow& row, std::uint64_t order,
                             std::vector<std::int32_t>& taken) {
    if (!call.result || abi::is_error(*call.result)) {
        return;
    }
    const Moment when{call.entry_order, order};
    const auto result = static_cast<std::int32_t>(*call.result);
    switch (row.kind) {
        case CallKind::Close:
            close(static_cast<std::int32_t>(call.arguments[0]), when);
            return;
        case CallKind::Open:
            open(result, {FdKind::File, path_of(call, row)}, when, taken);
            return;
        case CallKind::OpenAnonymous:
            open(result, {FdKind::File, {}}, when, taken);
            return;
        case CallKind::OpenSignals:
            open(result, {FdKind::SignalFd, {}}, when, taken);
            return;
        case CallKind::Duplicate: {
            const FdInfo info = find(static_cast<std::int32_t>(call.arguments[0]), call.entry_order);
            if (abi::argument_index(row, "newfd") < row.argument_count) {
                close(result, when);
            }
            open(result, info, when, taken);
            return;
        }
        case CallKind::OpenPair:
            for (const Payload& payload : call.payloads) {
                for (const std::size_t offset : {0U, 4U}) {
                    const auto descriptor = abi::read_number(payload.bytes, offset, 4);
                    if (payload.direction == Direction::Out && descriptor) {
                        open(static_cast<std::int32_t>(*descriptor), {FdKind::Stream, {}}, when, taken);
                    }
                }
            }
            return;
        default:
            if (row.result == abi::ResultKind::Fd) {
                open(result, {FdKind::Stream, {}}, when, taken);
            }
            return;
    }
}

void DescriptorTable::open(std::int32_t descriptor, FdInfo info, Moment when,
                           std::vector<std::int32_t>& taken) {
    lives_[descriptor].push_back({.info = std::move(info), .opened = when});
    taken.push_back(descriptor);
}

// A thread's close may return after another thread has already been given the number, so the oldest use ends.
void DescriptorTable::close(std::int32_t descriptor, Moment when) {
    const auto lives = lives_.find(descriptor);
    if (lives == lives_.end()) {
        return;
    }
    const auto oldest = std::ranges::find_if(lives->second, &Life::is_open);
    if (oldest != lives->second.end()) {
        oldest->closed = when;
    }
}

bool DescriptorTable::could_be_lowest(std::int32_t descriptor, std::int32_t least, Moment call) const {
    const auto lives_of = [&](std::int32_t number) {
        const auto found = lives_.find(number);
        return found != lives_.end() ? std::span<const Life>(found->second) : std::span<const Life>();
    };
    const auto surely_open = [&](const Life& life) {
        return life.opened.by <= call.from && life.closed.from >= call.by;
    };
    const auto perhaps_open = [&](const Life& life) {
        return life.opened.from <= call.by && life.closed.by >= call.from;
    };
    // A trace may hold any number, but Linux gives no number with so many below it that no call has opened.
    if (!numbers_known_ || descriptor < least ||
        static_cast<std::size_t>(descriptor) > lives_.size() + static_cast<std::size_t>(least) ||
        std::ranges::any_of(lives_of(descriptor), surely_open)) {
        return false;
    }
    for (std::int32_t lower = least; lower < descriptor; ++lower) {
        if (std::ranges::none_of(lives_of(lower), perhaps_open)) {
            return false;
        }
    }
    return true;
}

std::int32_t least_descriptor(const SyscallEvent& call, const abi::SyscallRow& row) {
    if (row.kind != CallKind::Duplicate || row.argument_count == 1) {
        return 0;
    }
    const std::size_t told = abi::argument_index(row, "newfd");
    const std::size_t minimum = abi::argument_index(row, "argument");
    return static_cast<std::int32_t>(call.arguments[told < row.argument_count ? told : minimum]);
}

}  // namespace levitate::traces::detail
