// From the boot loader to C++. Entered by the arm64 boot protocol (Linux Documentation/arm64/booting.rst): MMU off,
// interrupts masked, x0 = physical address of the device tree, at EL1 or EL2, anywhere on a 2 MiB boundary.
#include "arch/aarch64/layout.h"

    .arch armv8.2-a
    .section .head, "ax"
    .global image_start
image_start:
    b       start
    .long   0
    .quad   0                           // text_offset
    .quad   image_size
    .quad   0xa                         // flags: little endian, 4 KiB pages, anywhere in memory
    .quad   0
    .quad   0
    .quad   0
    .ascii  "ARM\x64"
    .long   0

start:
    mov     x20, x0                     // device tree
    adrp    x21, image_start            // where we are, physically
    mrs     x0, CurrentEL
    cmp     x0, #(2 << 2)
    b.ne    at_el1

    // EL2: leave it behind, with everything that EL1 uses not trapped.
    mov     x0, #(1 << 31)              // HCR_EL2.RW: EL1 is AArch64
    msr     hcr_el2, x0
    mov     x0, #3                      // CNTHCTL_EL2: EL1 may use the physical counter and timer
    msr     cnthctl_el2, x0
    msr     cntvoff_el2, xzr
    mov     x0, #0x33ff                 // CPTR_EL2: RES1 bits only, nothing trapped
    msr     cptr_el2, x0
    msr     hstr_el2, xzr
    mrs     x0, midr_el1
    msr     vpidr_el2, x0
    mrs     x0, mpidr_el1
    msr     vmpidr_el2, x0
    mrs     x0, id_aa64pfr0_el1
    ubfx    x0, x0, #24, #4             // GIC system registers there?
    cbz     x0, 1f
    mov     x0, #0xf                    // ICC_SRE_EL2: SRE, and EL1 may use it
    msr     S3_4_C12_C9_5, x0
    isb
    msr     S3_4_C12_C11_0, xzr         // ICH_HCR_EL2
1:  ldr     x0, =SCTLR_EL1_MMU_OFF
    msr     sctlr_el1, x0
    mov     x0, #0x3c5                  // EL1h, DAIF masked
    msr     spsr_el2, x0
    adr     x0, at_el1
    msr     elr_el2, x0
    eret

at_el1:
    msr     spsel, #1
    msr     daifset, #0xf
    ldr     x0, =SCTLR_EL1_MMU_OFF
    msr     sctlr_el1, x0
    isb

    // Four tables: what we run on now (identity), and the image and the device tree at their kernel addresses.
    adrp    x22, boot_tables            // [0] identity L0, [1] identity L1, [2] kernel L0, [3] image L1,
    mov     x0, x22                     // [4] image L2, [5] linear L1
    add     x1, x22, #(6 * 4096)
1:  stp     xzr, xzr, [x0], #16
    cmp     x0, x1
    b.lo    1b

    mov     x5, #PTE_TABLE
    ldr     x6, =PTE_BLOCK_NORMAL
    add     x0, x22, #(1 * 4096)        // identity: the GiB we are in
    orr     x1, x0, x5
    ubfx    x2, x21, #39, #9
    str     x1, [x22, x2, lsl #3]
    ubfx    x2, x21, #30, #9
    lsr     x3, x21, #30
    lsl     x3, x3, #30
    orr     x3, x3, x6
    str     x3, [x0, x2, lsl #3]

    add     x23, x22, #(2 * 4096)
    add     x0, x22, #(3 * 4096)        // the image: 2 MiB blocks
    orr     x1, x0, x5
    str     x1, [x23, #(8 * IMAGE_L0_INDEX)]
    add     x1, x22, #(4 * 4096)
    orr     x2, x1, x5
    str     x2, [x0]
    orr     x3, x21, x6
    mov     x4, #IMAGE_BLOCKS
2:  str     x3, [x1], #8
    add     x3, x3, #(2 << 20)
    subs    x4, x4, #1
    b.ne    2b

    add     x0, x22, #(5 * 4096)        // the linear map: the GiB that holds the device tree
    orr     x1, x0, x5
    ubfx    x2, x20, #39, #9
    str     x1, [x23, x2, lsl #3]
    ubfx    x2, x20, #30, #9
    lsr     x3, x20, #30
    lsl     x3, x3, #30
    orr     x3, x3, x6
    str     x3, [x0, x2, lsl #3]

    // What the cache may hold of these tables is stale.
    mov     x0, x22
    add     x1, x22, #(6 * 4096)
3:  dc      ivac, x0
    add     x0, x0, #16
    cmp     x0, x1
    b.lo    3b
    dsb     sy

    ldr     x0, =MAIR_VALUE
    msr     mair_el1, x0
    ldr     x0, =TCR_VALUE
    mrs     x1, id_aa64mmfr0_el1
    and     x2, x1, #7                  // PARange -> IPS; 52 bits need another granule
    cmp     x2, #5
    mov     x3, #5
    csel    x2, x2, x3, ls
    bfi     x0, x2, #32, #3
    ubfx    x2, x1, #4, #4              // ASIDBits -> AS
    cmp     x2, #2
    cset    x2, eq
    bfi     x0, x2, #36, #1
    msr     tcr_el1, x0
    msr     ttbr0_el1, x22
    msr     ttbr1_el1, x23
    isb
    tlbi    vmalle1
    ic      iallu
    dsb     nsh
    isb
    ldr     x0, =SCTLR_EL1_VALUE
    msr     sctlr_el1, x0
    isb
    ldr     x0, =high
    br      x0

    .section .text
high:
    mov     x0, #(3 << 20)              // CPACR_EL1.FPEN: no trap
    msr     cpacr_el1, x0
    ldr     x0, =exception_vectors
    msr     vbar_el1, x0
    ldr     x0, =boot_stack_top
    mov     sp, x0
    ldr     x0, =bss_start
    ldr     x1, =bss_end
1:  cmp     x0, x1
    b.hs    2f
    stp     xzr, xzr, [x0]
    stp     xzr, xzr, [x0, #16]
    stp     xzr, xzr, [x0, #32]
    stp     xzr, xzr, [x0, #48]
    add     x0, x0, #64
    b       1b
2:  isb
    mov     x0, x20
    mov     x1, x21
    mov     x29, xzr
    mov     x30, xzr
    b       kernel_main

    .section .boot_tables, "aw", %nobits
    .balign 4096
boot_tables:
    .space  6 * 4096
