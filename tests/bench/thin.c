/* Writes a weights file whose variational layers have a share of their weights alive, picked at random: the others are
 * 0 and their log_alpha is at its upper clip, as a training leaves them. By Darknet's own API and the format of the
 * file (docs/formats.md).
 *
 *     thin CFG SHARE OUT.weights */
#include <darknet.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float pruned = 5; /* log_sigma2 where theta is 0: log_alpha is 5 - log(1e-8) */

static char *read_all(const char *path, long *n)
{
    FILE *fp = fopen(path, "rb");
    if (!fp) return 0;
    fseek(fp, 0, SEEK_END);
    *n = ftell(fp);
    rewind(fp);
    char *bytes = malloc(*n);
    if (fread(bytes, 1, *n, fp) != (size_t)*n) return 0;
    fclose(fp);
    return bytes;
}

int main(int argc, char **argv)
{
    if (argc < 4) return 1;
    double share = atof(argv[2]);
    gpu_index = -1;
    srand(7);
    network *net = load_network(argv[1], 0, 0);
    save_weights(net, argv[3]);
    long n;
    char *bytes = read_all(argv[3], &n);
    uint32_t entries;
    uint64_t offset;
    if (!bytes || memcmp(bytes + n - 16, "VDLS", 4) != 0) return 1;
    memcpy(&entries, bytes + n - 12, sizeof(entries));
    memcpy(&offset, bytes + n - 8, sizeof(offset));
    char *at = bytes + offset;
    for (uint32_t e = 0; e < entries; ++e) {
        int32_t head[2]; /* layer, count */
        memcpy(head, at, sizeof(head));
        float *log_sigma2 = (float *)(at + sizeof(head)), *weights = net->layers[head[0]].weights;
        for (int i = 0; i < head[1]; ++i) {
            if (rand() < share * RAND_MAX) continue;
            weights[i] = 0;
            log_sigma2[i] = pruned;
        }
        at += sizeof(head) + sizeof(float) * head[1];
    }
    save_weights(net, argv[3]); /* the new weights, and the trailer of before */
    FILE *fp = fopen(argv[3], "r+b");
    if (!fp || fseek(fp, (long)offset, SEEK_SET)) return 1;
    size_t written = fwrite(bytes + offset, 1, n - offset, fp);
    return fclose(fp) || written != n - offset;
}
