// Loads and stores of executors: the fast path, which finds its place in host memory through a data TLB and
// is compiled into each executor. access.cpp has the general case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "emu/core.hpp"
#include "emu/instruction.hpp"
#include "emu/mmu/tlb.hpp"

namespace levitate::emu {

template <class T>
inline Flow Core::load(std::uint64_t address, T& value) {
    return load_through(*data_tlb_, mode_, address, value);
}

template <class T>
inline Flow Core::store(std::uint64_t address, const T& value) {
    return store_through(*data_tlb_, mode_, address, value);
}

template <class T>
inline Flow Core::load_as(AccessMode mode, std::uint64_t address, T& value) {
    return load_through(tlbs_.data(mode), mode, address, value);
}

template <class T>
inline Flow Core::store_as(AccessMode mode, std::uint64_t address, const T& value) {
    return store_through(tlbs_.data(mode), mode, address, value);
}

template <class T>
inline Flow Core::load_pair(std::uint64_t address, T& first, T& second) {
    const DataTlbEntry& entry = (*data_tlb_)[tlb_index(address)];
    if (entry.read_tag == tag_rules_.tag_of<T, 2>(address)) [[likely]] {
        const std::byte* host = entry.host + (address & kPageOffsetMask);
        std::memcpy(&first, host, sizeof(T));
        std::memcpy(&second, host + sizeof(T), sizeof(T));
        return Flow::Next;
    }
    if (form == Form::Usual) {
        return redo();
    }
    const Flow flow = load_slow(mode_, address, &first, sizeof(T));
    return flow == Flow::Exception ? flow
                                   : both(flow, load_slow(mode_, address + sizeof(T), &second, sizeof(T)));
}

template <class T>
inline Flow Core::store_pair(std::uint64_t address, const T& first, const T& second) {
    const DataTlbEntry& entry = (*data_tlb_)[tlb_index(address)];
    if (entry.write_tag == tag_rules_.tag_of<T, 2>(address)) [[likely]] {
        std::byte* host = entry.host + (address & kPageOffsetMask);
        std::memcpy(host, &first, sizeof(T));
        std::memcpy(host + sizeof(T), &second, sizeof(T));
        return Flow::Next;
    }
    if (form == Form::Usual) {
        return redo();
    }
    const Flow flow = store_slow(mode_, address, &first, sizeof(T));
    return flow == Flow::Exception ? flow
                                   : both(flow, store_slow(mode_, address + sizeof(T), &second, sizeof(T)));
}

template <class T>
inline Flow Core::load_through(const DataTlb& tlb, AccessMode mode, std::uint64_t address, T& value) {
    const DataTlbEntry& entry = tlb[tlb_index(address)];
    if (entry.read_tag == tag_rules_.tag_of<T>(address)) [[likely]] {
        std::memcpy(&value, entry.host + (address & kPageOffsetMask), sizeof(T));
        return Flow::Next;
    }
    return form == Form::Usual ? redo() : load_slow(mode, address, &value, sizeof(T));
}

template <class T>
inline Flow Core::store_through(const DataTlb& tlb, AccessMode mode, std::uint64_t address, const T& value) {
    const DataTlbEntry& entry = tlb[tlb_index(address)];
    if (entry.write_tag == tag_rules_.tag_of<T>(address)) [[likely]] {
        std::memcpy(entry.host + (address & kPageOffsetMask), &value, sizeof(T));
        return Flow::Next;
    }
    return form == Form::Usual ? redo() : store_slow(mode, address, &value, sizeof(T));
}

}  // namespace levitate::emu
