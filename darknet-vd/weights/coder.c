#include "weights/coder.h"
#include "base/fail.h"

#include <stdlib.h>
#include <string.h>

/* after each bit range is at least this: enough for the 16 bits of a model's probability */
static const uint32_t least_range = 1u << 24;

void vd_bytes_add(vd_bytes *b, const void *data, size_t n)
{
    if (b->n + n > b->room) {
        uint8_t *old = b->bytes;
        b->room = 2 * (b->n + n);
        b->bytes = vd_calloc(b->room, 1);
        if (b->n) memcpy(b->bytes, old, b->n);
        free(old);
    }
    if (n) memcpy(b->bytes + b->n, data, n);
    b->n += n;
}

void vd_bytes_free(vd_bytes *b)
{
    free(b->bytes);
    *b = (vd_bytes){0};
}

void vd_bit_models_reset(vd_bit_model *m, size_t n)
{
    for (size_t i = 0; i < n; ++i) m[i] = (vd_bit_model){.p = 1u << 15};
}

/* writing: the highest byte of low is final, except for a carry */
static void shift_out(vd_coder *c)
{
    uint8_t carry = (uint8_t)(c->low >> 32);
    if ((uint32_t)c->low >= 0xff000000u && !carry) {
        ++c->full;
    } else {
        uint8_t byte = (uint8_t)(c->held + carry), next = (uint8_t)(0xff + carry);
        if (c->started) vd_bytes_add(&c->out, &byte, 1);
        for (; c->full; --c->full) vd_bytes_add(&c->out, &next, 1);
        c->held = (uint8_t)(c->low >> 24);
        c->started = 1;
    }
    c->low = (uint32_t)c->low << 8;
}

static void shift_in(vd_coder *c)
{
    c->code = c->code << 8 | (c->at < c->n ? c->in[c->at] : 0);
    if (c->at < c->n) ++c->at;
}

static void normalise(vd_coder *c)
{
    while (c->range < least_range) {
        c->range <<= 8;
        if (c->reading) shift_in(c);
        else shift_out(c);
    }
}

vd_coder vd_coder_to_write(void)
{
    return (vd_coder){.range = 0xffffffffu};
}

vd_coder vd_coder_to_read(const uint8_t *bytes, size_t n)
{
    vd_coder c = {.reading = 1, .range = 0xffffffffu, .in = bytes, .n = n};
    for (int i = 0; i < 4; ++i) shift_in(&c);
    return c;
}

vd_bytes vd_coder_finish(vd_coder *c)
{
    /* any number from low to low + range is correct: take one that ends with zeros */
    c->low = (c->low + least_range - 1) & ~(uint64_t)(least_range - 1);
    for (int i = 0; i < 5; ++i) shift_out(c);
    while (c->out.n && !c->out.bytes[c->out.n - 1]) --c->out.n;
    return c->out;
}

size_t vd_coder_bytes(const vd_coder *c)
{
    return c->out.n + c->full + (size_t)c->started;
}

int vd_coder_is_at_end(const vd_coder *c)
{
    return c->at == c->n;
}

static void adapt(vd_bit_model *m, int bit)
{
    enum { LEAST = 32, SLOWEST = 254 };
    int p = m->p, after = m->n + 2;
    p += bit ? -(p / after) : (65536 - p) / after;
    m->p = (uint16_t)(p < LEAST ? LEAST : p > 65536 - LEAST ? 65536 - LEAST : p);
    if (m->n < SLOWEST) ++m->n;
}

int vd_code_odds(vd_coder *c, uint32_t zero, int bit)
{
    uint32_t split = (c->range >> 16) * zero;
    if (c->reading) bit = c->code >= split;
    if (bit) {
        if (c->reading) c->code -= split;
        else c->low += split;
        c->range -= split;
    } else {
        c->range = split;
    }
    normalise(c);
    return bit;
}

int vd_code_bit(vd_coder *c, vd_bit_model *m, int bit)
{
    bit = vd_code_odds(c, m->p, bit);
    adapt(m, bit);
    return bit;
}

static uint32_t code_raw_byte(vd_coder *c, int bits, uint32_t value)
{
    const uint32_t most = (1u << bits) - 1;
    c->range >>= bits;
    if (c->reading) {
        value = c->code / c->range;
        if (value > most) value = most; /* only in a damaged file */
        c->code -= value * c->range;
    } else {
        value &= most;
        c->low += (uint64_t)value * c->range;
    }
    normalise(c);
    return value;
}

uint32_t vd_code_raw(vd_coder *c, int bits, uint32_t value)
{
    uint32_t all = 0;
    while (bits > 0) {
        int now = bits > 8 ? 8 : bits;
        bits -= now;
        all = all << now | code_raw_byte(c, now, value >> bits);
    }
    return all;
}
