#include "data/png_header.h"
#include "data/exif.h"

#include <string.h>

enum { SIGNATURE = 8, NUMBER = 4, NAME = 4, CRC = 4 };

int vd_is_png(const unsigned char *bytes, size_t n)
{
    return n >= SIGNATURE && !memcmp(bytes, "\x89PNG\r\n\x1a\n", SIGNATURE);
}

/* a chunk is the length of its data, a name, the data and a CRC */
int vd_png_orientation(const unsigned char *bytes, size_t n)
{
    for (size_t at = SIGNATURE; at + NUMBER + NAME + CRC <= n;) {
        const unsigned char *number = bytes + at, *name = number + NUMBER, *data = name + NAME;
        size_t length = (size_t)number[0] << 24 | (size_t)number[1] << 16 | (size_t)number[2] << 8 | number[3];
        if (length > n - at - NUMBER - NAME - CRC || !memcmp(name, "IEND", NAME)) break;
        if (!memcmp(name, "eXIf", NAME)) {
            int orientation = vd_exif_orientation(data, length);
            return orientation ? orientation : 1;
        }
        at += NUMBER + NAME + length + CRC;
    }
    return 1;
}
