/* any bytes as an IDX file, plain or gzip, of labels and of images */
#include "commands/dataset/idx.h"
#include "fuzz/fuzz.h"
#include "base/text.h"

#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

void fuzz_begin(void)
{
}

void fuzz_one(const uint8_t *data, size_t n)
{
    if (!n) return;
    vd_idx idx = vd_idx_read(fuzz_file(data + 1, n - 1), *data == 'l' ? 1 : 3);
    unsigned sum = 0;
    for (size_t i = 0; i < idx.size[0] * idx.size[1] * idx.size[2]; ++i) sum += idx.bytes[i];
    if (sum == 1) puts("");
    free(idx.bytes);
}

void fuzz_seeds(void)
{
    static const char labels[] = "l\0\0\x08\x01\0\0\0\x03\x05\x06\x07";
    static const char images[] = "i\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x01\x01\x02\x03\x04";
    fuzz_seed("labels", labels, sizeof(labels) - 1);
    fuzz_seed("images", images, sizeof(images) - 1);
    char *path = vd_format("%s/made.gz", getenv("SEEDS"));
    FILE *fp = fopen(path, "wb");
    fputc('i', fp);
    fflush(fp);
    gzFile out = gzdopen(dup(fileno(fp)), "ab");
    gzwrite(out, images + 1, sizeof(images) - 2);
    gzclose(out);
    fclose(fp);
    fuzz_seed_file("gzip", path, 0);
    free(path);
}
