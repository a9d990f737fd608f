#include "weights/vdw.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/float_bits.h"
#include "base/text.h"
#include "layer/layer_state.h"
#include "layer/vd_layer.h"
#include "weights/crc32.h"
#include "weights/grid.h"
#include "weights/matrix.h"
#include "weights/parts.h"
#include "weights/simplify.h"
#include "weights/varint.h"
#include "weights/vdw1.h"
#include "weights/values.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_VERSION = 1, VERSION = 2, LATER_VERSION = 3, CHECKSUM = 4, MARK = 2, FORMAT_BITS = 2 };

static const uint8_t magic[3] = {'V', 'D', 'W'};
enum { START = sizeof(magic) + 1 }; /* with the version */

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void add_little_endian(vd_bytes *b, int n, uint32_t value)
{
    for (int i = 0; i < n; ++i) vd_add_byte(b, (int)(value >> 8 * i & 255));
}

static void count(vd_packed *packed, vd_part p, size_t bytes)
{
    if (!packed->n || packed->lines[packed->n - 1].index != p.layer) ++packed->n;
    vd_pack_line *line = packed->lines + packed->n - 1;
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
        if (memcmp(a + i, b + i, sizeof(float)) && (!vd_is_zero(a[i]) || !vd_is_zero(b[i]))) return 0;
    return 1;
}

static int same_part(vd_part a, vd_part b)
{
    return same_values(a.rows, a.biases, b.biases) && same_values(a.rows, a.scales, b.scales) &&
           same_values(a.rows, a.means, b.means) && same_values(a.rows, a.variances, b.variances) &&
           same_values(vd_part_weights(a), a.weights, b.weights);
}

static char *unpack(const network *net, vd_parts p, size_t *seen, vd_pack_format *format, const uint8_t *bytes,
                    size_t n);

/* unpack the file and compare with what it was made from */
static char *verify(const network *net, vd_parts packed, vd_bytes file)
{
    vd_parts again = vd_parts_like(packed);
    size_t seen = 0;
    vd_pack_format format;
    char *fault = unpack(net, again, &seen, &format, file.bytes, file.n);
    for (int i = 0; !fault && i < packed.n; ++i)
        if (!same_part(packed.part[i], again.part[i]))
            fault = vd_format("layer %d: unpacking does not restore what was packed", packed.part[i].layer);
    vd_parts_free(again);
    return fault;
}

/* *fault: null, or the value that is too large; the result is then no file */
static vd_packed write_file(const network *net, vd_parts packed, vd_pack_format format, vd_part_code *codes,
                            char **fault)
{
    vd_packed result = {.lines = vd_calloc(packed.n, sizeof(vd_pack_line))};
    vd_bytes *file = &result.file;
    size_t *ends = vd_calloc(packed.n, sizeof(size_t));
    vd_bytes_add(file, magic, sizeof(magic));
    vd_add_byte(file, net->later == VD_LATER_BY_WEIGHTS ? LATER_VERSION : VERSION);
    vd_add_varint(file, *net->seen);
    add_little_endian(file, MARK, vd_shape_mark(net, packed));
    vd_coder c = vd_coder_to_write();
    vd_code_raw(&c, FORMAT_BITS, format);
    *fault = vd_code_parts(&c, net, packed, format, codes, ends);
    vd_bytes data = vd_coder_finish(&c);
    vd_bytes_add(file, data.bytes, data.n);
    vd_bytes_free(&data);
    add_little_endian(file, CHECKSUM, vd_crc32(file->bytes, file->n));
    for (int i = 0; i < packed.n && !*fault; ++i) {
        count(&result, packed.part[i], ends[i] - (i ? ends[i - 1] : 0));
        result.lines[result.n - 1].type = vd_layer_type(net->layers[packed.part[i].layer]);
    }
    free(ends);
    return result;
}

vd_packed vd_pack_values(const network *net, vd_parts values, vd_pack_format format, vd_part_code *codes, char **fault)
{
    vd_packed result = write_file(net, values, format, codes, fault);
    if (!*fault) *fault = verify(net, values, result.file);
    return result;
}

size_t vd_size_of_values(const network *net, vd_parts values, vd_pack_format format, vd_part_code *codes, char **fault)
{
    vd_packed p = write_file(net, values, format, codes, fault);
    size_t n = *fault ? 0 : p.file.n;
    vd_packed_free(&p);
    return n;
}

/* result is null: *size alone is wanted */
static char *pack(const network *net, vd_pack_format format, double rate, vd_packed *result, size_t *size)
{
    vd_parts own = vd_parts_of_network(net), values = vd_parts_like(own);
    vd_part_code *codes = vd_calloc(own.n, sizeof(*codes));
    char *fault = vd_make_values(net, values, format, rate, codes);
    if (!fault && result) *result = vd_pack_values(net, values, format, codes, &fault);
    else if (!fault) *size = vd_size_of_values(net, values, format, codes, &fault);
    free(codes);
    vd_parts_free(values);
    free(own.part);
    return fault;
}

vd_packed vd_pack_network(const network *net, vd_pack_format format, char **fault)
{
    vd_packed p = {0};
    *fault = pack(net, format, 0, &p, 0);
    return p;
}

vd_packed vd_pack_network_at_rate(const network *net, double rate, char **fault)
{
    vd_packed p = {0};
    *fault = pack(net, VD_PACK_INT8, rate, &p, 0);
    return p;
}

static size_t size_of(const network *net, vd_pack_format format, double rate)
{
    size_t n = 0;
    free(pack(net, format, rate, 0, &n));
    return n;
}

size_t vd_packed_size(const network *net)
{
    return size_of(net, VD_PACK_FP32, 0);
}

size_t vd_packed_size_at_rate(const network *net, double rate)
{
    return size_of(net, VD_PACK_INT8, rate);
}

static size_t size_at_rate(void *context, double rate)
{
    return vd_packed_size_at_rate(context, rate);
}

double vd_pack_rate_of_bytes(const network *net, size_t bytes, char **fault)
{
    double rate = vd_smallest_rate(-8, bytes, size_at_rate, (void *)net);
    size_t n = 0;
    *fault = pack(net, VD_PACK_INT8, rate, 0, &n);
    return !*fault && n <= bytes ? rate : 0;
}

void vd_packed_free(vd_packed *p)
{
    vd_bytes_free(&p->file);
    free(p->lines);
    *p = (vd_packed){0};
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int is_packed(const uint8_t *bytes, size_t n)
{
    return n >= START && !memcmp(bytes, magic, sizeof(magic));
}

static int checksum_is_right(const uint8_t *bytes, size_t n)
{
    uint32_t crc = 0;
    if (n < START + CHECKSUM) return 0;
    for (int i = 0; i < CHECKSUM; ++i) crc |= (uint32_t)bytes[n - CHECKSUM + i] << 8 * i;
    return crc == vd_crc32(bytes, n - CHECKSUM);
}

static char *unpack_version_2(const network *net, vd_parts p, vd_reader *r, vd_pack_format *format)
{
    uint32_t mark = 0;
    for (int i = 0; i < MARK; ++i) mark |= (uint32_t)vd_read_byte(r) << 8 * i;
    if (r->bad) return vd_format("ends before the first layer");
    if (mark != vd_shape_mark(net, p))
        return vd_format("packed from another network: number or shapes of its layers differ from this one's");
    vd_part_code *codes = vd_calloc(p.n, sizeof(*codes));
    vd_coder c = vd_coder_to_read(r->bytes + r->at, r->n - r->at);
    *format = vd_code_raw(&c, FORMAT_BITS, 0);
    char *fault =
        *format == VD_PACK_DENSE ? vd_format("unknown format 0") : vd_code_parts(&c, net, p, *format, codes, 0);
    if (!fault && !vd_coder_is_at_end(&c)) fault = vd_format("bytes are left after the last layer");
    for (int i = 0; !fault && i < p.n; ++i) fault = vd_part_fault(p.part[i]);
    free(codes);
    return fault;
}

/* into p, the parts of net, whose arrays are 0 before; returns null, or what is wrong. *format is that of the file, in
 * version 1 VD_PACK_DENSE */
static char *unpack(const network *net, vd_parts p, size_t *seen, vd_pack_format *format, const uint8_t *bytes,
                    size_t n)
{
    if (!is_packed(bytes, n)) return vd_format("not a packed file");
    if (bytes[3] < FIRST_VERSION || bytes[3] > LATER_VERSION)
        return vd_format("packed in version %d, but this program reads versions %d to %d", bytes[3], FIRST_VERSION,
                         LATER_VERSION);
    if (!checksum_is_right(bytes, n)) return vd_format("truncated or damaged: wrong checksum");
    vd_reader r = {.bytes = bytes, .n = n - CHECKSUM, .at = START};
    *seen = (size_t)vd_read_varint(&r);
    if (r.bad) return vd_format("ends before the first layer");
    *format = VD_PACK_DENSE;
    return bytes[3] == FIRST_VERSION ? vd_read_version_1(&r, p) : unpack_version_2(net, p, &r, format);
}

/* of a file at its start, which it is left at; -1: it is not packed */
static int version_of(FILE *fp)
{
    uint8_t first[START];
    size_t n = fread(first, 1, sizeof(first), fp);
    rewind(fp);
    return is_packed(first, n) ? first[3] : -1;
}

int vd_pack_is_later(FILE *fp)
{
    return version_of(fp) == LATER_VERSION;
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

/* integers are packed with rows in another order: their neighbours must come out of the same file */
static char *check_kept(const network *net, vd_parts own)
{
    char *chained = vd_parts_chained(net, own), *fault = 0;
    for (int i = 0; i < own.n && !fault; ++i)
        if (net->layers[own.part[i].layer].dontload && (chained[i] || (i && chained[i - 1])))
            fault = vd_format("layer %d has dontload=1, but the file has the units around it in another order",
                              own.part[i].layer);
    free(chained);
    return fault;
}

char *vd_unpack_network(network *net, const uint8_t *bytes, size_t n)
{
    vd_parts own = vd_parts_of_network(net), unpacked = vd_parts_like(own);
    size_t seen = 0;
    vd_pack_format format = VD_PACK_DENSE;
    char *fault = unpack(net, unpacked, &seen, &format, bytes, n);
    if (!fault && format == VD_PACK_INT8) fault = check_kept(net, own);
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

int vd_pack_load(network *net, const char *filename, FILE *fp, int start, int cutoff)
{
    size_t n;
    free(net->packed_from);
    net->packed_from = 0;
    if (version_of(fp) < 0) return 0;
    unsigned char *bytes = vd_input_rest(fp, &n);
    char *fault = ferror(fp) ? vd_format("cannot be read: %s", strerror(errno)) : 0;
    if (!fault && (start > 0 || cutoff < net->n))
        fault = vd_format("is packed and can only be loaded completely, not layers %d to %d", start, cutoff - 1);
    if (!fault) fault = vd_unpack_network(net, bytes, n);
    if (fault)
        vd_die("\n%s: %s", filename, fault); /* Darknet has printed "Loading weights from ..." without a newline */
    free(bytes);
    net->packed_from = vd_format("%s", filename);
    return 1;
}
