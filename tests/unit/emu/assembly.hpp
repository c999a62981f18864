// The few instructions that the tests of the CPU are written with, as words (Arm ARM C6.2).
#pragma once

#include <cstdint>

#include "emu/system/registers.hpp"

namespace levitate::emu::test::assembly {

inline constexpr std::uint32_t kNop = 0xd503201f;
inline constexpr std::uint32_t kWfe = 0xd503205f;
inline constexpr std::uint32_t kWfi = 0xd503207f;
inline constexpr std::uint32_t kEret = 0xd69f03e0;
inline constexpr std::uint32_t kRet = 0xd65f03c0;
inline constexpr std::uint32_t kUndefined = 0x00000000;
inline constexpr std::uint32_t kDaifClearIrq = 0xd50342ff;
inline constexpr std::uint32_t kSetPan = 0xd500419f;
inline constexpr std::uint32_t kSpSelectEl0 = 0xd50040bf;
inline constexpr std::uint32_t kTlbiAll = 0xd508871f;
inline constexpr std::uint32_t kFaddD0D0D0 = 0x1e602800;

constexpr std::uint32_t svc(std::uint32_t immediate) {
    return 0xd4000001 | immediate << 5;
}
constexpr std::uint32_t smc(std::uint32_t immediate) {
    return 0xd4000003 | immediate << 5;
}
constexpr std::uint32_t hlt(std::uint32_t immediate) {
    return 0xd4400000 | immediate << 5;
}
constexpr std::uint32_t hvc(std::uint32_t immediate) {
    return 0xd4000002 | immediate << 5;
}
constexpr std::uint32_t brk(std::uint32_t immediate) {
    return 0xd4200000 | immediate << 5;
}
constexpr std::uint32_t movz(unsigned d, std::uint32_t immediate) {
    return 0xd2800000 | immediate << 5 | d;
}
constexpr std::uint32_t add(unsigned d, unsigned n, std::uint32_t immediate) {
    return 0x91000000 | immediate << 10 | n << 5 | d;
}
constexpr std::uint32_t subs(unsigned d, unsigned n, std::uint32_t immediate) {
    return 0xf1000000 | immediate << 10 | n << 5 | d;
}
// `words` instructions from here.
constexpr std::uint32_t branch(std::int32_t words) {
    return 0x14000000 | (static_cast<std::uint32_t>(words) & 0x3ffffff);
}
constexpr std::uint32_t branch_not_equal(std::int32_t words) {
    return 0x54000001 | (static_cast<std::uint32_t>(words) & 0x7ffff) << 5;
}
constexpr std::uint32_t br(unsigned n) {
    return 0xd61f0000 | n << 5;
}
constexpr std::uint32_t blr(unsigned n) {
    return 0xd63f0000 | n << 5;
}
constexpr std::uint32_t ldr(unsigned t, unsigned n) {
    return 0xf9400000 | n << 5 | t;
}
constexpr std::uint32_t ldr_w(unsigned t, unsigned n) {
    return 0xb9400000 | n << 5 | t;
}
constexpr std::uint32_t ldtr(unsigned t, unsigned n) {
    return 0xf8400800 | n << 5 | t;
}
constexpr std::uint32_t str(unsigned t, unsigned n) {
    return 0xf9000000 | n << 5 | t;
}
constexpr std::uint32_t str_w(unsigned t, unsigned n) {
    return 0xb9000000 | n << 5 | t;
}
constexpr std::uint32_t ldxr(unsigned t, unsigned n) {
    return 0xc85f7c00 | n << 5 | t;
}
constexpr std::uint32_t stxr(unsigned s, unsigned t, unsigned n) {
    return 0xc8007c00 | s << 16 | n << 5 | t;
}
constexpr std::uint32_t mrs(unsigned t, std::uint16_t encoding) {
    return 0xd5300000 | static_cast<std::uint32_t>(encoding & 0x7fff) << 5 | t;
}
constexpr std::uint32_t msr(std::uint16_t encoding, unsigned t) {
    return 0xd5100000 | static_cast<std::uint32_t>(encoding & 0x7fff) << 5 | t;
}

inline constexpr std::uint16_t kMidrEl1 = register_encoding(3, 0, 0, 0, 0);
inline constexpr std::uint16_t kCtrEl0 = register_encoding(3, 3, 0, 0, 1);
inline constexpr std::uint16_t kSctlrEl1 = register_encoding(3, 0, 1, 0, 0);
inline constexpr std::uint16_t kCpacrEl1 = register_encoding(3, 0, 1, 0, 2);
inline constexpr std::uint16_t kTtbr0El1 = register_encoding(3, 0, 2, 0, 0);
inline constexpr std::uint16_t kTtbr1El1 = register_encoding(3, 0, 2, 0, 1);
inline constexpr std::uint16_t kTcrEl1 = register_encoding(3, 0, 2, 0, 2);
inline constexpr std::uint16_t kSpsrEl1 = register_encoding(3, 0, 4, 0, 0);
inline constexpr std::uint16_t kElrEl1 = register_encoding(3, 0, 4, 0, 1);
inline constexpr std::uint16_t kIccPmrEl1 = register_encoding(3, 0, 4, 6, 0);
inline constexpr std::uint16_t kEsrEl1 = register_encoding(3, 0, 5, 2, 0);
inline constexpr std::uint16_t kFarEl1 = register_encoding(3, 0, 6, 0, 0);
inline constexpr std::uint16_t kParEl1 = register_encoding(3, 0, 7, 4, 0);
inline constexpr std::uint16_t kMairEl1 = register_encoding(3, 0, 10, 2, 0);
inline constexpr std::uint16_t kVbarEl1 = register_encoding(3, 0, 12, 0, 0);
inline constexpr std::uint16_t kIccIar1El1 = register_encoding(3, 0, 12, 12, 0);
inline constexpr std::uint16_t kIccEoir1El1 = register_encoding(3, 0, 12, 12, 1);
inline constexpr std::uint16_t kIccIgrpen1El1 = register_encoding(3, 0, 12, 12, 7);
inline constexpr std::uint16_t kCntvctEl0 = register_encoding(3, 3, 14, 0, 2);
inline constexpr std::uint16_t kCntvCtlEl0 = register_encoding(3, 3, 14, 3, 1);
inline constexpr std::uint16_t kCntvCvalEl0 = register_encoding(3, 3, 14, 3, 2);

}  // namespace levitate::emu::test::assembly
