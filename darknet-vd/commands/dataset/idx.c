#include "commands/dataset/idx.h"

#include "base/fail.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

/* read up to n bytes; vd_die() on any error of zlib, a truncated gzip stream included (gzread returns the bytes it has,
 * and gzerror then reports Z_BUF_ERROR) */
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
        if (code == Z_BUF_ERROR) vd_die("%s: truncated gzip data", path);
        if (got == 0) break;
        done += (size_t)got;
    }
    return done;
}

static uint32_t big_endian(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

enum { MOST_DIMS = 3 };

static gzFile open_regular_file(const char *path, size_t *size)
{
    struct stat st;
    if (stat(path, &st)) vd_die("%s: cannot open: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode)) vd_die("%s: is a directory, not an IDX file", path);
    if (!S_ISREG(st.st_mode)) vd_die("%s: is not a regular file", path);
    gzFile file = gzopen(path, "rb");
    if (!file) vd_die("%s: cannot open: %s", path, strerror(errno));
    *size = (size_t)st.st_size;
    return file;
}

/* magic number and sizes; returns the bytes of data the header announces */
static size_t read_header(gzFile file, const char *path, int dims, size_t size[MOST_DIMS])
{
    unsigned char header[4 + 4 * MOST_DIMS];
    size_t rest = 4 * (size_t)dims, total = 1;
    if (read_bytes(file, path, header, 4) < 4) vd_die("%s: too short for an IDX file", path);
    uint32_t magic = big_endian(header), wanted = 0x800 | (uint32_t)dims;
    if (magic != wanted) {
        vd_die("%s: bad magic number 0x%08x, expected 0x%08x (%s)", path, magic, wanted,
               dims == 1 ? "labels" : "images");
    }
    if (read_bytes(file, path, header + 4, rest) < rest) vd_die("%s: truncated inside its header", path);
    for (int i = 0; i < dims; ++i) {
        size[i] = big_endian(header + 4 + 4 * i);
        if (!size[i]) vd_die("%s: contains %s", path, i ? "images of size 0" : dims == 1 ? "no labels" : "no images");
        if (__builtin_mul_overflow(total, size[i], &total))
            vd_die("%s: its header claims %zu x %zu x %zu bytes", path, size[0], size[1], size[2]);
    }
    return total;
}

/* the data, which the caller frees; file_size: bytes of the file, compressed or not */
static unsigned char *read_data(gzFile file, const char *path, size_t total, size_t file_size)
{
    static const size_t most = 1032; /* bytes of data that deflate makes one of */
    if (total / most > file_size)
        vd_die("%s: its header claims %zu bytes, but the file has %zu", path, total, file_size);
    unsigned char *bytes =
        malloc(total); /* not vd_calloc: the size is the file's claim, so the message names the file */
    if (!bytes) vd_die("%s: its header claims %zu bytes: out of memory", path, total);
    size_t got = read_bytes(file, path, bytes, total);
    if (got < total) vd_die("%s: truncated: %zu of %zu bytes of data", path, got, total);
    /* reading past the end is also what makes zlib check the CRC */
    unsigned char extra;
    if (read_bytes(file, path, &extra, 1)) vd_die("%s: trailing bytes after its %zu bytes of data", path, total);
    return bytes;
}

vd_idx vd_idx_read(const char *path, int dims)
{
    vd_idx idx = {{1, 1, 1}, 0};
    size_t file_size;
    gzFile file = open_regular_file(path, &file_size);
    size_t total = read_header(file, path, dims, idx.size);
    idx.bytes = read_data(file, path, total, file_size);
    gzclose_r(file);
    return idx;
}
