#include "data/jpeg_header.h"
#include "data/exif.h"

#include <string.h>

/* the bytes of one segment, after its length */
typedef struct {
    const unsigned char *at;
    size_t n;
} segment;

enum { START_OF_SCAN = 0xda, APP1 = 0xe1 };

int vd_is_jpeg(const unsigned char *bytes, size_t n)
{
    return n >= 2 && bytes[0] == 0xff && bytes[1] == 0xd8;
}

/* EXIF follows six bytes of a name; 0 where the segment has no orientation */
static int exif_orientation(segment s)
{
    enum { NAME = 6 };
    if (s.n < NAME || memcmp(s.at, "Exif\0\0", NAME) != 0) return 0;
    return vd_exif_orientation(s.at + NAME, s.n - NAME);
}

/* ---- the frame: bits, height, width, number of components; for each its name, sampling 0xHV and table ---- */

static int is_frame(int marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static int is_halved(segment s)
{
    int most_h = 0, most_v = 0, halved = 0, n = s.n >= 6 ? s.at[5] : 0;
    if (s.n < 6 + 3 * (size_t)n) return 0;
    for (int i = 0; i < n; ++i) {
        int sampling = s.at[7 + 3 * i];
        if (sampling >> 4 > most_h) most_h = sampling >> 4;
        if ((sampling & 15) > most_v) most_v = sampling & 15;
    }
    for (int i = 0; i < n; ++i) {
        int sampling = s.at[7 + 3 * i];
        halved |= 2 * (sampling >> 4) == most_h && (sampling & 15) == most_v;
    }
    return halved;
}

/* ---- segments: 0xff (once or more), marker, length of what follows with its own two bytes ---- */

vd_jpeg_header vd_read_jpeg_header(const unsigned char *bytes, size_t n)
{
    vd_jpeg_header header = {0};
    for (size_t at = 2; at + 4 <= n && bytes[at] == 0xff;) {
        int marker = bytes[at + 1];
        if (marker == 0xff) { /* a fill byte */
            ++at;
            continue;
        }
        size_t length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (marker == START_OF_SCAN || length < 2 || length > n - at - 2) break;
        segment s = {bytes + at + 4, length - 2};
        if (marker == APP1 && !header.orientation) header.orientation = exif_orientation(s);
        if (is_frame(marker)) header.halved = is_halved(s);
        at += 2 + length;
    }
    if (!header.orientation) header.orientation = 1;
    return header;
}
