// Where a signal handler returns to. The frame record at x29 is what unwinders follow (arch/aarch64/signal_frame.cpp).
#include <asm/unistd.h>

    .text
    nop                                 // unwinders look at the instruction before the return address
    .global __kernel_rt_sigreturn
    .type __kernel_rt_sigreturn, %function
__kernel_rt_sigreturn:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa x29, 0
    .cfi_offset x29, 0
    .cfi_offset x30, 8
    mov     x8, #__NR_rt_sigreturn
    svc     #0
    .cfi_endproc
    .size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn
