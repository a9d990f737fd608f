#include "commands/dataset/idx.h"

#include "base/fail.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

/* up to n bytes into data; vd_die() on what zlib calls an error, a gzip stream cut short included
 * (gzread gives the bytes before the cut and leaves Z_BUF_ERROR behind) */
static size_t read_bytes(gzFile file, const char *path, unsigned char *data, size_t n)
{
    size_t done = 0;
    while (done < n) {
        unsigned part = n - done > INT_MAX ? INT_MAX : (unsigned)(n - done);
        int got = gzread(file, data + done, part);
        int code;
        const char *why = gzerror(file, &code);
        if (got < 0 && code == Z_ERRNO) vd_die("%s: cannot read: %s", path, strerror(errno));
        if (got < 0) vd_die("%s: damaged gzip data: %s", path, why);
        if (code == Z_BUF_ERROR) vd_die("%s: gzip data cut short", path);
        if (got == 0) break;
        done += (size_t)got;
    }
    return done;
}

static uint32_t big_endian(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

vd_idx vd_idx_read(const char *path, int dims)
{
    struct stat st;
    if (stat(path, &st)) vd_die("%s: cannot open: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode)) vd_die("%s: is a directory, not an IDX file", path);
    if (!S_ISREG(st.st_mode)) vd_die("%s: is not a regular file", path);
    gzFile file = gzopen(path, "rb");
    if (!file) vd_die("%s: cannot open: %s", path, strerror(errno));

    unsigned char header[4 + 4 * 3];
    size_t header_size = 4 + 4 * (size_t)dims;
    if (read_bytes(file, path, header, 4) < 4) vd_die("%s: too short for an IDX file", path);
    uint32_t magic = big_endian(header), wanted = 0x800 | (uint32_t)dims;
    if (magic != wanted) {
        vd_die("%s: bad magic number 0x%08x, 0x%08x (%s) is needed", path, magic, wanted,
               dims == 1 ? "labels" : "images");
    }
    if (read_bytes(file, path, header + 4, header_size - 4) < header_size - 4) {
        vd_die("%s: truncated inside its header", path);
    }

    vd_idx idx = {{1, 1, 1}, 0};
    size_t total = 1;
    for (int i = 0; i < dims; ++i) {
        idx.size[i] = big_endian(header + 4 + 4 * i);
        if (!idx.size[i]) vd_die("%s: holds %s", path, i ? "images of no size" : dims == 1 ? "no labels" : "no images");
        if (__builtin_mul_overflow(total, idx.size[i], &total)) {
            vd_die("%s: its header announces %zu x %zu x %zu bytes", path, idx.size[0], idx.size[1], idx.size[2]);
        }
    }

    static const size_t most = 1032; /* bytes of data that deflate makes one of */
    if (total / most > (size_t)st.st_size)
        vd_die("%s: its header announces %zu bytes, the file has %lld", path, total, (long long)st.st_size);
    idx.bytes = malloc(total); /* not vd_calloc: the size is the file's claim, so the message names the file */
    if (!idx.bytes) vd_die("%s: its header announces %zu bytes: out of memory", path, total);
    size_t got = read_bytes(file, path, idx.bytes, total);
    if (got < total) vd_die("%s: truncated: %zu of %zu bytes of data", path, got, total);
    /* reading past the end is also what makes zlib check the CRC */
    unsigned char extra;
    if (read_bytes(file, path, &extra, 1)) vd_die("%s: trailing bytes after its %zu bytes of data", path, total);
    gzclose_r(file);
    return idx;
}
