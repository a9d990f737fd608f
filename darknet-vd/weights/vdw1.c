#include "weights/vdw1.h"
#include "weights/matrix.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>

enum { NORMALISED = 128 };

typedef struct {
    uint64_t layer, rows, columns, bytes;
    int kind, normalised, format;
} head;

static head read_head(vd_reader *r)
{
    head h = {.layer = vd_read_varint(r)};
    int kind = vd_read_byte(r);
    h.kind = kind & (NORMALISED - 1);
    h.normalised = kind >= NORMALISED;
    h.format = vd_read_byte(r);
    h.rows = vd_read_varint(r);
    h.columns = vd_read_varint(r);
    h.bytes = vd_read_varint(r);
    return h;
}

static char *describe(uint64_t layer, vd_part_kind kind, int normalised, uint64_t rows, uint64_t columns)
{
    return vd_format("layer %llu %s %llux%llu%s", (unsigned long long)layer, vd_part_name(kind),
                     (unsigned long long)rows, (unsigned long long)columns,
                     normalised && kind != VD_PART_BATCHNORM ? " with batch_normalize" : "");
}

static char *check_head(head h, vd_part p)
{
    if (h.layer == (uint64_t)p.layer && h.kind == (int)p.kind && h.normalised == (p.scales != 0) &&
        h.rows == (uint64_t)p.rows && h.columns == (uint64_t)p.columns)
        return 0;
    char *theirs = describe(h.layer, h.kind, h.normalised, h.rows, h.columns);
    char *ours = describe(p.layer, p.kind, p.scales != 0, p.rows, p.columns);
    char *fault = vd_format("packed from another network: it has %s, this one has %s", theirs, ours);
    free(theirs);
    free(ours);
    return fault;
}

/* the arrays after a record's head, 0 when they cannot have been written */
static int read_arrays(vd_coder *c, vd_part p, vd_pack_format format, uint8_t *steps)
{
    float *of_rows[] = {p.biases, p.scales, p.means, p.variances};
    for (int k = 0; k < 4; ++k)
        if (of_rows[k]) vd_code_dense(c, p.rows, of_rows[k]);
    if (!p.weights) return 1;
    if (format != VD_PACK_DENSE) return vd_code_sparse(c, format, p.rows, p.columns, steps, p.weights);
    vd_code_dense(c, vd_part_weights(p), p.weights);
    return 1;
}

static char *read_record(vd_reader *r, vd_part p)
{
    head h = read_head(r);
    if (r->bad) return vd_format("ends before layer %d", p.layer);
    char *fault = check_head(h, p);
    if (fault) return fault;
    if (h.bytes > r->n - r->at) return vd_format("ends inside layer %d", p.layer);
    if (h.format < VD_PACK_DENSE || h.format > VD_PACK_INT8)
        return vd_format("layer %d: unknown format %d", p.layer, h.format);
    uint8_t *steps = vd_calloc(p.rows, 1);
    vd_coder c = vd_coder_to_read(r->bytes + r->at, (size_t)h.bytes);
    int possible = read_arrays(&c, p, (vd_pack_format)h.format, steps) && vd_coder_is_at_end(&c);
    free(steps);
    r->at += (size_t)h.bytes;
    fault = possible ? vd_part_fault(p) : vd_format("layer %d: damaged data", p.layer);
    return fault;
}

char *vd_read_version_1(vd_reader *r, vd_parts p)
{
    uint64_t records = vd_read_varint(r);
    if (r->bad) return vd_format("ends before the first layer");
    for (int i = 0; i < p.n && (uint64_t)i < records; ++i) {
        char *fault = read_record(r, p.part[i]);
        if (fault) return fault;
    }
    if (records != (uint64_t)p.n)
        return vd_format("packed from another network: it has %llu layers with weights, this one has %d",
                         (unsigned long long)records, p.n);
    return r->at == r->n ? 0 : vd_format("%zu bytes are left after the last layer", r->n - r->at);
}
