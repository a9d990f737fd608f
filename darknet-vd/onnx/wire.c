#include "onnx/wire.h"
#include "base/fail.h"

#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static unsigned char *room_for(vd_wire *w, size_t n)
{
    if (w->room - w->n < n) {
        w->room = 2 * w->room + n;
        w->bytes = vd_realloc(w->bytes, w->room);
    }
    w->n += n;
    return w->bytes + w->n - n;
}

/* seven bits a byte, the lowest first; the highest bit of a byte says that more follow */
static void append_varint(vd_wire *w, uint64_t x)
{
    for (; x > 0x7f; x >>= 7) *room_for(w, 1) = (unsigned char)(x | 0x80);
    *room_for(w, 1) = (unsigned char)x;
}

static void append_key(vd_wire *w, int field, vd_wire_kind kind)
{
    append_varint(w, (uint64_t)field << 3 | kind);
}

void vd_wire_number(vd_wire *w, int field, int64_t x)
{
    append_key(w, field, VD_WIRE_NUMBER);
    append_varint(w, (uint64_t)x);
}

void vd_wire_float(vd_wire *w, int field, float x)
{
    append_key(w, field, VD_WIRE_FOUR_BYTES);
    memcpy(room_for(w, sizeof(x)), &x, sizeof(x));
}

void vd_wire_bytes(vd_wire *w, int field, const void *bytes, size_t n)
{
    append_key(w, field, VD_WIRE_RUN);
    append_varint(w, n);
    unsigned char *to = room_for(w, n);
    if (n) memcpy(to, bytes, n);
}

void vd_wire_text(vd_wire *w, int field, const char *text)
{
    vd_wire_bytes(w, field, text, strlen(text));
}

void vd_wire_message(vd_wire *w, int field, vd_wire *within)
{
    vd_wire_bytes(w, field, within->bytes, within->n);
    free(within->bytes);
    *within = (vd_wire){0};
}

/* ---- reading ---- */

int vd_wire_take_number(vd_wire_part *p, uint64_t *x)
{
    *x = 0;
    for (int shift = 0; shift < 64 && p->at < p->end; shift += 7) {
        unsigned char byte = *p->at++;
        *x |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return 1;
    }
    return 0;
}

static int take_bytes(vd_wire_part *p, int n, uint64_t *x)
{
    *x = 0;
    if (p->end - p->at < n) return -1;
    for (int i = 0; i < n; ++i) *x |= (uint64_t)*p->at++ << 8 * i;
    return 1;
}

static int take_run(vd_wire_part *p, vd_wire_part *run)
{
    uint64_t n;
    if (!vd_wire_take_number(p, &n) || n > (uint64_t)(p->end - p->at)) return -1;
    *run = (vd_wire_part){p->at, p->at + n};
    p->at += n;
    return 1;
}

int vd_wire_next(vd_wire_part *p, vd_wire_field *f)
{
    uint64_t key;
    *f = (vd_wire_field){0};
    if (p->at == p->end) return 0;
    if (!vd_wire_take_number(p, &key) || !(key >> 3)) return -1;
    f->field = key >> 3;
    f->kind = (vd_wire_kind)(key & 7);
    switch (f->kind) {
    case VD_WIRE_NUMBER:
        return vd_wire_take_number(p, &f->number) ? 1 : -1;
    case VD_WIRE_EIGHT_BYTES:
        return take_bytes(p, 8, &f->number);
    case VD_WIRE_FOUR_BYTES:
        return take_bytes(p, 4, &f->number);
    case VD_WIRE_RUN:
        return take_run(p, &f->part);
    }
    return -1;
}
