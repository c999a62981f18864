// The few instructions that the tests of the CPU are written with, as words (Arm ARM C6.2).
#pragma once

#include <cstdint>

#include "emu/system/registers.hpp"

namespace levitate::emu::test::assembly {

inline constexpr std::uint32_t nop = 0xd503201f;
inline constexpr std::uint32_t wfe = 0xd503205f;
inline constexpr std::uint32_t wfi = 0xd503207f;
inline constexpr std::uint32_t eret = 0xd69f03e0;
inline constexpr std::uint32_t ret = 0xd65f03c0;
inline constexpr std::uint32_t undefined = 0x00000000;
inline constexpr std::uint32_t daif_clear_irq = 0xd50342ff;
inline constexpr std::uint32_t set_pan = 0xd500419f;
inline constexpr std::uint32_t sp_select_el0 = 0xd50040bf;
inline constexpr std::uint32_t tlbi_all = 0xd508871f;
inline constexpr std::uint32_t fadd_d0_d0_d0 = 0x1e602800;

constexpr std::uint32_t svc(std::uint32_t immediate) {
    return 0xd4000001 | immediate << 5;
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

inline constexpr std::uint16_t midr_el1 = register_encoding(3, 0, 0, 0, 0);
inline constexpr std::uint16_t ctr_el0 = register_encoding(3, 3, 0, 0, 1);
inline constexpr std::uint16_t sctlr_el1 = register_encoding(3, 0, 1, 0, 0);
inline constexpr std::uint16_t cpacr_el1 = register_encoding(3, 0, 1, 0, 2);
inline constexpr std::uint16_t ttbr0_el1 = register_encoding(3, 0, 2, 0, 0);
inline constexpr std::uint16_t ttbr1_el1 = register_encoding(3, 0, 2, 0, 1);
inline constexpr std::uint16_t tcr_el1 = register_encoding(3, 0, 2, 0, 2);
inline constexpr std::uint16_t spsr_el1 = register_encoding(3, 0, 4, 0, 0);
inline constexpr std::uint16_t elr_el1 = register_encoding(3, 0, 4, 0, 1);
inline constexpr std::uint16_t icc_pmr_el1 = register_encoding(3, 0, 4, 6, 0);
inline constexpr std::uint16_t esr_el1 = register_encoding(3, 0, 5, 2, 0);
inline constexpr std::uint16_t far_el1 = register_encoding(3, 0, 6, 0, 0);
inline constexpr std::uint16_t par_el1 = register_encoding(3, 0, 7, 4, 0);
inline constexpr std::uint16_t mair_el1 = register_encoding(3, 0, 10, 2, 0);
inline constexpr std::uint16_t vbar_el1 = register_encoding(3, 0, 12, 0, 0);
inline constexpr std::uint16_t icc_iar1_el1 = register_encoding(3, 0, 12, 12, 0);
inline constexpr std::uint16_t icc_eoir1_el1 = register_encoding(3, 0, 12, 12, 1);
inline constexpr std::uint16_t icc_igrpen1_el1 = register_encoding(3, 0, 12, 12, 7);
inline constexpr std::uint16_t cntvct_el0 = register_encoding(3, 3, 14, 0, 2);
inline constexpr std::uint16_t cntv_ctl_el0 = register_encoding(3, 3, 14, 3, 1);
inline constexpr std::uint16_t cntv_cval_el0 = register_encoding(3, 3, 14, 3, 2);

}  // namespace levitate::emu::test::assembly
