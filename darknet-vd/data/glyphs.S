/* Darknet's label font (data/labels/CODE_SIZE.png): its PNG files one after the other, and the offset of each. The
 * assembler finds them through -I<Darknet's source>. Only directives that x86-64 and arm64 ELF have in common. */
    .altmacro

    .macro glyph code, size
    .pushsection .rodata.vd_glyph_offset, "a", %progbits
    .long 1f - vd_glyphs
    .popsection
1:  .incbin "data/labels/\code\()_\size\().png"
    .endm

    .macro glyphs_of size
    .set character, 32
    .rept 95
    glyph %character, \size
    .set character, character + 1
    .endr
    .endm

    .hidden vd_glyphs
    .hidden vd_glyph_offset
    .globl vd_glyphs
    .globl vd_glyph_offset

    .section .rodata.vd_glyph_offset, "a", %progbits
    .balign 4
    .type vd_glyph_offset, %object
vd_glyph_offset:

    .section .rodata.vd_glyphs, "a", %progbits
    .type vd_glyphs, %object
vd_glyphs:
    .irp size, 0, 1, 2, 3, 4, 5, 6, 7
    glyphs_of \size
    .endr
.Lend:
    .size vd_glyphs, . - vd_glyphs

    .section .rodata.vd_glyph_offset, "a", %progbits
    .long .Lend - vd_glyphs
    .size vd_glyph_offset, . - vd_glyph_offset

    .section .note.GNU-stack, "", %progbits
