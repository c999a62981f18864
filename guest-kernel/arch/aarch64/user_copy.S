// Copies across the boundary. The unprivileged loads and stores are checked as the program's own accesses; each has an
// entry in the exception table that says where to go on when it cannot be resolved.
    .arch armv8.2-a
    .section .text

.macro guarded label, instruction:vararg
8880:
    \instruction
    .pushsection .exception_table, "a"
    .balign 8
    .quad   8880b, \label
    .popsection
.endm

// size_t arch_copy_from_user(void* to, uint64_t from, size_t size): how many bytes were NOT copied.
    .global arch_copy_from_user
arch_copy_from_user:
    cmp     x2, #32
    b.lo    2f
1:  guarded 3f, ldtr x3, [x1]
    guarded 3f, ldtr x4, [x1, #8]
    guarded 3f, ldtr x5, [x1, #16]
    guarded 3f, ldtr x6, [x1, #24]
    stp     x3, x4, [x0], #16
    stp     x5, x6, [x0], #16
    add     x1, x1, #32
    sub     x2, x2, #32
    cmp     x2, #32
    b.hs    1b
2:  cmp     x2, #8
    b.lo    3f
    guarded 3f, ldtr x3, [x1]
    str     x3, [x0], #8
    add     x1, x1, #8
    sub     x2, x2, #8
    b       2b
3:  cbz     x2, 4f                      // byte by byte: the tail, or up to the exact byte that faults
    guarded 4f, ldtrb w3, [x1]
    strb    w3, [x0], #1
    add     x1, x1, #1
    sub     x2, x2, #1
    b       3b
4:  mov     x0, x2
    ret

// size_t arch_copy_to_user(uint64_t to, const void* from, size_t size): how many bytes were NOT copied.
    .global arch_copy_to_user
arch_copy_to_user:
    cmp     x2, #32
    b.lo    2f
1:  ldp     x3, x4, [x1]
    ldp     x5, x6, [x1, #16]
    guarded 3f, sttr x3, [x0]
    guarded 3f, sttr x4, [x0, #8]
    guarded 3f, sttr x5, [x0, #16]
    guarded 3f, sttr x6, [x0, #24]
    add     x0, x0, #32
    add     x1, x1, #32
    sub     x2, x2, #32
    cmp     x2, #32
    b.hs    1b
2:  cmp     x2, #8
    b.lo    3f
    ldr     x3, [x1]
    guarded 3f, sttr x3, [x0]
    add     x0, x0, #8
    add     x1, x1, #8
    sub     x2, x2, #8
    b       2b
3:  cbz     x2, 4f
    ldrb    w3, [x1]
    guarded 4f, sttrb w3, [x0]
    add     x0, x0, #1
    add     x1, x1, #1
    sub     x2, x2, #1
    b       3b
4:  mov     x0, x2
    ret

// size_t arch_clear_user(uint64_t to, size_t size): how many bytes were NOT cleared.
    .global arch_clear_user
arch_clear_user:
1:  cmp     x1, #8
    b.lo    2f
    guarded 2f, sttr xzr, [x0]
    add     x0, x0, #8
    sub     x1, x1, #8
    b       1b
2:  cbz     x1, 3f
    guarded 3f, sttrb wzr, [x0]
    add     x0, x0, #1
    sub     x1, x1, #1
    b       2b
3:  mov     x0, x1
    ret

// size_t arch_user_string(char* to, uint64_t from, size_t limit, bool* faulted): bytes copied, the NUL included.
    .global arch_user_string
arch_user_string:
    mov     x5, x0
    strb    wzr, [x3]
1:  cbz     x2, 2f
    guarded 3f, ldtrb w4, [x1]
    strb    w4, [x0], #1
    add     x1, x1, #1
    sub     x2, x2, #1
    cbnz    w4, 1b
2:  sub     x0, x0, x5
    ret
3:  mov     w4, #1
    strb    w4, [x3]
    b       2b
