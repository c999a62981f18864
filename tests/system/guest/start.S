// From the arm64 boot protocol (Linux Documentation/arch/arm64/booting.rst) to C++: entered at EL1, MMU off, interrupts
// masked.
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
    msr     spsel, #1
    adrp    x0, bss_start
    add     x0, x0, :lo12:bss_start
    adrp    x1, stack_top
    add     x1, x1, :lo12:stack_top
    mov     sp, x1
1:  stp     xzr, xzr, [x0], #16
    cmp     x0, x1
    b.lo    1b
    mov     x0, #(3 << 20)              // CPACR_EL1.FPEN: no trap
    msr     cpacr_el1, x0
    adrp    x0, run_vectors
    add     x0, x0, :lo12:run_vectors
    msr     vbar_el1, x0
    isb
    mov     x29, xzr
    mov     x30, xzr
    b       runtime_start
