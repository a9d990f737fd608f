#include "weights/varint.h"

void vd_add_byte(vd_bytes *b, int byte)
{
    uint8_t value = (uint8_t)byte;
    vd_bytes_add(b, &value, 1);
}

void vd_add_varint(vd_bytes *b, uint64_t value)
{
    for (; value >> 7; value >>= 7) vd_add_byte(b, (int)(value & 127) | 128);
    vd_add_byte(b, (int)value);
}

int vd_read_byte(vd_reader *r)
{
    if (r->at == r->n) r->bad = 1;
    return r->bad ? 0 : r->bytes[r->at++];
}

uint64_t vd_read_varint(vd_reader *r)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint64_t byte = (uint64_t)vd_read_byte(r);
        if (shift == 63 && byte > 1) break;
        value |= (byte & 127) << shift;
        if (!(byte & 128)) return r->bad ? 0 : value;
    }
    r->bad = 1;
    return 0;
}
