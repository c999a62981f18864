// Constants that assembly, C++ and the linker script share: the kernel's half of the address space and the
// values of the registers that set translation up.
#pragma once

// The kernel's half (TTBR1, 48 bits).
#define LINEAR_BASE 0xffff000000000000   // all RAM, at its physical address above this
#define IMAGE_BASE 0xffff800000000000    // the kernel image, wherever it was loaded
#define STACKS_BASE 0xffff900000000000   // kernel stacks, each above an unmapped page
#define DEVICES_BASE 0xffffa00000000000  // device registers
#define IMAGE_L0_INDEX 256               // bits 47:39 of IMAGE_BASE
#define IMAGE_BLOCKS 8                   // of 2 MiB, mapped while booting: the image's greatest size

// A kernel stack is the upper half of its slot: bit 14 of a stack pointer that is in range is set.
#define STACK_SIZE_SHIFT 14
#define STACK_SIZE (1 << STACK_SIZE_SHIFT)
#define STACK_SLOT_SIZE (1 << (STACK_SIZE_SHIFT + 1))

// struct Registers (arch/include/context.hpp).
#define REGISTERS_SP 248
#define REGISTERS_PC 256
#define REGISTERS_PSTATE 264
#define REGISTERS_SIZE 288

// Arm ARM D8.3, "VMSAv8-64 descriptor formats".
#define PTE_VALID (1 << 0)
#define PTE_TABLE 3
#define PTE_PAGE 3
#define PTE_BLOCK 1
#define PTE_ATTRIBUTE_NORMAL (0 << 2)  // index into MAIR_EL1
#define PTE_ATTRIBUTE_DEVICE (1 << 2)
#define PTE_USER (1 << 6)       // AP[1]: EL0 may
#define PTE_READ_ONLY (1 << 7)  // AP[2]
#define PTE_INNER_SHAREABLE (3 << 8)
#define PTE_ACCESSED (1 << 10)
#define PTE_NOT_GLOBAL (1 << 11)
#define PTE_BLOCK_NORMAL (PTE_BLOCK | PTE_ATTRIBUTE_NORMAL | PTE_INNER_SHAREABLE | PTE_ACCESSED)

// MAIR_EL1: 0 normal write-back memory, 1 Device-nGnRE.
#define MAIR_VALUE 0x04ff
// TCR_EL1: T0SZ = T1SZ = 16, 4 KiB granules, write-back inner-shareable walks, TBI0 (as Linux: programs may
// tag pointers). IPS and AS are filled in from the ID registers.
#define TCR_VALUE 0x20b5103510
// SCTLR_EL1: RES1 bits of Armv8.0, and: M, C, I, SA, SA0; UCT, DZE, UCI, nTWE let EL0 use
// CTR_EL0, DC ZVA, cache maintenance and WFE, as Linux does. SPAN = 0: an exception sets PAN.
#define SCTLR_EL1_MMU_OFF 0x30d00980
#define SCTLR_EL1_VALUE 0x3454d91d
