/* Darknet's label font, black on white: the PNG files of its data/labels/, built into the program. */
#ifndef VD_DATA_GLYPHS_H
#define VD_DATA_GLYPHS_H

enum { VD_GLYPH_FIRST = ' ', VD_GLYPH_CHARACTERS = 95, VD_GLYPH_SIZES = 8 };

/* the PNG file of a character in one of the sizes
 *
 *   character   ' ' .. '~'
 *   size        0 small .. 7 large
 *   bytes       set to the file's length
 *
 * Returns its first byte, in constant memory of the program. */
const unsigned char *vd_glyph_png(int character, int size, int *bytes);

#endif
