/* Protobuf's wire format, as far as ONNX needs it: a message is a sequence of fields, each a number, four or eight
 * bytes, or a run of bytes (a text, a message within, packed numbers). Source:
 * protobuf.dev/programming-guides/encoding. */
#ifndef VD_ONNX_WIRE_H
#define VD_ONNX_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* ---- writing ---- */

/* a message that grows; zeroed at first. The owner frees bytes */
typedef struct {
    unsigned char *bytes;
    size_t n, room;
} vd_wire;

/* append a field; _message() frees what is within */
void vd_wire_number(vd_wire *w, int field, int64_t x);
void vd_wire_float(vd_wire *w, int field, float x);
void vd_wire_bytes(vd_wire *w, int field, const void *bytes, size_t n);
void vd_wire_text(vd_wire *w, int field, const char *text);
void vd_wire_message(vd_wire *w, int field, vd_wire *within);

/* ---- reading ---- */

/* bytes of a message that have not been read; nothing outside is ever read */
typedef struct {
    const unsigned char *at, *end;
} vd_wire_part;

typedef enum { VD_WIRE_NUMBER = 0, VD_WIRE_EIGHT_BYTES = 1, VD_WIRE_RUN = 2, VD_WIRE_FOUR_BYTES = 5 } vd_wire_kind;

typedef struct {
    uint64_t field;
    vd_wire_kind kind;
    uint64_t number;   /* of VD_WIRE_NUMBER; the bytes of the other two, the first one lowest */
    vd_wire_part part; /* of VD_WIRE_RUN */
} vd_wire_field;

/* take the next field: 1; 0 at the end; -1 when the bytes are no field, or end within it */
int vd_wire_next(vd_wire_part *p, vd_wire_field *f);

/* take a number of a run of packed ones: 1; 0 when the bytes end within it */
int vd_wire_take_number(vd_wire_part *p, uint64_t *x);

#endif
