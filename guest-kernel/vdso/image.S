    .section .vdso_image, "a"
    .incbin "vdso.stripped.so"
