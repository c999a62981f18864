// A decoded instruction: a function and its operands, worked out once when the word is decoded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

namespace levitate::emu {

class Core;
struct Instruction;

// What executing an instruction tells the run loop. In order: the greater of two is that of both.
enum class Flow : std::uint8_t {
    Next,       // retired; go on with the next one
    Branch,     // retired; go on at Core::branch_target
    Leave,      // retired, and something the run loop looks at has changed; go on with the next one
    Jump,       // as Leave, at Core::branch_target
    Exception,  // not retired; Core::exception says what to take
};

constexpr Flow both(Flow first, Flow second) {
    return first > second ? first : second;
}

using Executor = Flow (*)(Core& core, const Instruction& instruction);

// What a row's decoder returns.
struct Operation {
    static constexpr std::size_t operand_bytes = 16;
    Executor execute;
    std::array<std::byte, operand_bytes> operands;
};

struct Instruction {
    Operation operation;
    std::uint32_t word;
    std::uint16_t page_offset;  // of the word in its page
};
static_assert(sizeof(Instruction) == 32);

namespace detail {

template <class... Operands>
inline constexpr std::size_t packed_size = (sizeof(Operands) + ... + 0);

template <class... Operands>
void pack(Operation& operation, Operands... operands) {
    static_assert(packed_size<Operands...> <= Operation::operand_bytes, "too many operands");
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

// How an executor is called: Flow(Core&, operands…) or Flow(Core&, const Instruction&, operands…).
template <auto executor, class Signature = decltype(executor)>
struct Call;

template <auto executor, class... Operands>
struct Call<executor, Flow (*)(Core&, Operands...)> {
    static void pack_operands(Operation& operation, Operands... operands) { pack(operation, operands...); }
    static Flow execute(Core& core, const Instruction& instruction) {
        return [&]<std::size_t... i>(std::index_sequence<i...>) {
            [[maybe_unused]] constexpr auto offsets = operand_offsets<Operands...>();
            return executor(core, unpack<Operands>(instruction.operation, offsets[i])...);
        }(std::index_sequence_for<Operands...>{});
    }
};

template <auto executor, class... Operands>
struct Call<executor, Flow (*)(Core&, const Instruction&, Operands...)> {
    static void pack_operands(Operation& operation, Operands... operands) { pack(operation, operands...); }
    static Flow execute(Core& core, const Instruction& instruction) {
        return [&]<std::size_t... i>(std::index_sequence<i...>) {
            [[maybe_unused]] constexpr auto offsets = operand_offsets<Operands...>();
            return executor(core, instruction, unpack<Operands>(instruction.operation, offsets[i])...);
        }(std::index_sequence_for<Operands...>{});
    }
};

}  // namespace detail

// The operation that calls `executor` with these operands: Flow executor(Core&, operands…), or with the
// Instruction after the Core where the executor needs its own address or word.
template <auto executor, class... Arguments>
Operation operation(Arguments... arguments) {
    using Call = detail::Call<executor>;
    Operation result{};
    result.execute = &Call::execute;
    Call::pack_operands(result, arguments...);
    return result;
}

// The operation of an encoding that is not allocated: it records the word and takes the exception.
Operation undefined();

}  // namespace levitate::emu
