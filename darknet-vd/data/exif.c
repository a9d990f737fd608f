#include "data/exif.h"

#include <string.h>

enum { HEADER = 8, LONGEST_NUMBER = 4 };

typedef struct {
    const unsigned char *at;
    size_t n;
} bytes;

/* `count` bytes at `at`, 0 where the file has ended */
static unsigned long number(bytes tiff, size_t at, int count, int little)
{
    unsigned long x = 0;
    if (at > tiff.n || tiff.n - at < LONGEST_NUMBER) return 0;
    for (int i = 0; i < count; ++i) x = x << 8 | tiff.at[at + (size_t)(little ? count - 1 - i : i)];
    return x;
}

/* a directory is the number of its entries, and 12 bytes for each: tag, type (3: 2 bytes, 4: 4 bytes), how many,
 * value */
static unsigned long value_of_tag(bytes tiff)
{
    enum { TAG = 0x0112, SHORT = 3, LONG = 4, ENTRY = 12 };
    int little = tiff.at[0] == 'I';
    if (memcmp(tiff.at, little ? "II*" : "MM\0*", 4) != 0) return 0;
    size_t at = number(tiff, 4, 4, little), entries = number(tiff, at, 2, little);
    for (at += 2; entries && at < tiff.n; --entries, at += ENTRY) {
        unsigned long type = number(tiff, at + 2, 2, little);
        if (number(tiff, at, 2, little) != TAG) continue;
        return type == SHORT || type == LONG ? number(tiff, at + 8, type == LONG ? 4 : 2, little) : 0;
    }
    return 0;
}

int vd_exif_orientation(const unsigned char *tiff, size_t n)
{
    unsigned long value = n >= HEADER ? value_of_tag((bytes){tiff, n}) : 0;
    return value >= 1 && value <= 8 ? (int)value : 0;
}
