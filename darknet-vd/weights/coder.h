/* An adaptive binary range coder. The same functions write and read: writing, they take the value; either way, they
 * return it. So one description of a format is both its writer and its reader.
 *
 * The coder's arithmetic, for those who write a reader of their own. range and code are 32-bit; reading starts with
 * range = 0xffffffff and code = the first four bytes, highest first. After each bit, while range < 2^24, both are
 * shifted up by 8 and the next byte becomes the lowest of code; after the last byte, any number of zeros follow.
 *
 *     bit with a model:  split = (range >> 16) p;   code < split: bit 0, range = split
 *                                                   else: bit 1, code -= split, range -= split
 *                        then p += (65536 - p)/(n + 2) after a 0, p -= p/(n + 2) after a 1, p kept within
 *                        32 .. 65504, and n += 1 up to 254; divisions round down; a model starts with p = 32768, n = 0
 *     raw bits:          at most eight at a time, the highest first: range >>= bits, value = code / range (at most
 *                        2^bits - 1), code -= value range */
#ifndef VD_WEIGHTS_CODER_H
#define VD_WEIGHTS_CODER_H

#include <stddef.h>
#include <stdint.h>

/* bytes that grow as they are added to; {0} is empty */
typedef struct {
    uint8_t *bytes;
    size_t n, room;
} vd_bytes;

/* add copies; without memory the program ends. free leaves b empty */
void vd_bytes_add(vd_bytes *b, const void *data, size_t n);
void vd_bytes_free(vd_bytes *b);

/* the probability that the next bit is 0: p / 65536, learnt from n bits */
typedef struct {
    uint16_t p;
    uint8_t n;
} vd_bit_model;

void vd_bit_models_reset(vd_bit_model *m, size_t n);

typedef struct {
    int reading;
    uint32_t range;

    vd_bytes out; /* writing: bytes that are final */
    uint64_t low; /* 32 bits, and a carry above them */
    uint8_t held; /* the byte after out, which a carry may still change */
    size_t full;  /* bytes 0xff after held */
    int started;  /* 0: held is not part of the file, since the first byte is always 0 and is left out */

    const uint8_t *in; /* reading */
    size_t n, at;
    uint32_t code;
} vd_coder;

/* what one that is written to owns becomes vd_coder_finish()'s result. One that reads does not own the bytes, which
 * must stay; behind the last of them it reads zeros */
vd_coder vd_coder_to_write(void);
vd_coder vd_coder_to_read(const uint8_t *bytes, size_t n);

/* after the last bit has been written: the bytes, without zeros at the end; the caller frees */
vd_bytes vd_coder_finish(vd_coder *c);

/* writing: the bytes so far, but for the last few */
size_t vd_coder_bytes(const vd_coder *c);

/* after the last bit has been read: 1 when all bytes have been used */
int vd_coder_is_at_end(const vd_coder *c);

/* one bit, which is 0 with a probability of zero/65536; zero is 1 .. 65535 */
int vd_code_odds(vd_coder *c, uint32_t zero, int bit);

/* one bit, with a model that learns from it */
int vd_code_bit(vd_coder *c, vd_bit_model *m, int bit);

/* the lowest `bits` (0 .. 32) bits of value, without a model */
uint32_t vd_code_raw(vd_coder *c, int bits, uint32_t value);

#endif
