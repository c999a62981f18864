// The first 64 bytes become the header of an arm64 Image where the test writes its fields into them.
    .section .head, "ax"
    .global start
start:
    b       begin
    .skip   60

begin:
    adr     x4, stack_top
    mov     sp, x4
    stp     x2, x3, [sp, #-16]!
    stp     x0, x1, [sp, #-16]!
    mov     x0, sp
    adr     x1, start
    mov     x29, xzr
    mov     x30, xzr
    bl      report
    mov     x0, #8                      // PSCI SYSTEM_OFF (Arm DEN 0022)
    movk    x0, #0x8400, lsl #16
    hvc     #0
1:  b       1b
