#ifndef VD_GLYPHS_H
#define VD_GLYPHS_H

#include <stdint.h>

/* the digits 0..9 of Darknet's own label font, black on white, as they stand in data/labels/
 *
 *   vd_glyphs         [vd_glyph_offset[10]]   ten PNG files, one after the other
 *   vd_glyph_offset   [11]                    digit k is bytes vd_glyph_offset[k] .. vd_glyph_offset[k + 1] - 1 */
extern const unsigned char vd_glyphs[];
extern const uint32_t vd_glyph_offset[11];

#endif
