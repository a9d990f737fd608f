/* any bytes as a .weights file with a VDLS trailer, loaded completely and in part */
#include "fuzz/fuzz.h"
#include "base/text.h"

#include <stdlib.h>

static network *net;

void fuzz_begin(void)
{
    net = fuzz_network(fuzz_cfg);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    char *path = fuzz_file(data, n);
    load_weights(net, path);
    load_weights_upto(net, path, 1, 4);
}

void fuzz_seeds(void)
{
    char *path = vd_format("%s/full", getenv("SEEDS")), *part = vd_format("%s/part", getenv("SEEDS"));
    save_weights(net, path);
    save_weights_upto(net, part, 3);
    fuzz_seed("version", "\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    free(path), free(part);
}
