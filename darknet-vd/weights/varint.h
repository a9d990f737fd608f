/* Bytes and varints of a packed file. A varint is an unsigned number in groups of seven bits, lowest group first, each
 * in a byte whose highest bit is 1 when another follows; at most ten bytes. */
#ifndef VD_WEIGHTS_VARINT_H
#define VD_WEIGHTS_VARINT_H

#include "weights/coder.h"

/* at the end of b, which grows; without memory the program ends */
void vd_add_byte(vd_bytes *b, int byte);
void vd_add_varint(vd_bytes *b, uint64_t value);

typedef struct {
    const uint8_t *bytes;
    size_t n, at;
    int bad; /* 1 after reading past the end, or a number of more than 64 bits; all reads are 0 from then on */
} vd_reader;

/* the next byte, 0 .. 255, or number; 0 where r->bad is set */
int vd_read_byte(vd_reader *r);
uint64_t vd_read_varint(vd_reader *r);

#endif
