/* An adaptive binary range coder. One function codes a bit in both directions, so that whatever is written with it has
 * its reader for free: given the value when writing, it returns the value either way.
 *
 * The coder's arithmetic, for readers written elsewhere. range and code are 32-bit; reading starts with range =
 * 0xffffffff and code = the first four bytes, the first one the highest. After each bit, while range < 2^24, both are
 * shifted up by 8 and code takes the next byte in; behind the last byte there are zeros, without end.
 *
 *     bit with a model:  split = (range >> 16) p;   code < split: bit 0, range = split
 *                                                   else: bit 1, code -= split, range -= split
 *                        then p += (65536 - p)/(n + 2) after a 0, p -= p/(n + 2) after a 1, p kept within
 *                        32 .. 65504, and n += 1 up to 254; divisions round down; a model starts with p = 32768, n = 0
 *     raw bits:          eight or fewer at a time, the highest first: range >>= bits, value = code / range (at most
 *                        2^bits - 1), code -= value range */
#ifndef VD_PACK_CODER_H
#define VD_PACK_CODER_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *bytes;
    size_t n, room;
} vd_bytes;

void vd_bytes_add(vd_bytes *b, const void *data, size_t n);
void vd_bytes_free(vd_bytes *b);

/* how likely the next bit is a 0: p in 65536, after n bits */
typedef struct {
    uint16_t p;
    uint8_t n;
} vd_bit_model;

void vd_bit_models_reset(vd_bit_model *m, size_t n);

typedef struct {
    int reading;
    uint32_t range;

    vd_bytes out; /* writing: what is final */
    uint64_t low; /* 32 bits, and a carry above them */
    uint8_t held; /* a byte that a carry may still change, */
    size_t full;  /* so many 0xff behind it, */
    int started;  /* and whether it is one of the file: the first is always 0 and left out */

    const uint8_t *in; /* reading */
    size_t n, at;
    uint32_t code;
} vd_coder;

vd_coder vd_coder_to_write(void);
vd_coder vd_coder_to_read(const uint8_t *bytes, size_t n);

/* all bits have been written: the bytes, the caller's to free. Zeros at the end are left out. */
vd_bytes vd_coder_finish(vd_coder *c);

/* all bits have been read: whether that took all bytes there are */
int vd_coder_is_at_end(const vd_coder *c);

int vd_code_bit(vd_coder *c, vd_bit_model *m, int bit);

/* the lowest 0 .. 32 bits of value, not modelled */
uint32_t vd_code_raw(vd_coder *c, int bits, uint32_t value);

#endif
