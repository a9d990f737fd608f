#include "weights/vdw_file.h"
#include "base/fail.h"
#include "base/float_bits.h"
#include "base/text.h"
#include "layer/vd_layer.h"
#include "weights/crc32.h"
#include "weights/matrix.h"
#include "weights/varint.h"
#include "weights/vdw1.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_VERSION = 1, VERSION = 2, CHECKSUM = 4, MARK = 2, FORMAT_BITS = 2 };

static const uint8_t magic[VD_PACKED_START - 1] = {'V', 'D', 'W'};

/* ---- reading ----------------------------------------------------------------------------------------------------- */

int vd_packed_version(const uint8_t *bytes, size_t n)
{
    return n >= VD_PACKED_START && !memcmp(bytes, magic, sizeof(magic)) ? bytes[sizeof(magic)] : -1;
}

static int checksum_is_right(const uint8_t *bytes, size_t n)
{
    uint32_t crc = 0;
    if (n < VD_PACKED_START + CHECKSUM) return 0;
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

char *vd_unpack_values(const network *net, vd_parts values, size_t *seen, vd_pack_format *format, const uint8_t *bytes,
                       size_t n)
{
    int version = vd_packed_version(bytes, n);
    if (version < 0) return vd_format("not a packed file");
    if (version < FIRST_VERSION || version > VD_PACKED_LATER)
        return vd_format("packed in version %d, but this program reads versions %d to %d", version, FIRST_VERSION,
                         VD_PACKED_LATER);
    if (!checksum_is_right(bytes, n)) return vd_format("truncated or damaged: wrong checksum");
    vd_reader r = {.bytes = bytes, .n = n - CHECKSUM, .at = VD_PACKED_START};
    *seen = (size_t)vd_read_varint(&r);
    if (r.bad) return vd_format("ends before the first layer");
    *format = VD_PACK_DENSE;
    return version == FIRST_VERSION ? vd_read_version_1(&r, values) : unpack_version_2(net, values, &r, format);
}

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

/* *fault: null, or the value that is too large; the result is then no file */
static vd_packed write_file(const network *net, vd_parts packed, vd_pack_format format, vd_part_code *codes,
                            char **fault)
{
    vd_packed result = {.lines = vd_calloc(packed.n, sizeof(vd_pack_line))};
    vd_bytes *file = &result.file;
    size_t *ends = vd_calloc(packed.n, sizeof(size_t));
    vd_bytes_add(file, magic, sizeof(magic));
    vd_add_byte(file, net->later == VD_LATER_BY_WEIGHTS ? VD_PACKED_LATER : VERSION);
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

/* ---- writing, and reading it again ------------------------------------------------------------------------------- */

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

/* unpack the file and compare with what it was made from */
static char *verify(const network *net, vd_parts packed, vd_bytes file)
{
    vd_parts again = vd_parts_like(packed);
    size_t seen = 0;
    vd_pack_format format;
    char *fault = vd_unpack_values(net, again, &seen, &format, file.bytes, file.n);
    for (int i = 0; !fault && i < packed.n; ++i)
        if (!same_part(packed.part[i], again.part[i]))
            fault = vd_format("layer %d: unpacking does not restore what was packed", packed.part[i].layer);
    vd_parts_free(again);
    return fault;
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
