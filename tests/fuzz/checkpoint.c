/* any bytes, given the checksum that belongs to them, as the checkpoint a training is resumed from */
#include "training/checkpoint.h"
#include "fuzz/fuzz.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static char *folder;
static network *other; /* makes the seeds */

void fuzz_begin(void)
{
    folder = fuzz_folder("fuzz.checkpoint");
    other = fuzz_network(fuzz_cfg);
    vd_checkpoint_resume();
}

/* FNV-1a */
static uint64_t sum_of(const uint8_t *data, size_t n)
{
    uint64_t sum = 0xCBF29CE484222325u;
    for (size_t i = 0; i < n; ++i) sum = (sum ^ data[i]) * 0x100000001B3u;
    return sum;
}

/* a network of its own for each input: arrays may be made in it, and its size may change */
void fuzz_one(const uint8_t *data, size_t n)
{
    float avg_loss = 0;
    int count = 0;
    network *net = fuzz_network(fuzz_cfg);
    uint64_t sum = sum_of(data, n);
    uint8_t *bytes = vd_calloc(n + sizeof(sum), 1);
    memcpy(bytes, data, n);
    memcpy(bytes + n, &sum, sizeof(sum));
    fuzz_file(bytes, n + sizeof(sum));
    free(bytes);
    vd_checkpoint_begin(net, folder, "fuzz", &avg_loss, &count);
    vd_checkpoint_end(net);
    free_network(net);
}

void fuzz_seeds(void)
{
    float avg_loss = 1;
    int count = 2;
    char *path = vd_format("%s/made.checkpoint", getenv("SEEDS"));
    vd_checkpoint_begin(other, getenv("SEEDS"), "made", &avg_loss, &count);
    *other->seen = 1;
    vd_checkpoint_batch(other);
    fuzz_seed_file("checkpoint", path, sizeof(uint64_t));
    free(path);
}
