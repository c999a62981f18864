// Ordered, exclusive and atomic accesses of general registers: LDAR and STLR, LDXR and STXR, CAS, SWP, and
// the group of LDADD.
#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "emu/core.hpp"
#include "emu/decode/table.hpp"
#include "emu/execute/arithmetic.hpp"
#include "emu/mmu/access.hpp"
#include "emu/thread.hpp"

namespace levitate::emu {

namespace {

// A base register's address for accesses that must be aligned to `size`: these fault otherwise, whatever
// SCTLR_EL1.A says (the N1 has no LSE2). Flow::Next if it may be used.
Flow aligned_base(Core& core, Source n, unsigned size, Access access) {
    if (core.sp_misaligned(n)) {
        return core.sp_alignment_fault();
    }
    return (core.get(n) & (size - 1)) == 0 ? Flow::Next : core.alignment_fault(core.get(n), access);
}

// --- Ordered and exclusive ---------------------------------------------------------------------------------

template <class T>
Flow load_ordered(Core& core, Target t, Source n) {
    if (const Flow flow = aligned_base(core, n, sizeof(T), Access::Read); flow != Flow::Next) {
        return flow;
    }
    T value = 0;
    const Flow flow = core.load(core.get(n), value);
    if (flow != Flow::Exception) {
        core.set(t, value);
    }
    return flow;
}

template <class T>
Flow store_ordered(Core& core, Source t, Source n) {
    if (const Flow flow = aligned_base(core, n, sizeof(T), Access::Write); flow != Flow::Next) {
        return flow;
    }
    return core.store(core.get(n), core.get<T>(t));
}

template <class T>
Flow load_exclusive(Core& core, Target t, Source n) {
    const std::uint64_t address = core.get(n);
    const Flow flow = load_ordered<T>(core, t, n);
    if (flow != Flow::Exception) {
        core.monitor = {.marked = true, .address = address, .size = sizeof(T)};
    }
    return flow;
}

template <class T>
Flow load_exclusive_pair(Core& core, Target t, Target t2, Source n) {
    if (const Flow flow = aligned_base(core, n, 2 * sizeof(T), Access::Read); flow != Flow::Next) {
        return flow;
    }
    const std::uint64_t address = core.get(n);
    T first = 0;
    T second = 0;
    const Flow flow = core.load_pair(address, first, second);
    if (flow != Flow::Exception) {
        core.set(t, first);
        core.set(t2, second);
        core.monitor = {.marked = true, .address = address, .size = 2 * sizeof(T)};
    }
    return flow;
}

// Performs `store` if the monitor has the location marked, and writes 0 or 1 to the status register.
template <class Store>
Flow store_if_exclusive(Core& core, Target status, std::uint64_t address, unsigned size, Store store) {
    const ExclusiveMonitor& monitor = core.monitor;
    const bool passes = monitor.marked && monitor.address == address && monitor.size == size;
    const Flow flow = passes ? store() : Flow::Next;
    if (flow != Flow::Exception) {
        core.monitor.marked = false;
        core.set(status, passes ? 0 : 1);
    }
    return flow;
}

template <class T>
Flow store_exclusive(Core& core, Target status, Source t, Source n) {
    if (const Flow flow = aligned_base(core, n, sizeof(T), Access::Write); flow != Flow::Next) {
        return flow;
    }
    const std::uint64_t address = core.get(n);
    return store_if_exclusive(core, status, address, sizeof(T),
                              [&] { return core.store(address, core.get<T>(t)); });
}

template <class T>
Flow store_exclusive_pair(Core& core, Target status, Source t, Source t2, Source n) {
    if (const Flow flow = aligned_base(core, n, 2 * sizeof(T), Access::Write); flow != Flow::Next) {
        return flow;
    }
    const std::uint64_t address = core.get(n);
    return store_if_exclusive(core, status, address, 2 * sizeof(T),
                              [&] { return core.store_pair(address, core.get<T>(t), core.get<T>(t2)); });
}

// --- Read, modify, write -----------------------------------------------------------------------------------

// Loads T at the base, stores what `modify` makes of it, and returns the old value in `old`. Both accesses
// are made before a register changes.
template <class T, class Modify>
Flow modify_memory(Core& core, Source n, T& old, Modify modify) {
    if (const Flow flow = aligned_base(core, n, sizeof(T), Access::Read); flow != Flow::Next) {
        return flow;
    }
    const std::uint64_t address = core.get(n);
    const Flow loaded = core.load(address, old);
    if (loaded == Flow::Exception) {
        return loaded;
    }
    return both(loaded, core.store(address, static_cast<T>(modify(old))));
}

template <class T, auto function>
Flow atomic(Core& core, Source s, Target t, Source n) {
    T old = 0;
    const T operand = core.get<T>(s);
    const Flow flow = modify_memory(core, n, old, [operand](T value) { return function(value, operand); });
    if (flow != Flow::Exception) {
        core.set(t, old);
    }
    return flow;
}

// A compare that fails writes the old value back, so that it needs the permission to write all the same.
template <class T>
Flow compare_and_swap(Core& core, Target s, Source expected, Source t, Source n) {
    T old = 0;
    const T compared = core.get<T>(expected);
    const T replacement = core.get<T>(t);
    const Flow flow =
        modify_memory(core, n, old, [&](T value) { return value == compared ? replacement : value; });
    if (flow != Flow::Exception) {
        core.set(s, old);
    }
    return flow;
}

// Registers s and s+1, t and t+1. The pair in memory is in ascending order.
template <class T>
Flow compare_and_swap_pair(Core& core, Reg s, Reg t, Source n) {
    if (const Flow flow = aligned_base(core, n, 2 * sizeof(T), Access::Read); flow != Flow::Next) {
        return flow;
    }
    const Reg s2{static_cast<std::uint8_t>(s.number + 1)};
    const Reg t2{static_cast<std::uint8_t>(t.number + 1)};
    const std::uint64_t address = core.get(n);
    T first = 0;
    T second = 0;
    Flow flow = core.load_pair(address, first, second);
    if (flow == Flow::Exception) {
        return flow;
    }
    const bool equal = first == core.get<T>(s.source()) && second == core.get<T>(s2.source());
    flow = both(flow, core.store_pair(address, equal ? core.get<T>(t.source()) : first,
                                      equal ? core.get<T>(t2.source()) : second));
    if (flow != Flow::Exception) {
        core.set(s.target(), first);
        core.set(s2.target(), second);
    }
    return flow;
}

// --- Decoders ----------------------------------------------------------------------------------------------

Operation LDAR(Imm<2> size, Reg Rn, Reg Rt) {
    return with_size(size,
                     [&]<class T>(T) { return operation<&load_ordered<T>>(Rt.target(), Rn.source_or_sp()); });
}

Operation LDAPR(Imm<2> size, Reg Rn, Reg Rt) {
    return LDAR(size, Rn, Rt);
}

Operation STLR(Imm<2> size, Reg Rn, Reg Rt) {
    return with_size(
        size, [&]<class T>(T) { return operation<&store_ordered<T>>(Rt.source(), Rn.source_or_sp()); });
}

// LORegions (FEAT_LOR) order accesses among themselves; there are none, and these are LDAR and STLR.
constexpr auto LDLAR = LDAR;
constexpr auto STLLR = STLR;

Operation LDXR(Imm<2> size, Reg Rn, Reg Rt) {
    return with_size(
        size, [&]<class T>(T) { return operation<&load_exclusive<T>>(Rt.target(), Rn.source_or_sp()); });
}

Operation STXR(Imm<2> size, Reg Rs, Reg Rn, Reg Rt) {
    return with_size(size, [&]<class T>(T) {
        return operation<&store_exclusive<T>>(Rs.target(), Rt.source(), Rn.source_or_sp());
    });
}

Operation LDXP(Bit sixty_four, Reg Rt2, Reg Rn, Reg Rt) {
    return with_width(sixty_four.set, [&]<class T>(T) {
        return operation<&load_exclusive_pair<T>>(Rt.target(), Rt2.target(), Rn.source_or_sp());
    });
}

Operation STXP(Bit sixty_four, Reg Rs, Reg Rt2, Reg Rn, Reg Rt) {
    return with_width(sixty_four.set, [&]<class T>(T) {
        return operation<&store_exclusive_pair<T>>(Rs.target(), Rt.source(), Rt2.source(), Rn.source_or_sp());
    });
}

Operation CAS(Imm<2> size, Reg Rs, Reg Rn, Reg Rt) {
    return with_size(size, [&]<class T>(T) {
        return operation<&compare_and_swap<T>>(Rs.target(), Rs.source(), Rt.source(), Rn.source_or_sp());
    });
}

Operation CASP(Bit sixty_four, Reg Rs, Reg Rn, Reg Rt) {
    if (Rs.number % 2 != 0 || Rt.number % 2 != 0) {
        return undefined();
    }
    return with_width(sixty_four.set, [&]<class T>(T) {
        return operation<&compare_and_swap_pair<T>>(Rs, Rt, Rn.source_or_sp());
    });
}

template <auto function>
Operation decode_atomic(Imm<2> size, Reg Rs, Reg Rn, Reg Rt) {
    return with_size(size, [&]<class T>(T) {
        return operation<&atomic<T, function>>(Rs.source(), Rt.target(), Rn.source_or_sp());
    });
}

constexpr auto kAdd = []<class T>(T value, T operand) { return static_cast<T>(value + operand); };
constexpr auto kClear = []<class T>(T value, T operand) { return static_cast<T>(value & ~operand); };
constexpr auto kExclusiveOr = []<class T>(T value, T operand) { return static_cast<T>(value ^ operand); };
constexpr auto kSet = []<class T>(T value, T operand) { return static_cast<T>(value | operand); };
constexpr auto kSignedMaximum = []<class T>(T value, T operand) {
    using Signed = std::make_signed_t<T>;
    return static_cast<Signed>(value) > static_cast<Signed>(operand) ? value : operand;
};
constexpr auto kSignedMinimum = []<class T>(T value, T operand) {
    using Signed = std::make_signed_t<T>;
    return static_cast<Signed>(value) < static_cast<Signed>(operand) ? value : operand;
};
constexpr auto kUnsignedMaximum = []<class T>(T value, T operand) { return std::max(value, operand); };
constexpr auto kUnsignedMinimum = []<class T>(T value, T operand) { return std::min(value, operand); };
constexpr auto kSwap = []<class T>(T, T operand) { return operand; };

constexpr auto LDADD = decode_atomic<kAdd>;
constexpr auto LDCLR = decode_atomic<kClear>;
constexpr auto LDEOR = decode_atomic<kExclusiveOr>;
constexpr auto LDSET = decode_atomic<kSet>;
constexpr auto LDSMAX = decode_atomic<kSignedMaximum>;
constexpr auto LDSMIN = decode_atomic<kSignedMinimum>;
constexpr auto LDUMAX = decode_atomic<kUnsignedMaximum>;
constexpr auto LDUMIN = decode_atomic<kUnsignedMinimum>;
constexpr auto SWP = decode_atomic<kSwap>;

constexpr decode::Row kRows[] = {
#include "emu/decode/atomic.inc"
};

}  // namespace

std::span<const decode::Row> decode::atomic_rows() {
    return kRows;
}

}  // namespace levitate::emu
