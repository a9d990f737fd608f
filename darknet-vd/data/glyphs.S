/* Darknet's drawn digits 0..9 at their largest size (data/labels/48_7.png .. 57_7.png), as PNG files.
 * The assembler finds them through -I<Darknet's source>. Directives common to x86-64 and arm64 ELF only. */
    .section .rodata
    .hidden vd_glyphs
    .hidden vd_glyph_offset
    .globl vd_glyphs
    .globl vd_glyph_offset

    .type vd_glyphs, %object
vd_glyphs:
    .incbin "data/labels/48_7.png"
.Lend0:
    .incbin "data/labels/49_7.png"
.Lend1:
    .incbin "data/labels/50_7.png"
.Lend2:
    .incbin "data/labels/51_7.png"
.Lend3:
    .incbin "data/labels/52_7.png"
.Lend4:
    .incbin "data/labels/53_7.png"
.Lend5:
    .incbin "data/labels/54_7.png"
.Lend6:
    .incbin "data/labels/55_7.png"
.Lend7:
    .incbin "data/labels/56_7.png"
.Lend8:
    .incbin "data/labels/57_7.png"
.Lend9:
    .size vd_glyphs, .Lend9 - vd_glyphs

    .balign 4
    .type vd_glyph_offset, %object
vd_glyph_offset:
    .long 0
    .long .Lend0 - vd_glyphs
    .long .Lend1 - vd_glyphs
    .long .Lend2 - vd_glyphs
    .long .Lend3 - vd_glyphs
    .long .Lend4 - vd_glyphs
    .long .Lend5 - vd_glyphs
    .long .Lend6 - vd_glyphs
    .long .Lend7 - vd_glyphs
    .long .Lend8 - vd_glyphs
    .long .Lend9 - vd_glyphs
    .size vd_glyph_offset, . - vd_glyph_offset

    .section .note.GNU-stack, "", %progbits
