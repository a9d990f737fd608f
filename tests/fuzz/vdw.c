/* any bytes, given the checksum that belongs to them, as a .vdw file */
#include "fuzz/fuzz.h"
#include "weights/vdw.h"
#include "base/fail.h"
#include "weights/crc32.h"

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
}
