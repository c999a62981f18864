// memcpy, memmove, memset, memcmp, memchr, strlen: the compiler calls them, and the library has none here.
    .arch armv8.2-a
    .section .text

    .global memmove
    .global memcpy
memmove:
    sub     x3, x0, x1
    cmp     x3, x2
    b.lo    backwards                   // the destination begins inside the source
memcpy:
    mov     x4, x0
1:  cmp     x2, #64
    b.lo    2f
    ldp     x6, x7, [x1], #16
    ldp     x8, x9, [x1], #16
    ldp     x10, x11, [x1], #16
    ldp     x12, x13, [x1], #16
    stp     x6, x7, [x4], #16
    stp     x8, x9, [x4], #16
    stp     x10, x11, [x4], #16
    stp     x12, x13, [x4], #16
    sub     x2, x2, #64
    b       1b
2:  cmp     x2, #8
    b.lo    3f
    ldr     x6, [x1], #8
    str     x6, [x4], #8
    sub     x2, x2, #8
    b       2b
3:  cbz     x2, 4f
    ldrb    w6, [x1], #1
    strb    w6, [x4], #1
    sub     x2, x2, #1
    b       3b
4:  ret

backwards:
    add     x4, x0, x2
    add     x1, x1, x2
1:  cmp     x2, #8
    b.lo    2f
    ldr     x6, [x1, #-8]!
    str     x6, [x4, #-8]!
    sub     x2, x2, #8
    b       1b
2:  cbz     x2, 3f
    ldrb    w6, [x1, #-1]!
    strb    w6, [x4, #-1]!
    sub     x2, x2, #1
    b       2b
3:  ret

    .global memset
memset:
    mov     x4, x0
    and     x1, x1, #0xff
    mov     x5, #0x0101010101010101
    mul     x1, x1, x5
1:  cmp     x2, #64
    b.lo    2f
    stp     x1, x1, [x4], #16
    stp     x1, x1, [x4], #16
    stp     x1, x1, [x4], #16
    stp     x1, x1, [x4], #16
    sub     x2, x2, #64
    b       1b
2:  cmp     x2, #8
    b.lo    3f
    str     x1, [x4], #8
    sub     x2, x2, #8
    b       2b
3:  cbz     x2, 4f
    strb    w1, [x4], #1
    sub     x2, x2, #1
    b       3b
4:  ret

    .global memcmp
memcmp:
1:  cbz     x2, 2f
    ldrb    w3, [x0], #1
    ldrb    w4, [x1], #1
    sub     x2, x2, #1
    subs    w5, w3, w4
    b.eq    1b
    mov     w0, w5
    ret
2:  mov     w0, #0
    ret

    .global strlen
strlen:
    mov     x1, x0
1:  ldrb    w2, [x1], #1
    cbnz    w2, 1b
    sub     x0, x1, x0
    sub     x0, x0, #1
    ret

    .global memchr
memchr:
    and     w1, w1, #0xff
1:  cbz     x2, 2f
    ldrb    w3, [x0]
    cmp     w3, w1
    b.eq    3f
    add     x0, x0, #1
    sub     x2, x2, #1
    b       1b
2:  mov     x0, #0
3:  ret

// void arch_clear_page(void* page)
    .global arch_clear_page
arch_clear_page:
    mrs     x1, dczid_el0
    tbnz    x1, #4, 2f                  // DZP: not allowed
    and     x1, x1, #0xf
    mov     x2, #4
    lsl     x2, x2, x1
    add     x3, x0, #4096
    cmp     x1, #4
    b.hi    3f                          // blocks of more than 64 bytes: fewer than 64 a page
1:  .rept   16
    dc      zva, x0
    add     x0, x0, x2
    .endr
    cmp     x0, x3
    b.lo    1b
    ret
2:  mov     w1, #0
    mov     x2, #4096
    b       memset
3:  dc      zva, x0
    add     x0, x0, x2
    cmp     x0, x3
    b.lo    3b
    ret
