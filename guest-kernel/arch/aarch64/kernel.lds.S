/* The image: linked at IMAGE_BASE, loaded on any 2 MiB boundary. Sections of different rights start on pages. */
#include "arch/aarch64/layout.h"

OUTPUT_ARCH(aarch64)
ENTRY(image_start)

SECTIONS
{
    . = IMAGE_BASE;
    .text : ALIGN(4096) {
        *(.head)
        *(.text .text.*)
        . = ALIGN(4096);
        text_end = .;
    }
    .rodata : ALIGN(4096) {
        *(.rodata .rodata.*)
        . = ALIGN(8);
        init_array_start = .;
        KEEP(*(SORT(.init_array.*) .init_array))
        init_array_end = .;
        exception_table_start = .;
        KEEP(*(.exception_table))
        exception_table_end = .;
        *(.eh_frame .eh_frame_hdr)
    }
    .note.gnu.build-id : { *(.note.gnu.build-id) }
    .vdso : ALIGN(4096) {
        vdso_image_start = .;
        KEEP(*(.vdso_image))
        . = ALIGN(4096);
        vdso_image_end = .;
        rodata_end = .;
    }
    .data : ALIGN(4096) {
        *(.data .data.* .got .got.plt)
        . = ALIGN(16);
    }
    data_end = .;
    .bss : ALIGN(4096) {
        *(.boot_tables)
        . = ALIGN(64);
        bss_start = .;
        *(.bss .bss.* COMMON)
        . = ALIGN(STACK_SLOT_SIZE);
        . = . + STACK_SIZE;
        boot_stack_bottom = .;
        . = . + STACK_SIZE;
        boot_stack_top = .;
        bss_end = .;
    }
    . = ALIGN(4096);
    image_end = .;
    image_size = image_end - image_start;
    ASSERT(image_size <= IMAGE_BLOCKS << 21, "boot.S maps less than the image")

    /DISCARD/ : { *(.comment) *(.note.GNU-stack) *(.dynamic) *(.interp) *(.hash) *(.gnu.hash) *(.dynsym) *(.dynstr) }
}
