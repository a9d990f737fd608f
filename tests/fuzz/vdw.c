/* any bytes, given the checksum that belongs to them, as a .vdw file */
#include "fuzz/fuzz.h"
#include "weights/vdw.h"
#include "base/fail.h"
#include "weights/crc32.h"
#include "weights/matrix.h"
#include "weights/parts.h"
#include "weights/varint.h"

#include <stdlib.h>
#include <string.h>

enum { CHECKSUM = 4 };

static network *net;

void fuzz_begin(void)
{
    net = fuzz_network(fuzz_cfg);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    uint8_t *bytes = vd_calloc(n + CHECKSUM, 1);
    memcpy(bytes, data, n);
    uint32_t crc = vd_crc32(bytes, n);
    for (int i = 0; i < CHECKSUM; ++i) bytes[n + (size_t)i] = (uint8_t)(crc >> 8 * i);
    free(vd_unpack_network(net, bytes, n + CHECKSUM));
    free(bytes);
    load_weights(net, fuzz_file(data, n));
}

/* a file of version 1 (weights/vdw1.h), which the program no longer writes; sparse in `format` */
static void seed_version_1(const char *name, vd_pack_format format)
{
    static const uint8_t magic[] = {'V', 'D', 'W', 1};
    vd_parts p = vd_parts_of_network(net);
    vd_bytes b = {0};
    vd_bytes_add(&b, magic, sizeof(magic));
    vd_add_varint(&b, *net->seen);
    vd_add_varint(&b, (uint64_t)p.n);
    for (int i = 0; i < p.n; ++i) {
        vd_part q = p.part[i];
        float *of_rows[] = {q.biases, q.scales, q.means, q.variances};
        uint8_t *steps = vd_calloc(q.rows, 1);
        memset(steps, 180, q.rows);
        vd_coder c = vd_coder_to_write();
        for (int k = 0; k < 4; ++k)
            if (of_rows[k]) vd_code_dense(&c, q.rows, of_rows[k]);
        vd_pack_format of_part = q.variational ? format : VD_PACK_DENSE;
        if (q.weights && q.variational) vd_code_sparse(&c, format, q.rows, q.columns, steps, q.weights);
        else if (q.weights) vd_code_dense(&c, vd_part_weights(q), q.weights);
        vd_bytes data = vd_coder_finish(&c);
        vd_add_varint(&b, (uint64_t)q.layer);
        vd_add_byte(&b, (int)q.kind + (q.scales ? 128 : 0));
        vd_add_byte(&b, (int)of_part);
        vd_add_varint(&b, (uint64_t)q.rows);
        vd_add_varint(&b, (uint64_t)q.columns);
        vd_add_varint(&b, data.n);
        vd_bytes_add(&b, data.bytes, data.n);
        vd_bytes_free(&data);
        free(steps);
    }
    fuzz_seed(name, b.bytes, b.n);
    vd_bytes_free(&b);
    free(p.part);
}

void fuzz_seeds(void)
{
    static const struct {
        vd_pack_format format;
        const char *name;
    } formats[] = {{VD_PACK_FP32, "fp32"}, {VD_PACK_FP16, "fp16"}, {VD_PACK_INT8, "int8"}};
    for (int i = 0; i < 3; ++i) {
        char *fault;
        vd_packed p = vd_pack_network(net, formats[i].format, &fault);
        if (fault) vd_die("%s", fault);
        fuzz_seed(formats[i].name, p.file.bytes, p.file.n - CHECKSUM);
        vd_packed_free(&p);
    }
    seed_version_1("version-1-fp32", VD_PACK_FP32);
    seed_version_1("version-1-int8", VD_PACK_INT8);
}
