#ifndef VD_GLYPHS_H
#define VD_GLYPHS_H

/* Darknet's own label font, black on white, built into the program: what stands in its data/labels/ */

enum { VD_GLYPH_FIRST = ' ', VD_GLYPH_CHARACTERS = 95, VD_GLYPH_SIZES = 8 };

/* the PNG file of a character in one of the sizes
 *
 *   character   ' ' .. '~'
 *   size        0 small .. 7 large
 *   bytes       its length
 *
 * returns its first byte; the memory is the program's. */
const unsigned char *vd_glyph_png(int character, int size, int *bytes);

#endif
