#include "vmm/gdb/registers.hpp"

#include <cassert>
#include <cstdint>
#include <cstring>

#include "vmm/arch/aarch64.hpp"

namespace levitate::vmm::gdb {
namespace {

constexpr unsigned kSp = 31;
constexpr unsigned kPc = 32;
constexpr unsigned kCpsr = 33;
constexpr unsigned kV0 = 34;
constexpr unsigned kFpsr = 66;
constexpr unsigned kFpcr = 67;

// The stack pointer that is in use.
template <typename Registers>
auto& stack_pointer(Registers& registers) {
    return (registers.pstate & spsr::kMode) == spsr::kModeEl1h ? registers.sp_el1 : registers.sp;
}

}  // namespace

std::size_t register_size(unsigned number) {
    assert(number < kRegisterCount);
    if (number == kCpsr || number == kFpsr || number == kFpcr) {
        return 4;
    }
    return number >= kV0 ? 16 : 8;
}

void get_register(const VcpuRegisters& registers, unsigned number, std::span<std::byte> bytes) {
    assert(bytes.size() == register_size(number));
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    if (number < kSp) {
        low = registers.x[number];
    } else if (number == kSp) {
        low = stack_pointer(registers);
    } else if (number == kPc) {
        low = registers.pc;
    } else if (number == kCpsr) {
        low = registers.pstate;
    } else if (number < kFpsr) {
        low = registers.v[number - kV0].low;
        high = registers.v[number - kV0].high;
    } else {
        low = number == kFpsr ? registers.fpsr : registers.fpcr;
    }
    std::memcpy(bytes.data(), &low, bytes.size() < 8 ? bytes.size() : 8);
    if (bytes.size() == 16) {
        std::memcpy(bytes.data() + 8, &high, 8);
    }
}

void set_register(VcpuRegisters& registers, unsigned number, std::span<const std::byte> bytes) {
    assert(bytes.size() == register_size(number));
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::memcpy(&low, bytes.data(), bytes.size() < 8 ? bytes.size() : 8);
    if (bytes.size() == 16) {
        std::memcpy(&high, bytes.data() + 8, 8);
    }
    if (number < kSp) {
        registers.x[number] = low;
    } else if (number == kSp) {
        stack_pointer(registers) = low;
    } else if (number == kPc) {
        registers.pc = low;
    } else if (number == kCpsr) {
        registers.pstate = low;
    } else if (number < kFpsr) {
        registers.v[number - kV0] = {.low = low, .high = high};
    } else if (number == kFpsr) {
        registers.fpsr = static_cast<std::uint32_t>(low);
    } else {
        registers.fpcr = static_cast<std::uint32_t>(low);
    }
}

std::string target_description() {
    std::string text = R"(<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target>)"
                       "<architecture>aarch64</architecture><osabi>GNU/Linux</osabi>"
                       R"(<feature name="org.gnu.gdb.aarch64.core">)";
    const auto add = [&text](const std::string& name, unsigned bits, const std::string& type) {
        text += "<reg name=\"" + name + "\" bitsize=\"" + std::to_string(bits) + "\" type=\"" + type + "\"/>";
    };
    for (unsigned number = 0; number < kSp; ++number) {
        add("x" + std::to_string(number), 64, "int");
    }
    add("sp", 64, "data_ptr");
    add("pc", 64, "code_ptr");
    add("cpsr", 32, "int");
    text += R"(</feature><feature name="org.gnu.gdb.aarch64.fpu">)"
            R"(<vector id="v2d" type="ieee_double" count="2"/><vector id="v2u" type="uint64" count="2"/>)"
            R"(<vector id="v4f" type="ieee_single" count="4"/><vector id="v4u" type="uint32" count="4"/>)"
            R"(<vector id="v8u" type="uint16" count="8"/><vector id="v16u" type="uint8" count="16"/>)"
            R"(<union id="vnd"><field name="f" type="v2d"/><field name="u" type="v2u"/></union>)"
            R"(<union id="vns"><field name="f" type="v4f"/><field name="u" type="v4u"/></union>)"
            R"(<union id="vnh"><field name="u" type="v8u"/></union>)"
            R"(<union id="vnb"><field name="u" type="v16u"/></union>)"
            R"(<union id="vnq"><field name="u" type="uint128"/></union>)"
            R"(<union id="aarch64v"><field name="d" type="vnd"/><field name="s" type="vns"/>)"
            R"(<field name="h" type="vnh"/><field name="b" type="vnb"/><field name="q" type="vnq"/></union>)";
    for (unsigned number = 0; number < 32; ++number) {
        add("v" + std::to_string(number), 128, "aarch64v");
    }
    add("fpsr", 32, "int");
    add("fpcr", 32, "int");
    return text + "</feature></target>";
}

}  // namespace levitate::vmm::gdb
