# A guest that fits into a boot sector. On COM1 it says which of the sample drivers' devices it sees, sends a byte through the UART of
# each mtty and says what came back; then it serves the ACPI power button, and gives back devices that are unplugged.
#
#     GUEST UP
#     PCI 4348:3253 00:04 UART=5a
#     COUNT=01
#
# Ports: QEMU has the power management registers of both i440fx and q35 at 0x600 (set up by SeaBIOS), and the hot-plug registers of
# i440fx at 0xae00 (docs/specs/acpi_pci_hotplug.rst in QEMU).

.set COM1, 0x3f8
.set PM_STATUS, 0x600
.set PM_ENABLE, 0x602
.set PM_CONTROL, 0x604
.set POWER_BUTTON, 1 << 8
.set SLEEP_ENABLE, 1 << 13
.set HOTPLUG_UP, 0xae00
.set HOTPLUG_DOWN, 0xae04
.set HOTPLUG_EJECT, 0xae08

.code16
.globl _start
_start:
    cli
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7c00, %sp
    sti
    cld
    mov $text_up, %si
    call print
    mov $devices, %di

each_kind:
    xor %bp, %bp                # how many of this kind were found
each_device:
    call find
    jc next_kind
    call show
    cmpw $0x4348, 2(%di)
    jne not_a_uart
    call try_uart
not_a_uart:
    mov $text_end, %si
    call print
    inc %bp
    incb count
    jmp each_device
next_kind:
    add $4, %di
    cmpw $0, (%di)
    jne each_kind

    mov $PM_ENABLE, %dx         # before it says that it is ready: a button pressed while disabled is lost
    mov $POWER_BUTTON, %ax
    out %ax, %dx
    mov $text_count, %si
    call print
    mov count, %al
    call print_byte
    mov $text_end, %si
    call print

serve:
    mov $PM_STATUS, %dx
    in %dx, %ax
    test $POWER_BUTTON, %ax
    jz look_for_plug
    out %ax, %dx                # a restart after this is not to see it again
    mov $text_off, %si
    call print
    mov $PM_CONTROL, %dx
    mov $SLEEP_ENABLE, %ax
    out %ax, %dx
look_for_plug:
    mov $HOTPLUG_UP, %dx
    in %dx, %eax
    inc %eax                    # all ones are no register, but q35
    cmp $1, %eax
    jbe look_for_unplug
    mov $text_plug, %si
    call print
look_for_unplug:
    mov $HOTPLUG_DOWN, %dx
    in %dx, %eax
    inc %eax
    cmp $1, %eax
    jbe rest
    dec %eax
    mov $HOTPLUG_EJECT, %dx
    out %eax, %dx
    mov $text_eject, %si
    call print
rest:
    hlt
    jmp serve

# The device number %bp of the kind at %di: bus and device into %bx by the PCI BIOS, or carry.
find:
    mov $0xb102, %ax
    mov (%di), %cx
    mov 2(%di), %dx
    mov %bp, %si
    int $0x1a
    ret

show:
    push %bx
    mov $text_pci, %si
    call print
    mov 2(%di), %ax
    call print_word
    mov $':', %al
    call print_char
    mov (%di), %ax
    call print_word
    mov $' ', %al
    call print_char
    pop %bx
    push %bx
    mov %bh, %al
    call print_byte
    mov $':', %al
    call print_char
    pop %bx
    mov %bl, %al
    shr $3, %al
    jmp print_byte

# A byte through the 16550 behind BAR 0, which mtty loops back.
try_uart:
    call find
    mov $0xb10a, %ax
    push %di
    mov $0x10, %di
    int $0x1a
    pop %di
    and $0xfffc, %cx
    push %cx
    call find
    mov $0xb10c, %ax            # let it decode its ports
    mov $1, %cx
    push %di
    mov $4, %di
    int $0x1a
    pop %di
    pop %dx
    add $2, %dx
    mov $7, %al                 # empty its queues
    out %al, %dx
    sub $2, %dx
    mov $'Z', %al
    out %al, %dx
    mov $text_uart, %si
    push %dx
    call print
    pop %dx
    in %dx, %al
    jmp print_byte

print_word:
    push %ax
    mov %ah, %al
    call print_byte
    pop %ax
print_byte:
    push %ax
    shr $4, %al
    call print_digit
    pop %ax
print_digit:
    and $15, %al
    add $'0', %al
    cmp $'9', %al
    jbe print_char
    add $'a' - '9' - 1, %al
print_char:
    push %dx
    push %ax
    mov $COM1 + 5, %dx
busy:
    in %dx, %al
    test $0x20, %al
    jz busy
    pop %ax
    mov $COM1, %dx
    out %al, %dx
    pop %dx
    ret
print:
    lodsb
    test %al, %al
    jz printed
    call print_char
    jmp print
printed:
    ret

# Device and vendor of what mtty, mdpy and mbochs show to their guests.
devices:
    .word 0x3253, 0x4348
    .word 0x000f, 0x1b36
    .word 0x1111, 0x1234
    .word 0
count:
    .byte 0
text_up:
    .asciz "GUEST UP\r\n"
text_pci:
    .asciz "PCI "
text_uart:
    .asciz " UART="
text_count:
    .asciz "COUNT="
text_plug:
    .asciz "PLUG\r\n"
text_eject:
    .asciz "EJECT\r\n"
text_off:
    .asciz "OFF\r\n"
text_end:
    .asciz "\r\n"
.org 510
.word 0xaa55
