// From the loader to C++, and from EL0 to C++ and back. struct Frame of kernel.hpp has the layout of a frame.
#define FRAME_SIZE 816

    .section .head, "ax"
    .global start
start:                                  // EL1, MMU off, interrupts masked, .bss zero; x0: the device tree, or 0
    mov     x1, #(3 << 20)              // CPACR_EL1.FPEN: no trap
    msr     cpacr_el1, x1
    mov     x1, #0xff00                 // attribute 0: device memory, 1: ordinary memory
    msr     mair_el1, x1
    ldr     x1, =0x1b5193519            // 39 bits in both halves, 4 KiB pages, write-back, 36 bits physical
    msr     tcr_el1, x1
    adrp    x1, kernel_table
    msr     ttbr0_el1, x1               // until the jump below, where physical addresses are meant
    msr     ttbr1_el1, x1
    isb
    tlbi    vmalle1
    dsb     sy
    ldr     x1, =0x34d5d91d             // MMU, caches, SP alignment; EL0 has cache maintenance, DC ZVA, WFI and WFE
    msr     sctlr_el1, x1
    ldr     x1, =vectors
    msr     vbar_el1, x1
    isb
    ldr     x1, =start                  // what is below is free
    mov     sp, x1
    ldr     x1, =kernel_main
    br      x1

    .section .vectors, "ax"
    .balign 2048
vectors:
    .set    vector, 0
    .rept   16
    .balign 128
    sub     sp, sp, #FRAME_SIZE
    stp     x0, x1, [sp]
    mov     x0, #vector
    b       enter
    .set    vector, vector + 1
    .endr

    .macro  move_registers what, base
    .irp    n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    \what   x\n, [\base, #8 * \n]
    .endr
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \what   q\n, [\base, #304 + 16 * \n]
    .endr
    .endm

    .text
enter:
    move_registers str, sp
    .set    offset, 248
    .irp    name, sp_el0, elr_el1, spsr_el1, tpidr_el0, fpcr, fpsr
    mrs     x2, \name
    str     x2, [sp, #offset]
    .set    offset, offset + 8
    .endr
    mov     x1, sp
    bl      handle_exception
    .global resume_frame
resume_frame:                           // x0: the frame of the task that goes on, x1: SP_EL1 until it comes back
    mov     sp, x1
    .set    offset, 248
    .irp    name, sp_el0, elr_el1, spsr_el1, tpidr_el0, fpcr, fpsr
    ldr     x2, [x0, #offset]
    msr     \name, x2
    .set    offset, offset + 8
    .endr
    move_registers ldr, x0
    ldp     x0, x1, [x0]
    eret

    .global memcpy                      // the compiler calls this
memcpy:
    mov     x3, x0
1:  cbz     x2, 2f
    ldrb    w4, [x1], #1
    strb    w4, [x3], #1
    sub     x2, x2, #1
    b       1b
2:  ret

    .data                               // both halves, until TTBR0_EL1 has the program's: a GiB of devices, 3 of RAM
    .balign 4096
kernel_table:
    .quad   0x0060000000000401, 0x0040000040000705, 0x0060000080000705, 0x00600000c0000705
    .space  508 * 8
