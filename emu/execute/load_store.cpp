// Loads and stores of one and of two general registers, literals and prefetches.
#include <cstdint>
#include <type_traits>

#include "emu/core.hpp"
#include "emu/decode/table.hpp"
#include "emu/execute/arithmetic.hpp"
#include "emu/mmu/access.hpp"
#include "emu/thread.hpp"

namespace levitate::emu {

namespace {

// How an address is made from its base register.
enum class Index : std::uint8_t { Offset, Pre, Post };
// LDTR and STTR access memory as EL0 would.
enum class Privilege : std::uint8_t { Current, User };

// Loads Memory, which is signed if the load extends the sign, and extends it to Result, the register's width.
template <class Memory, class Result, Privilege privilege = Privilege::Current>
Flow load_extended(Core& core, std::uint64_t address, Target t) {
    std::make_unsigned_t<Memory> value = 0;
    const Flow flow = privilege == Privilege::User ? core.load_as(core.unprivileged_mode(), address, value)
                                                   : core.load(address, value);
    if (flow != Flow::Exception) [[likely]] {
        using Extended = std::conditional_t<std::is_signed_v<Memory>, std::make_signed_t<Result>, Result>;
        const auto extended = static_cast<Result>(Extended{static_cast<Memory>(value)});
        core.set(t, std::uint64_t{extended});
    }
    return flow;
}

// --- One register ------------------------------------------------------------------------------------------

template <class Memory, class Result, Index index, Privilege privilege>
Flow load(Core& core, Target t, Source n, Target writeback, std::int32_t offset) {
    if (core.sp_misaligned(n)) [[unlikely]] {
        return core.sp_alignment_fault();
    }
    const std::uint64_t base = core.get(n);
    const std::uint64_t indexed = base + static_cast<std::uint64_t>(std::int64_t{offset});
    const std::uint64_t address = index == Index::Post ? base : indexed;
    const Flow flow = load_extended<Memory, Result, privilege>(core, address, t);
    if constexpr (index != Index::Offset) {
        if (flow != Flow::Exception) {
            core.set(writeback, indexed);
        }
    }
    return flow;
}

template <class Memory, Index index, Privilege privilege>
Flow store(Core& core, Source t, Source n, Target writeback, std::int32_t offset) {
    if (core.sp_misaligned(n)) [[unlikely]] {
        return core.sp_alignment_fault();
    }
    const std::uint64_t base = core.get(n);
    const std::uint64_t indexed = base + static_cast<std::uint64_t>(std::int64_t{offset});
    const std::uint64_t address = index == Index::Post ? base : indexed;
    const auto value = core.get<Memory>(t);
    const Flow flow = privilege == Privilege::User ? core.store_as(core.unprivileged_mode(), address, value)
                                                   : core.store(address, value);
    if constexpr (index != Index::Offset) {
        if (flow != Flow::Exception) {
            core.set(writeback, indexed);
        }
    }
    return flow;
}

template <class Memory, class Result>
Flow load_register(Core& core, Target t, Source n, Source m, Extend extend, std::uint8_t shift) {
    if (core.sp_misaligned(n)) [[unlikely]] {
        return core.sp_alignment_fault();
    }
    const std::uint64_t address = core.get(n) + extended(core.get(m), extend, shift);
    return load_extended<Memory, Result>(core, address, t);
}

template <class Memory>
Flow store_register(Core& core, Source t, Source n, Source m, Extend extend, std::uint8_t shift) {
    if (core.sp_misaligned(n)) [[unlikely]] {
        return core.sp_alignment_fault();
    }
    return core.store(core.get(n) + extended(core.get(m), extend, shift), core.get<Memory>(t));
}

template <class Memory, class Result>
Flow load_literal(Core& core, const Instruction& instruction, Target t, std::int32_t offset) {
    const std::uint64_t address =
        core.address_of(instruction) + static_cast<std::uint64_t>(std::int64_t{offset});
    return load_extended<Memory, Result>(core, address, t);
}

Flow prefetch(Core&) {
    return Flow::Next;
}

// LDRS: `narrow` is bit 0 of opc, which extends to 32 bits only. `function` gets the signed type and the
// result's.
template <class Function>
Operation with_signed_size(Imm<2> size, Bit narrow, Function function) {
    switch (size.value()) {
        case 0:
            return narrow ? function(std::int8_t{}, std::uint32_t{})
                          : function(std::int8_t{}, std::uint64_t{});
        case 1:
            return narrow ? function(std::int16_t{}, std::uint32_t{})
                          : function(std::int16_t{}, std::uint64_t{});
        case 2:
            return narrow ? undefined() : function(std::int32_t{}, std::uint64_t{});
        default:
            return undefined();
    }
}

Operation STR_unsigned(Imm<2> size, Imm<12> imm12, Reg Rn, Reg Rt) {
    return with_size(size, [&]<class T>(T) {
        return operation<&store<T, Index::Offset, Privilege::Current>>(
            Rt.source(), Rn.source_or_sp(), Rn.target_or_sp(),
            static_cast<std::int32_t>(imm12.value() * sizeof(T)));
    });
}

Operation LDR_unsigned(Imm<2> size, Imm<12> imm12, Reg Rn, Reg Rt) {
    return with_size(size, [&]<class T>(T) {
        return operation<&load<T, std::uint64_t, Index::Offset, Privilege::Current>>(
            Rt.target(), Rn.source_or_sp(), Rn.target_or_sp(),
            static_cast<std::int32_t>(imm12.value() * sizeof(T)));
    });
}

Operation LDRS_unsigned(Imm<2> size, Bit narrow, Imm<12> imm12, Reg Rn, Reg Rt) {
    return with_signed_size(size, narrow, [&]<class T, class Result>(T, Result) {
        return operation<&load<T, Result, Index::Offset, Privilege::Current>>(
            Rt.target(), Rn.source_or_sp(), Rn.target_or_sp(),
            static_cast<std::int32_t>(imm12.value() * sizeof(T)));
    });
}

Operation PRFM_unsigned() {
    return operation<&prefetch>();
}

template <Index index, Privilege privilege>
Operation decode_store(Imm<2> size, Imm<9> imm9, Reg Rn, Reg Rt) {
    return with_size(size, [&]<class T>(T) {
        return operation<&store<T, index, privilege>>(Rt.source(), Rn.source_or_sp(), Rn.target_or_sp(),
                                                      static_cast<std::int32_t>(imm9.signed_value()));
    });
}
constexpr auto STUR = decode_store<Index::Offset, Privilege::Current>;
constexpr auto STTR = decode_store<Index::Offset, Privilege::User>;
constexpr auto STR_post = decode_store<Index::Post, Privilege::Current>;
constexpr auto STR_pre = decode_store<Index::Pre, Privilege::Current>;

template <Index index, Privilege privilege>
Operation decode_load(Imm<2> size, Imm<9> imm9, Reg Rn, Reg Rt) {
    return with_size(size, [&]<class T>(T) {
        return operation<&load<T, std::uint64_t, index, privilege>>(
            Rt.target(), Rn.source_or_sp(), Rn.target_or_sp(),
            static_cast<std::int32_t>(imm9.signed_value()));
    });
}
constexpr auto LDUR = decode_load<Index::Offset, Privilege::Current>;
constexpr auto LDTR = decode_load<Index::Offset, Privilege::User>;
constexpr auto LDR_post = decode_load<Index::Post, Privilege::Current>;
constexpr auto LDR_pre = decode_load<Index::Pre, Privilege::Current>;

template <Index index, Privilege privilege>
Operation decode_signed_load(Imm<2> size, Bit narrow, Imm<9> imm9, Reg Rn, Reg Rt) {
    return with_signed_size(size, narrow, [&]<class T, class Result>(T, Result) {
        return operation<&load<T, Result, index, privilege>>(Rt.target(), Rn.source_or_sp(),
                                                             Rn.target_or_sp(),
                                                             static_cast<std::int32_t>(imm9.signed_value()));
    });
}
constexpr auto LDURS = decode_signed_load<Index::Offset, Privilege::Current>;
constexpr auto LDTRS = decode_signed_load<Index::Offset, Privilege::User>;
constexpr auto LDRS_post = decode_signed_load<Index::Post, Privilege::Current>;
constexpr auto LDRS_pre = decode_signed_load<Index::Pre, Privilege::Current>;

Operation PRFUM() {
    return operation<&prefetch>();
}

// Register offsets extend words or take doublewords: option bit 1.
bool is_offset_extend(Imm<3> option) {
    return option.bit(1);
}

std::uint8_t offset_shift(Bit scaled, Imm<2> size) {
    return scaled ? static_cast<std::uint8_t>(size.value()) : std::uint8_t{0};
}

Operation STR_register(Imm<2> size, Reg Rm, Imm<3> option, Bit scaled, Reg Rn, Reg Rt) {
    if (!is_offset_extend(option)) {
        return undefined();
    }
    return with_size(size, [&]<class T>(T) {
        return operation<&store_register<T>>(Rt.source(), Rn.source_or_sp(), Rm.source(),
                                             static_cast<Extend>(option.value()), offset_shift(scaled, size));
    });
}

Operation LDR_register(Imm<2> size, Reg Rm, Imm<3> option, Bit scaled, Reg Rn, Reg Rt) {
    if (!is_offset_extend(option)) {
        return undefined();
    }
    return with_size(size, [&]<class T>(T) {
        return operation<&load_register<T, std::uint64_t>>(Rt.target(), Rn.source_or_sp(), Rm.source(),
                                                           static_cast<Extend>(option.value()),
                                                           offset_shift(scaled, size));
    });
}

Operation LDRS_register(Imm<2> size, Bit narrow, Reg Rm, Imm<3> option, Bit scaled, Reg Rn, Reg Rt) {
    if (!is_offset_extend(option)) {
        return undefined();
    }
    return with_signed_size(size, narrow, [&]<class T, class Result>(T, Result) {
        return operation<&load_register<T, Result>>(Rt.target(), Rn.source_or_sp(), Rm.source(),
                                                    static_cast<Extend>(option.value()),
                                                    offset_shift(scaled, size));
    });
}

Operation PRFM_register(Imm<3> option) {
    return is_offset_extend(option) ? operation<&prefetch>() : undefined();
}

std::int32_t literal_offset(Imm<19> imm19) {
    return static_cast<std::int32_t>(imm19.signed_value() * 4);
}

Operation LDR_literal(Bit sixty_four, Imm<19> imm19, Reg Rt) {
    return with_width(sixty_four.set, [&]<class T>(T) {
        return operation<&load_literal<T, std::uint64_t>>(Rt.target(), literal_offset(imm19));
    });
}

Operation LDRSW_literal(Imm<19> imm19, Reg Rt) {
    return operation<&load_literal<std::int32_t, std::uint64_t>>(Rt.target(), literal_offset(imm19));
}

Operation PRFM_literal() {
    return operation<&prefetch>();
}

// --- Two registers -----------------------------------------------------------------------------------------

template <class Memory, Index index>
Flow load_pair(Core& core, Target t, Target t2, Source n, Target writeback, std::int16_t offset) {
    if (core.sp_misaligned(n)) [[unlikely]] {
        return core.sp_alignment_fault();
    }
    const std::uint64_t base = core.get(n);
    const std::uint64_t indexed = base + static_cast<std::uint64_t>(std::int64_t{offset});
    std::make_unsigned_t<Memory> first = 0;
    std::make_unsigned_t<Memory> second = 0;
    const Flow flow = core.load_pair(index == Index::Post ? base : indexed, first, second);
    if (flow == Flow::Exception) [[unlikely]] {
        return flow;
    }
    using Result = std::conditional_t<std::is_signed_v<Memory>, std::int64_t, std::uint64_t>;
    core.set(t, static_cast<std::uint64_t>(Result{static_cast<Memory>(first)}));
    core.set(t2, static_cast<std::uint64_t>(Result{static_cast<Memory>(second)}));
    if constexpr (index != Index::Offset) {
        core.set(writeback, indexed);
    }
    return flow;
}

template <class Memory, Index index>
Flow store_pair(Core& core, Source t, Source t2, Source n, Target writeback, std::int16_t offset) {
    if (core.sp_misaligned(n)) [[unlikely]] {
        return core.sp_alignment_fault();
    }
    const std::uint64_t base = core.get(n);
    const std::uint64_t indexed = base + static_cast<std::uint64_t>(std::int64_t{offset});
    const Flow flow =
        core.store_pair(index == Index::Post ? base : indexed, core.get<Memory>(t), core.get<Memory>(t2));
    if constexpr (index != Index::Offset) {
        if (flow != Flow::Exception) {
            core.set(writeback, indexed);
        }
    }
    return flow;
}

template <class T>
std::int16_t pair_offset(Imm<7> imm7) {
    return static_cast<std::int16_t>(imm7.signed_value() * static_cast<std::int64_t>(sizeof(T)));
}

template <Index index>
Operation decode_store_pair(Bit sf, Imm<7> imm7, Reg Rt2, Reg Rn, Reg Rt) {
    return with_width(sf.set, [&]<class T>(T) {
        return operation<&store_pair<T, index>>(Rt.source(), Rt2.source(), Rn.source_or_sp(),
                                                Rn.target_or_sp(), pair_offset<T>(imm7));
    });
}
constexpr auto STNP = decode_store_pair<Index::Offset>;
constexpr auto STP_post = decode_store_pair<Index::Post>;
constexpr auto STP_offset = decode_store_pair<Index::Offset>;
constexpr auto STP_pre = decode_store_pair<Index::Pre>;

template <class T, Index index>
Operation make_load_pair(Imm<7> imm7, Reg Rt2, Reg Rn, Reg Rt) {
    return operation<&load_pair<T, index>>(Rt.target(), Rt2.target(), Rn.source_or_sp(), Rn.target_or_sp(),
                                           pair_offset<T>(imm7));
}

template <Index index>
Operation decode_load_pair(Bit sf, Imm<7> imm7, Reg Rt2, Reg Rn, Reg Rt) {
    return with_width(sf.set, [&]<class T>(T) { return make_load_pair<T, index>(imm7, Rt2, Rn, Rt); });
}
constexpr auto LDNP = decode_load_pair<Index::Offset>;
constexpr auto LDP_post = decode_load_pair<Index::Post>;
constexpr auto LDP_offset = decode_load_pair<Index::Offset>;
constexpr auto LDP_pre = decode_load_pair<Index::Pre>;
constexpr auto LDPSW_post = make_load_pair<std::int32_t, Index::Post>;
constexpr auto LDPSW_offset = make_load_pair<std::int32_t, Index::Offset>;
constexpr auto LDPSW_pre = make_load_pair<std::int32_t, Index::Pre>;

constexpr decode::Row kRows[] = {
#include "emu/decode/load_store.inc"
};

}  // namespace

std::span<const decode::Row> decode::load_store_rows() {
    return kRows;
}

}  // namespace levitate::emu
