#include "weights/vdw.h"
#include "base/fail.h"
#include "base/text.h"
#include "layer/vd_layer.h"
#include "weights/crc32.h"
#include "weights/matrix.h"
#include "weights/parts.h"
#include "weights/drop_unread.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, NORMALISED = 128, CHECKSUM = 4 };

static const uint8_t magic[4] = {'V', 'D', 'W', VERSION};

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void add_byte(vd_bytes *b, int byte)
{
    uint8_t value = (uint8_t)byte;
    vd_bytes_add(b, &value, 1);
}

static void add_varint(vd_bytes *b, uint64_t value)
{
    for (; value >> 7; value >>= 7) add_byte(b, (int)(value & 127) | 128);
    add_byte(b, (int)value);
}

static void add_checksum(vd_bytes *b)
{
    uint32_t crc = vd_crc32(b->bytes, b->n);
    for (int i = 0; i < CHECKSUM; ++i) add_byte(b, (int)(crc >> 8 * i & 255));
}

/* the arrays after a record's head, written or read; 0 when what is read cannot have been written */
static int code_arrays(vd_coder *c, vd_part p, vd_pack_format format, uint8_t *steps)
{
    float *of_rows[] = {p.biases, p.scales, p.means, p.variances};
    for (int k = 0; k < 4; ++k)
        if (of_rows[k]) vd_code_dense(c, p.rows, of_rows[k]);
    if (!p.weights) return 1;
    if (format != VD_PACK_DENSE) return vd_code_sparse(c, format, p.rows, p.columns, steps, p.weights);
    vd_code_dense(c, vd_part_weights(p), p.weights);
    return 1;
}

static void add_record(vd_bytes *b, vd_part p, vd_pack_format format, uint8_t *steps)
{
    vd_coder c = vd_coder_to_write();
    code_arrays(&c, p, format, steps);
    vd_bytes data = vd_coder_finish(&c);
    add_varint(b, p.layer);
    add_byte(b, p.kind + (p.scales ? NORMALISED : 0));
    add_byte(b, format);
    add_varint(b, p.rows);
    add_varint(b, p.columns);
    add_varint(b, data.n);
    vd_bytes_add(b, data.bytes, data.n);
    vd_bytes_free(&data);
}

/* the first value that cannot be packed, as a line of text */
static char *find_fault(vd_part p, vd_pack_format format)
{
    char *fault = vd_part_fault(p);
    for (size_t i = 0; !fault && p.weights && i < vd_part_weights(p); ++i)
        if (fabsf(p.weights[i]) > vd_pack_largest(format))
            fault = vd_format("layer %d: weights[%zu] = %g is too large for this format", p.layer, i, p.weights[i]);
    return fault;
}

/* packed = the network's arrays as the file will hold them: weights masked and rounded; steps [parts][rows of the
 * part]. Returns null, or what is wrong */
static char *make_values(const network *net, vd_parts own, vd_parts packed, vd_pack_format format, uint8_t **steps)
{
    for (int i = 0; i < own.n; ++i) {
        vd_part p = packed.part[i];
        const vd_layer *vd = p.variational ? vd_layer_of(net->layers[p.layer]) : 0;
        vd_part_copy(p, own.part[i]);
        if (vd) vd_kernels_get()->mask(vd->n, own.part[i].weights, vd->log_sigma2, vd->threshold, p.weights);
        char *fault = find_fault(own.part[i], VD_PACK_DENSE);
        if (!fault && vd) fault = find_fault(p, format);
        if (fault) return fault;
        steps[i] = vd_calloc(p.rows, 1);
        if (vd) vd_pack_round(format, p.rows, p.columns, vd->log_sigma2, p.weights, steps[i]);
    }
    vd_drop_unread(net, packed);
    return 0;
}

static void count(vd_packed *packed, vd_part p, size_t bytes)
{
    vd_pack_line *line = packed->lines + packed->n - 1;
    if (!packed->n || line->index != p.layer) line = packed->lines + packed->n++;
    size_t weights = vd_part_weights(p), nonzero = p.weights ? vd_count_nonzero(weights, p.weights) : 0;
    line->index = p.layer;
    line->weights += weights;
    line->nonzero += nonzero;
    line->bytes_dense += vd_part_floats(p) * sizeof(float);
    line->bytes_packed += bytes;
    line->multiply_adds += weights * p.positions;
    line->multiply_adds_left += nonzero * p.positions;
}

static int same_values(size_t n, const float *a, const float *b)
{
    for (size_t i = 0; a && i < n; ++i)
        /* as bits, so that a NaN equals itself. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
        if (memcmp(a + i, b + i, sizeof(float)) && (vd_count_nonzero(1, a + i) || vd_count_nonzero(1, b + i))) return 0;
    return 1;
}

static int same_part(vd_part a, vd_part b)
{
    return same_values(a.rows, a.biases, b.biases) && same_values(a.rows, a.scales, b.scales) &&
           same_values(a.rows, a.means, b.means) && same_values(a.rows, a.variances, b.variances) &&
           same_values(vd_part_weights(a), a.weights, b.weights);
}

static char *unpack(vd_parts p, size_t *seen, const uint8_t *bytes, size_t n);

/* unpack the file and compare with what it was made from */
static char *verify(vd_parts packed, vd_bytes file)
{
    vd_parts again = vd_parts_like(packed);
    size_t seen = 0;
    char *fault = unpack(again, &seen, file.bytes, file.n);
    for (int i = 0; !fault && i < packed.n; ++i)
        if (!same_part(packed.part[i], again.part[i]))
            fault = vd_format("layer %d: unpacking does not restore what was packed", packed.part[i].layer);
    vd_parts_free(again);
    return fault;
}

static vd_packed write_file(const network *net, vd_parts packed, vd_pack_format format, uint8_t **steps)
{
    vd_packed result = {.lines = vd_calloc(packed.n, sizeof(vd_pack_line))};
    vd_bytes *file = &result.file;
    vd_bytes_add(file, magic, sizeof(magic));
    add_varint(file, *net->seen);
    add_varint(file, packed.n);
    for (int i = 0; i < packed.n; ++i) {
        size_t before = file->n;
        add_record(file, packed.part[i], packed.part[i].variational ? format : VD_PACK_DENSE, steps[i]);
        count(&result, packed.part[i], file->n - before);
        result.lines[result.n - 1].type = vd_layer_type(net->layers[packed.part[i].layer]);
    }
    add_checksum(file);
    return result;
}

vd_packed vd_pack_network(const network *net, vd_pack_format format, char **fault)
{
    vd_parts own = vd_parts_of_network(net), packed = vd_parts_like(own);
    uint8_t **steps = vd_calloc(own.n, sizeof(*steps));
    vd_packed result = {0};
    *fault = make_values(net, own, packed, format, steps);
    if (!*fault) {
        result = write_file(net, packed, format, steps);
        *fault = verify(packed, result.file);
    }
    for (int i = 0; i < own.n; ++i) free(steps[i]);
    free(steps);
    vd_parts_free(packed);
    free(own.part);
    return result;
}

size_t vd_packed_size(const network *net)
{
    char *fault;
    vd_packed p = vd_pack_network(net, VD_PACK_FP32, &fault);
    size_t bytes = p.file.n;
    free(fault);
    vd_packed_free(&p);
    return bytes;
}

void vd_packed_free(vd_packed *p)
{
    vd_bytes_free(&p->file);
    free(p->lines);
    *p = (vd_packed){0};
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *bytes;
    size_t n, at;
    int bad; /* 1 after reading past the end, or a number of more than 64 bits */
} reader;

static int read_byte(reader *r)
{
    if (r->at == r->n) r->bad = 1;
    return r->bad ? 0 : r->bytes[r->at++];
}

static uint64_t read_varint(reader *r)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint64_t byte = (uint64_t)read_byte(r);
        if (shift == 63 && byte > 1) break;
        value |= (byte & 127) << shift;
        if (!(byte & 128)) return value;
    }
    r->bad = 1;
    return 0;
}

typedef struct {
    uint64_t layer, rows, columns, bytes;
    int kind, normalised, format;
} head;

static head read_head(reader *r)
{
    head h = {.layer = read_varint(r)};
    int kind = read_byte(r);
    h.kind = kind & (NORMALISED - 1);
    h.normalised = kind >= NORMALISED;
    h.format = read_byte(r);
    h.rows = read_varint(r);
    h.columns = read_varint(r);
    h.bytes = read_varint(r);
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

static char *read_record(reader *r, vd_part p)
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
    int possible = code_arrays(&c, p, (vd_pack_format)h.format, steps) && vd_coder_is_at_end(&c);
    free(steps);
    r->at += (size_t)h.bytes;
    fault = possible ? find_fault(p, VD_PACK_DENSE) : vd_format("layer %d: damaged data", p.layer);
    return fault;
}

static int checksum_is_right(const uint8_t *bytes, size_t n)
{
    uint32_t crc = 0;
    if (n < sizeof(magic) + CHECKSUM) return 0;
    for (int i = 0; i < CHECKSUM; ++i) crc |= (uint32_t)bytes[n - CHECKSUM + i] << 8 * i;
    return crc == vd_crc32(bytes, n - CHECKSUM);
}

/* into p, whose arrays are 0 before; returns null, or what is wrong */
static char *unpack(vd_parts p, size_t *seen, const uint8_t *bytes, size_t n)
{
    if (!vd_is_packed(bytes, n)) return vd_format("not a packed file");
    if (bytes[3] != VERSION)
        return vd_format("packed in version %d, but this program reads version %d", bytes[3], VERSION);
    if (!checksum_is_right(bytes, n)) return vd_format("truncated or damaged: wrong checksum");
    reader r = {.bytes = bytes, .n = n - CHECKSUM, .at = sizeof(magic)};
    *seen = (size_t)read_varint(&r);
    uint64_t records = read_varint(&r);
    if (r.bad) return vd_format("ends before the first layer");
    for (int i = 0; i < p.n && (uint64_t)i < records; ++i) {
        char *fault = read_record(&r, p.part[i]);
        if (fault) return fault;
    }
    if (records != (uint64_t)p.n)
        return vd_format("packed from another network: it has %llu layers with weights, this one has %d",
                         (unsigned long long)records, p.n);
    return r.at == r.n ? 0 : vd_format("%zu bytes are left after the last layer", r.n - r.at);
}

int vd_is_packed(const uint8_t *bytes, size_t n)
{
    return n >= sizeof(magic) && !memcmp(bytes, magic, sizeof(magic) - 1);
}

/* log_sigma2 = log_alpha + log(theta^2 + eps), with the smallest log_alpha there is for a weight that is left, and the
 * largest for one that is 0 */
static void set_log_sigma2(layer l)
{
    vd_layer *vd = vd_layer_of(l);
    for (size_t i = 0; i < vd->n; ++i) {
        double theta = l.weights[i], log_alpha = theta != 0 ? -VD_LOG_ALPHA_LIMIT : VD_LOG_ALPHA_LIMIT;
        vd->log_sigma2[i] = (float)(log(theta * theta + VD_THETA_EPS) + log_alpha);
    }
    vd_layer_changed(l);
}

char *vd_unpack_network(network *net, const uint8_t *bytes, size_t n)
{
    vd_parts own = vd_parts_of_network(net), unpacked = vd_parts_like(own);
    size_t seen = 0;
    char *fault = unpack(unpacked, &seen, bytes, n);
    for (int i = 0; !fault && i < own.n; ++i) {
        layer l = net->layers[own.part[i].layer];
        if (l.dontload) continue;
        vd_part_copy(own.part[i], unpacked.part[i]);
        if (own.part[i].variational) set_log_sigma2(l);
    }
    if (!fault) *net->seen = seen;
    vd_parts_free(unpacked);
    free(own.part);
    return fault;
}

static vd_bytes read_all(FILE *fp)
{
    static const size_t piece = 1 << 16;
    vd_bytes all = {0};
    uint8_t *buffer = vd_calloc(piece, 1);
    for (size_t got; (got = fread(buffer, 1, piece, fp)) > 0;) vd_bytes_add(&all, buffer, got);
    free(buffer);
    return all;
}

int vd_pack_load(network *net, const char *filename, FILE *fp, int start, int cutoff)
{
    uint8_t first[sizeof(magic)];
    size_t n = fread(first, 1, sizeof(first), fp);
    free(net->packed_from);
    net->packed_from = 0;
    rewind(fp);
    if (!vd_is_packed(first, n)) return 0;
    vd_bytes all = read_all(fp);
    char *fault = ferror(fp) ? vd_format("cannot be read: %s", strerror(errno)) : 0;
    if (!fault && (start > 0 || cutoff < net->n))
        fault = vd_format("is packed and can only be loaded completely, not layers %d to %d", start, cutoff - 1);
    if (!fault) fault = vd_unpack_network(net, all.bytes, all.n);
    if (fault)
        vd_die("\n%s: %s", filename, fault); /* Darknet has printed "Loading weights from ..." without a newline */
    vd_bytes_free(&all);
    net->packed_from = vd_format("%s", filename);
    return 1;
}
