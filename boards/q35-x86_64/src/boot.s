# From the first instruction of a CPU to `enter` in machine.rs. AT&T syntax: source first.
#
# The first CPU comes in 32-bit protected mode (PVH), the others in real mode, through the trampoline. They meet at
# `protected_mode`, and nothing from there on tells them apart but the number of their local APIC.

    # What makes an ELF file bootable for QEMU: where to enter it, in 32-bit mode.
    .section .note.Xen, "a", @note
    .balign 4
    .long   4, 8, 18                    # size of the name, size of the value, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz  "Xen"
    .quad   pvh_start

    .section .text.boot, "ax"

    .code32
    .globl  pvh_start
pvh_start:                              # flat segments, paging off, interrupts off, ebx = start info
    cld
    lgdtl   gdt_pointer
    mov     %ebx, %esi                  # the second argument of `enter`

protected_mode:
    mov     $0x20, %eax                 # PAE
    mov     %eax, %cr4
    mov     $page_map, %eax
    mov     %eax, %cr3
    mov     $0xc0000080, %ecx           # EFER
    mov     $0x100, %eax                # LME
    xor     %edx, %edx
    wrmsr
    mov     $0x80010033, %eax           # PG, WP, NE, ET, MP, PE; caches on
    mov     %eax, %cr0
    ljmpl   $0x08, $long_mode

    .code64
long_mode:
    mov     $0x10, %eax
    mov     %eax, %ds
    mov     %eax, %es
    mov     %eax, %ss
    xor     %eax, %eax
    mov     %eax, %fs
    mov     %eax, %gs
    mov     $0xfee00020, %eax           # the number of the local APIC, in the top byte
    mov     (%rax), %edi
    shr     $24, %edi                   # the first argument of `enter`
    mov     %esi, %esi                  # clears the upper half
    lea     1(%rdi), %eax
    imul    ${stack_size}, %rax, %rax
    lea     {stacks}(%rax), %rsp        # the end of stack number edi
    xor     %ebp, %ebp
    call    {enter}
    ud2

    # Copied below 1 MiB, to a page of which it knows nothing but that cs is based there.
    .code16
    .globl  ap_trampoline, ap_trampoline_end
ap_trampoline:
    cli
    cld
    lgdtl   %cs:(1f - ap_trampoline)
    mov     $0x11, %eax                 # ET, PE
    mov     %eax, %cr0
    ljmpl   $0x18, $protected_mode
1:  .word   gdt_end - gdt - 1
    .long   gdt
ap_trampoline_end:

    .section .data.boot, "aw"

    # The first two entries are those of percpu.rs, so that its table takes over without reloading a segment.
    .balign 8
gdt:
    .quad   0
    .quad   0x00af9b000000ffff          # 0x08: code, 64-bit
    .quad   0x00cf93000000ffff          # 0x10: data
    .quad   0x00cf9b000000ffff          # 0x18: code, 32-bit
gdt_end:
gdt_pointer:
    .word   gdt_end - gdt - 1
    .long   gdt

    # The first 4 GiB, each address mapped to itself. Bits: 1 present, 2 writable, 8 write-through, 0x10 uncached,
    # 0x80 a page of 2 MiB.
    .balign 4096
page_map:
    .quad   directory_pointers + 3
    .fill   511, 8, 0
directory_pointers:
    .quad   directories + 3, directories + 0x1003, directories + 0x2003, directories + 0x3003
    .fill   508, 8, 0
directories:
    .quad   first_pages + 3
    .set    address, 0x200000
    .rept   1535                        # memory, to 3 GiB
    .quad   address + 0x83
    .set    address, address + 0x200000
    .endr
    .rept   512                         # devices, to 4 GiB
    .quad   address + 0x9b
    .set    address, address + 0x200000
    .endr
first_pages:
    .quad   0                           # page 0 is missing: a null pointer is an exception
    .set    address, 0x1000
    .rept   511
    .quad   address + 3
    .set    address, address + 0x1000
    .endr
