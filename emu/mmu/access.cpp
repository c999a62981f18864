// Loads and stores that the fast path does not take.
#include "emu/mmu/access.hpp"

#include <algorithm>
#include <cstring>

#include "emu/arch/bits.hpp"

namespace levitate::emu {

// What lies at one address, up to the end of its page.
struct Core::Piece {
    std::optional<RamPage> ram;  // nullopt: the bus answers
    std::uint64_t physical;
    bool device;
};

namespace {

constexpr std::size_t bytes_to_page_end(std::uint64_t address) {
    return kPageSize - (address & kPageOffsetMask);
}

// The bus takes at most eight bytes at a time.
constexpr unsigned kBusBytes = 8;

bool is_aligned(std::uint64_t address, unsigned size) {
    return (address & (size - 1)) == 0;
}

bool changes_ram(const RamPage& page, std::size_t offset, const std::byte* from, std::size_t size) {
    return std::memcmp(page.host + offset, from, size) != 0;
}

void store_to_ram(const RamPage& page, std::size_t offset, const std::byte* from, std::size_t size) {
    std::memcpy(page.host + offset, from, size);
    CodePage* code = *page.code;
    if (code != nullptr && code->decoded) {
        code->invalidate(offset, size);
    }
}

}  // namespace

std::expected<Translation, TranslationFault> Core::translate_for(std::uint64_t address, Access access,
                                                                 AccessMode mode, TableUpdate update) const {
    return emu::translate(translation_control(), memory_, address, access, mode, update);
}

std::expected<Core::Piece, TranslationFault> Core::resolve(AccessMode mode, std::uint64_t address,
                                                           Access access) {
    const auto translation = translate_for(address, access, mode, TableUpdate::Allowed);
    if (!translation.has_value()) {
        return std::unexpected(translation.error());
    }
    const Piece piece{memory_.page(translation->physical), translation->physical, translation->device};
    // Device memory keeps to the slow path for its alignment; with the MMU off all of it is Device, and the
    // tag masks check alignment instead.
    const bool cacheable = piece.ram.has_value() && (!piece.device || !mmu_enabled());
    if (cacheable && !is_watched_page(mode, address)) {
        const std::uint64_t page = page_of(address);
        const CodePage* code = *piece.ram->code;
        const bool holds_code = code != nullptr && code->decoded;
        const bool fast_stores =
            translation->permits(Access::Write, mode) && !holds_code && !watches_influences_;
        tlbs_.keep(mode, address, translation->size_shift,
                   {.read_tag = translation->permits(Access::Read, mode) ? page : kNoTag,
                    .write_tag = fast_stores ? page : kNoTag,
                    .host = piece.ram->host});
    }
    return piece;
}

bool Core::is_watched_page(AccessMode mode, std::uint64_t address) const {
    const std::uint64_t page = page_of(without_tag(translation_control(), address));
    if (guest_watchpoints_ && debug::has_watchpoint_in(system, page)) {
        return true;
    }
    return mode == AccessMode::User && halts_.watches(system.ttbr0, page, kPageSize);
}

void Core::note_watched(AccessMode mode, std::uint64_t address, unsigned size) {
    const std::uint64_t first = without_tag(translation_control(), address);
    if (pstate.el == 0 && mode == AccessMode::User && halts_.watches(system.ttbr0, first, size)) {
        halts_.request_for_load(first, size);
    }
}

bool Core::hits_watchpoint(AccessMode mode, std::uint64_t address, unsigned size, Access access) {
    if (!guest_watchpoints_ || !debug::enabled_from(system, pstate.el, pstate.daif)) {
        return false;
    }
    const bool privileged = mode != AccessMode::User;
    const std::uint64_t first = without_tag(translation_control(), address);
    const std::optional<std::uint64_t> hit = debug::watched(system, privileged, first, size, access);
    if (!hit.has_value()) {
        return false;
    }
    raise_now({.exception_class = ExceptionClass::Watchpoint,
               .iss = fault::kDebug | (access == Access::Write ? data_abort::kWrite : 0),
               .sets_far = true,
               .far = *hit});
    return true;
}

Flow Core::device_load(const Piece& piece, std::byte* into, unsigned size) {
    for (unsigned done = 0; done < size; done += kBusBytes) {
        const unsigned count = std::min(size - done, kBusBytes);
        const std::optional<std::uint64_t> value = bus_.read(piece.physical + done, count);
        if (!value.has_value()) {
            return Flow::Exception;
        }
        std::memcpy(into + done, &*value, count);
        influences_.device = true;
    }
    return Flow::Leave;
}

Flow Core::device_store(const Piece& piece, const std::byte* from, unsigned size) {
    for (unsigned done = 0; done < size; done += kBusBytes) {
        const unsigned count = std::min(size - done, kBusBytes);
        std::uint64_t value = 0;
        std::memcpy(&value, from + done, count);
        if (!bus_.write(piece.physical + done, count, value)) {
            return Flow::Exception;
        }
        influences_.device = true;
    }
    return Flow::Leave;
}

Flow Core::translation_abort(std::uint64_t address, Access access, const TranslationFault& fault) {
    if (fault.unanswered.has_value()) {
        unanswered_.raised(Unanswered::Kind::TableWalk, *fault.unanswered, sizeof(std::uint64_t));
    }
    return raise_data_abort(address, access, fault.fsc);
}

Flow Core::external_abort(std::uint64_t address, Access access, std::uint64_t physical, unsigned size) {
    unanswered_.raised(access == Access::Write ? Unanswered::Kind::Write : Unanswered::Kind::Read, physical,
                       size);
    return raise_data_abort(address, access, fault::kExternal);
}

Flow Core::load_slow(AccessMode mode, std::uint64_t address, void* into, unsigned size) {
    auto* bytes = static_cast<std::byte*>(into);
    if (alignment_checked() && !is_aligned(address, size)) {
        return alignment_fault(address, Access::Read);
    }
    const auto first_size = static_cast<unsigned>(std::min<std::size_t>(size, bytes_to_page_end(address)));
    Flow flow = Flow::Next;
    // An access over the end of a page is one to each page: for device memory it is unaligned anyway.
    for (unsigned done = 0; done < size; done = done == 0 ? first_size : size) {
        const unsigned count = done == 0 ? first_size : size - first_size;
        const std::uint64_t at = address + done;
        const auto piece = resolve(mode, at, Access::Read);
        if (!piece.has_value()) {
            return translation_abort(at, Access::Read, piece.error());
        }
        if (piece->device && !is_aligned(address, size)) {
            return alignment_fault(address, Access::Read);
        }
        if (hits_watchpoint(mode, at, count, Access::Read)) {
            return Flow::Exception;
        }
        if (const std::optional<RamPage>& ram = piece->ram; ram.has_value()) {
            std::memcpy(bytes + done, ram->host + (at & kPageOffsetMask), count);
            continue;
        }
        flow = is_aligned(address, size) ? device_load(*piece, bytes + done, count) : Flow::Exception;
        if (flow == Flow::Exception) {
            return external_abort(at, Access::Read, piece->physical, count);
        }
    }
    note_watched(mode, address, size);
    return halts_.is_requested() ? Flow::Leave : flow;
}

Flow Core::store_slow(AccessMode mode, std::uint64_t address, const void* from, unsigned size) {
    const auto* bytes = static_cast<const std::byte*>(from);
    if (alignment_checked() && !is_aligned(address, size)) {
        return alignment_fault(address, Access::Write);
    }
    const auto first_size = static_cast<unsigned>(std::min<std::size_t>(size, bytes_to_page_end(address)));
    // Both pages must be writable before either is written.
    const auto first = resolve(mode, address, Access::Write);
    if (!first.has_value()) {
        return translation_abort(address, Access::Write, first.error());
    }
    auto second = first;
    if (first_size < size) {
        second = resolve(mode, address + first_size, Access::Write);
        if (!second.has_value()) {
            return translation_abort(address + first_size, Access::Write, second.error());
        }
    }
    if ((first->device || second->device) && !is_aligned(address, size)) {
        return alignment_fault(address, Access::Write);
    }
    if (hits_watchpoint(mode, address, size, Access::Write)) {
        return Flow::Exception;
    }
    const std::optional<RamPage>& first_ram = first->ram;
    const std::optional<RamPage>& second_ram = second->ram;
    if (!first_ram.has_value() || !second_ram.has_value()) {
        const bool answers =
            is_aligned(address, size) && device_store(*first, bytes, size) != Flow::Exception;
        return answers ? Flow::Leave : external_abort(address, Access::Write, first->physical, size);
    }
    const std::size_t offset = address & kPageOffsetMask;
    influences_.memory =
        influences_.memory || changes_ram(*first_ram, offset, bytes, first_size) ||
        (first_size < size && changes_ram(*second_ram, 0, bytes + first_size, size - first_size));
    store_to_ram(*first_ram, offset, bytes, first_size);
    if (first_size < size) {
        store_to_ram(*second_ram, 0, bytes + first_size, size - first_size);
    }
    return Flow::Next;
}

void Core::ram_written(std::uint64_t address, std::uint64_t size) {
    for (std::uint64_t done = 0; done < size;) {
        const std::uint64_t at = address + done;
        const std::uint64_t count = std::min<std::uint64_t>(size - done, bytes_to_page_end(at));
        const std::optional<RamPage> page = memory_.page(at);
        CodePage* const code = page.has_value() ? *page->code : nullptr;
        if (code != nullptr && code->decoded) {
            code->invalidate(at & kPageOffsetMask, count);
        }
        done += count;
    }
}

Flow Core::store_zeros(std::uint64_t address) {
    constexpr ZeroBlock kZeros{};
    const Flow flow = store(address & ~(sizeof kZeros - 1), kZeros);
    if (flow == Flow::Exception && exception.sets_far) {
        exception.far = address;
    }
    return flow;
}

}  // namespace levitate::emu
