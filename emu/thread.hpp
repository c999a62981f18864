// Threaded code: how decoded instructions are executed one after another.
//
// Every slot of a code page (emu/mmu/code_cache.hpp) holds a function that executes its instruction and then
// calls that of the next slot in its tail, which the compiler makes a jump: a straight run of instructions
// costs one indirect jump each. A taken branch goes on the same way, within its page or through the fetch TLB
// to another. It returns to the run loop (run.cpp) only when something asks for it.
//
// Nothing is counted on the way. `credit` is how many instructions may still retire after the last one of the
// page, if all from `at` to the end of the page do: going straight on does not change it, and a branch
// changes it by its distance. While it is not negative the rest of the page cannot be too long, so only
// branches look at it. With less left than the rest of a page, the run loop executes instructions one by one
// (Core::run_one), so that a run ends exactly where it is to.
//
// Loads and stores find their place in host memory through the data TLB, inline. One that misses makes the
// executor return Flow::Exception before anything has changed, and so does any exception; the same executor
// then runs again, compiled into another function where Core::form is Form::Complete. So the usual one calls
// nothing and needs no stack frame. An executor that returns nothing can neither fault nor branch: after it
// comes the next instruction, and it has no other form.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "emu/core.hpp"
#include "emu/instruction.hpp"

namespace levitate::emu {

// Whether the compiler makes jumps of calls in tails. Where it does not, the run loop makes each call.
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool kCallsInTails = false;
#elif defined(__clang__)
inline constexpr bool kCallsInTails = !__has_feature(address_sanitizer);
#else
inline constexpr bool kCallsInTails = true;
#endif

// How many instructions may retire from `at` on.
inline std::uint64_t left_from(const Instruction& at, std::int64_t credit) {
    return static_cast<std::uint64_t>(credit) + (kPageSize - at.page_offset) / kInstructionBytes;
}

inline std::uint64_t Core::address_of(const Instruction& instruction) const {
    return code_base_ + instruction.page_offset;
}

inline RetiredBefore Core::retired_before(const Instruction& at, std::int64_t credit) const {
    return {slice_end_ - left_from(at, credit)};
}

inline Flow Core::go_on(const Instruction* next, std::int64_t credit) {
    if constexpr (kCallsInTails) {
        return next->operation.code(*this, next, credit);
    } else {
        next_ = next;
        next_credit_ = credit;
        return Flow::Next;
    }
}

inline Flow Core::branch(const Instruction& at, std::int64_t credit) {
    const std::uint64_t offset = branch_target - code_base_;
    if (offset < kPageSize && offset % kInstructionBytes == 0) [[likely]] {
        const auto distance = static_cast<std::int64_t>(offset - at.page_offset);
        const std::int64_t new_credit = credit + (distance >> kInstructionShift) - 1;
        if (new_credit >= 0) [[likely]] {
            return go_on(&code_page_->slots[offset / kInstructionBytes], new_credit);
        }
    }
    return branch_elsewhere(at, credit);
}

namespace detail {

template <class... Operands>
inline constexpr std::size_t kPackedSize = (sizeof(Operands) + ... + 0);

template <class... Operands>
void pack(Operation& operation, Operands... operands) {
    static_assert(kPackedSize<Operands...> <= Operation::kOperandBytes, "too many operands");
    static_assert((std::is_trivially_copyable_v<Operands> && ...));
    [[maybe_unused]] std::size_t at = 0;
    ((std::memcpy(operation.operands.data() + at, &operands, sizeof operands), at += sizeof operands), ...);
}

template <class Operand>
Operand unpack(const Operation& operation, std::size_t at) {
    Operand operand;
    std::memcpy(&operand, operation.operands.data() + at, sizeof operand);
    return operand;
}

template <class... Operands>
consteval std::array<std::size_t, sizeof...(Operands) + 1> operand_offsets() {
    std::array<std::size_t, sizeof...(Operands) + 1> offsets{};
    std::size_t at = 0;
    std::size_t index = 0;
    ((offsets[index++] = at, at += sizeof(Operands)), ...);
    return offsets;
}

// Calls function(operands…) with the operands that pack() stored.
template <class... Operands, class Function>
auto with_operands(const Operation& operation, Function function) {
    return [&]<std::size_t... i>(std::index_sequence<i...>) {
        [[maybe_unused]] constexpr auto kOffsets = operand_offsets<Operands...>();
        return function(unpack<Operands>(operation, kOffsets[i])...);
    }(std::index_sequence_for<Operands...>{});
}

// The forms an executor may have.
template <auto executor, class Signature = decltype(executor)>
struct Call;

template <auto executor, class Result, class... Operands>
struct Call<executor, Result (*)(Core&, Operands...)> {
    static void pack_operands(Operation& operation, Operands... operands) { pack(operation, operands...); }
    static Result execute(Core& core, const Instruction& at, std::int64_t /*credit*/) {
        return with_operands<Operands...>(at.operation,
                                          [&](Operands... operands) { return executor(core, operands...); });
    }
};

template <auto executor, class Result, class... Operands>
struct Call<executor, Result (*)(Core&, const Instruction&, Operands...)> {
    static void pack_operands(Operation& operation, Operands... operands) { pack(operation, operands...); }
    static Result execute(Core& core, const Instruction& at, std::int64_t /*credit*/) {
        return with_operands<Operands...>(
            at.operation, [&](Operands... operands) { return executor(core, at, operands...); });
    }
};

template <auto executor, class... Operands>
struct Call<executor, Flow (*)(Core&, const Instruction&, RetiredBefore, Operands...)> {
    static void pack_operands(Operation& operation, Operands... operands) { pack(operation, operands...); }
    static Flow execute(Core& core, const Instruction& at, std::int64_t credit) {
        return with_operands<Operands...>(at.operation, [&](Operands... operands) {
            return executor(core, at, core.retired_before(at, credit), operands...);
        });
    }
};

// The complete form: what the executor does where Core::form says so.
template <class Call>
[[gnu::noinline, gnu::cold]] Flow complete(Core& core, const Instruction& at, std::int64_t credit) {
    if (core.form != Form::Complete) {
        __builtin_unreachable();  // known to the compiler, as in run()
    }
    return Call::execute(core, at, credit);
}

// Goes on after an executor's usual form returned `flow`: with its complete form if that was asked for, or to
// the run loop, which must hear of it.
[[gnu::cold]] Flow unusual(Core& core, const Instruction* at, std::int64_t credit, Flow flow,
                           Flow (*complete_form)(Core&, const Instruction&, std::int64_t));

template <class Call>
[[gnu::always_inline]] inline Flow run(Core& core, const Instruction* at, std::int64_t credit) {
    if (core.form != Form::Usual) {
        __builtin_unreachable();  // known to the compiler, so that it drops what only the complete form does
    }
    if constexpr (std::is_void_v<decltype(Call::execute(core, *at, credit))>) {
        Call::execute(core, *at, credit);
        return core.go_on(at + 1, credit);
    } else {
        const Flow flow = Call::execute(core, *at, credit);
        if (flow == Flow::Next) [[likely]] {
            return core.go_on(at + 1, credit);
        }
        if (flow == Flow::Branch) [[likely]] {
            return core.branch(*at, credit);
        }
        return unusual(core, at, credit, flow, &complete<Call>);
    }
}

template <class Call>
Flow thread(Core& core, const Instruction* at, std::int64_t credit) {
    return run<Call>(core, at, credit);
}

// What stands in for any executor that CPACR_EL1.FPEN traps.
inline Flow trap_fp(Core& core) {
    return core.trap_fp();
}

template <class Call>
Flow thread_fp(Core& core, const Instruction* at, std::int64_t credit) {
    if (core.fp_trapped) [[unlikely]] {
        return thread<detail::Call<&trap_fp>>(core, at, credit);
    }
    return run<Call>(core, at, credit);
}

template <class Call, class... Arguments>
Operation make_operation(Code code, Arguments... arguments) {
    Operation result{};
    result.code = code;
    Call::pack_operands(result, arguments...);
    return result;
}

}  // namespace detail

// The operation that calls `executor` with these operands. Its form is one of
//     void executor(Core&, operands…)                     if it can neither fault nor branch
//     void executor(Core&, const Instruction&, operands…)
//     Flow executor(Core&, operands…)
//     Flow executor(Core&, const Instruction&, operands…)                 if it needs its own address or word
//     Flow executor(Core&, const Instruction&, RetiredBefore, operands…)  if it looks at the time
// One that returns nothing has no complete form, so it costs half as much to compile.
template <auto executor, class... Arguments>
Operation operation(Arguments... arguments) {
    using Call = detail::Call<executor>;
    return detail::make_operation<Call>(&detail::thread<Call>, arguments...);
}

// As operation(), for an instruction that CPACR_EL1.FPEN traps.
template <auto executor, class... Arguments>
Operation fp_operation(Arguments... arguments) {
    using Call = detail::Call<executor>;
    return detail::make_operation<Call>(&detail::thread_fp<Call>, arguments...);
}

}  // namespace levitate::emu
