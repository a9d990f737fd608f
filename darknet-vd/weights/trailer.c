#include "weights/trailer.h"
#include "layer/nonfinite.h"
#include "base/fail.h"
#include "base/text.h"
#include "layer/vd_layer.h"
#include "weights/parts.h"

#include "network.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "stock .weights files and the trailer are little-endian");

/* A file and its trailer:
 *
 *     0                                               file->end                      size of the file
 *     | header | layer 0 | layer 1 | ... | layer last | entry | entry | ... | footer |
 *
 * Without a trailer file->end is the size. A load by load_weights_upto(), step by step. What is read of the layers must
 * be in front of file->end:
 *
 *     step                      reads                                        file->last
 *     vd_weights_load_begin     all but the values, which is checked         -1
 *     Darknet                   the header                                   -1
 *     for each layer of start .. cutoff - 1 without dontload
 *       vd_weights_load_next    nothing; where fp is at file->end, returns   the layer; where it returns 0, as before
 *                               0: the loop ends
 *       vd_weights_load_numbers what Darknet does not know of the layer
 *       Darknet                 the layer
 *     vd_weights_load_end       the trailer
 *
 * So file->last is the layer in which a file that is too short ends, and after the loop the last one that has been
 * read. Each step may end the load, where vd_on_die() has a callback by longjmp(): file holds nothing to be freed. */

static const char magic[4] = "VDLS";

typedef struct {
    char magic[4];
    uint32_t entries;
    uint64_t offset;
} footer;

_Static_assert(sizeof(footer) == 16, "the footer is 16 bytes");

typedef struct {
    int32_t index, count;
} entry;

/* ---- saving ------------------------------------------------------------------------------------------------------ */

void vd_weights_save(const network *net, FILE *fp, int cutoff)
{
    footer f = {.offset = (uint64_t)ftell(fp)};
    memcpy(f.magic, magic, sizeof(magic));
    for (int i = 0; i < net->n && i < cutoff; ++i) {
        const vd_layer *vd = vd_layer_of(net->layers[i]);
        if (!vd || net->layers[i].dontsave) continue;
        entry e = {i, (int32_t)vd->n};
        fwrite(&e, sizeof(e), 1, fp);
        fwrite(vd->log_sigma2, sizeof(float), vd->n, fp);
        ++f.entries;
    }
    if (f.entries) fwrite(&f, sizeof(f), 1, fp);
}

/* ---- the whole file is checked ----------------------------------------------------------------------------------- */

/* end the program; Darknet has printed "Loading weights from ..." without a newline */
__attribute__((format(printf, 2, 3), noreturn)) static void bad_file(const vd_weights_file *file, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = vd_vformat(fmt, args);
    va_end(args);
    fputc('\n', stderr);
    vd_die("%s: %s", file->name, message);
}

static void read_exactly(const vd_weights_file *file, void *data, size_t bytes)
{
    if (fread(data, 1, bytes, file->fp) == bytes) return;
    bad_file(file, "cannot be read: %s", ferror(file->fp) ? strerror(errno) : "unexpected end of file");
}

/* In stock Darknet's load_weights_upto() the images seen have 64 bits from version 0.2 on. With numbers from 1000 on
 * they have 32 again; those mark transposed matrices. Larger ones than MOST_VERSION are of no Darknet */
enum { WITH_LONG_SEEN = 2, TRANSPOSED = 1000, MOST_VERSION = 2000 };

static void check_header(const vd_weights_file *file, long size)
{
    int32_t version[3];
    struct stat st;
    if (!fstat(fileno(file->fp), &st) && !S_ISREG(st.st_mode))
        bad_file(file, "not a regular file: its end cannot be read first");
    if (size < (long)(sizeof(version) + sizeof(int32_t)))
        bad_file(file, "%ld bytes are too few for a weights file", size);
    read_exactly(file, version, sizeof(version));
    int known = version[0] >= 0 && version[0] <= MOST_VERSION && version[1] >= 0 && version[1] <= MOST_VERSION &&
                version[2] >= 0;
    if (!known) bad_file(file, "not a Darknet weights file (version %d.%d.%d)", version[0], version[1], version[2]);
    int long_seen =
        version[0] * 10 + version[1] >= WITH_LONG_SEEN && version[0] < TRANSPOSED && version[1] < TRANSPOSED;
    if (size < (long)(sizeof(version) + (long_seen ? sizeof(uint64_t) : sizeof(int32_t))))
        bad_file(file, "%ld bytes are too few for a weights file", size);
}

/* the entries, followed from the offset to the footer, fit exactly */
static void check_trailer(const vd_weights_file *file, footer f, long size)
{
    long at = (long)f.offset, end = size - (long)sizeof(footer);
    if (f.offset < 16 || f.offset > (uint64_t)end)
        bad_file(file, "VDLS trailer at byte %llu: not possible in a file of %ld bytes", (unsigned long long)f.offset,
                 size);
    for (uint32_t i = 0; i < f.entries; ++i) {
        entry e;
        if (end - at < (long)sizeof(e)) bad_file(file, "VDLS trailer ends before entry %u of %u", i + 1, f.entries);
        fseek(file->fp, at, SEEK_SET);
        read_exactly(file, &e, sizeof(e));
        at += sizeof(e);
        if (e.count < 0 || e.count > (end - at) / (long)sizeof(float))
            bad_file(file, "VDLS entry %u of %u (layer %d) has %d values, but the trailer has room for %ld", i + 1,
                     f.entries, e.index, e.count, (end - at) / (long)sizeof(float));
        at += e.count * (long)sizeof(float);
    }
    if (at != end) bad_file(file, "VDLS trailer: after %u entries, %ld bytes are left", f.entries, end - at);
}

void vd_weights_load_begin(vd_weights_file *file, const char *name, FILE *fp)
{
    struct stat status;
    footer f;
    *file = (vd_weights_file){.name = name, .fp = fp, .last = -1};
    if (fstat(fileno(fp), &status)) bad_file(file, "%s", strerror(errno));
    if (S_ISDIR(status.st_mode)) bad_file(file, "is a directory");
    file->end = (long)status.st_size;
    check_header(file, file->end);
    if (file->end >= (long)sizeof(f)) {
        fseek(fp, -(long)sizeof(f), SEEK_END);
        read_exactly(file, &f, sizeof(f));
        if (!memcmp(f.magic, magic, sizeof(magic))) {
            check_trailer(file, f, file->end);
            file->end = (long)f.offset;
            file->entries = f.entries;
        }
    }
    rewind(fp);
}

/* ---- layer by layer ---------------------------------------------------------------------------------------------- */

/* what was read is all in front of file->end */
static void check_position(const vd_weights_file *file, const network *net)
{
    if (ferror(file->fp)) bad_file(file, "cannot be read: %s", strerror(errno));
    if (!feof(file->fp) && ftell(file->fp) <= file->end) return;
    bad_file(file, "ends inside layer %d (%s): truncated, or weights of another network", file->last,
             file->last < 0 ? "header" : get_layer_string(net->layers[file->last].type));
}

/* a file may end after any layer: `darknet partial` writes such files */
int vd_weights_load_next(vd_weights_file *file, const network *net, int index)
{
    check_position(file, net);
    if (ftell(file->fp) == file->end) return 0;
    file->last = index;
    return 1;
}

void vd_weights_load_numbers(const vd_weights_file *file, const network *net, float *at, size_t n)
{
    if (n && fread(at, sizeof(float), n, file->fp) != n) check_position(file, net);
}

/* ---- the end of the weights -------------------------------------------------------------------------------------- */

/* 1 when the weights of layer i, where it has any, are those of the file */
static int was_read(const vd_weights_file *file, const network *net, int start, int i)
{
    return start <= i && i <= file->last && !net->layers[i].dontload;
}

/* the weights that were read */
static void check_finite(const vd_weights_file *file, const network *net, int start)
{
    vd_parts parts = vd_parts_of_network(net);
    for (int i = 0; i < parts.n; ++i) {
        char *fault = was_read(file, net, start, parts.part[i].layer) ? vd_part_fault(parts.part[i]) : 0;
        if (fault) bad_file(file, "%s", fault);
    }
    free(parts.part);
}

/* report that the file ends before the last layer with weights */
static void say_where_it_ends(const vd_weights_file *file, const network *net, int cutoff)
{
    vd_parts parts = vd_parts_of_network(net);
    int missing = 0;
    for (int i = 0; i < parts.n; ++i) {
        int layer = parts.part[i].layer;
        missing |= layer > file->last && layer < cutoff && !net->layers[layer].dontload;
    }
    free(parts.part);
    if (missing && file->last < 0) fprintf(stderr, "(no weights: all layers keep their initial ones) ");
    else if (missing)
        fprintf(stderr, "(weights of layers 0 to %d of %d: the others keep their initial ones) ", file->last,
                net->n - 1);
}

/* where the last layer with weights has dontload=1, the file may have any for it */
static int may_go_on(const network *net)
{
    vd_parts parts = vd_parts_of_network(net);
    int may = parts.n && net->layers[parts.part[parts.n - 1].layer].dontload;
    free(parts.part);
    return may;
}

/* 1 where the bytes left are as many as the layers with dontload=1 take, one of them before a layer that was loaded:
 * the file has all layers, and that one's weights went into those behind it */
static int has_what_is_left_out(const network *net, long left)
{
    vd_parts parts = vd_parts_of_network(net);
    size_t floats = 0;
    int before = 0, shifted = 0;
    for (int i = 0; i < parts.n; ++i) {
        int stays = net->layers[parts.part[i].layer].dontload;
        before |= stays;
        shifted |= before && !stays;
        floats += stays ? vd_part_floats(parts.part[i]) : 0;
    }
    free(parts.part);
    return shifted && (size_t)left == floats * sizeof(float);
}

static void check_end(const vd_weights_file *file, const network *net)
{
    const char *reason = "weights of another network, or truncated inside the VDLS trailer";
    long left = file->end - ftell(file->fp);
    if (left <= 0 || (may_go_on(net) && !has_what_is_left_out(net, left))) return;
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (l.dontload || l.numload || l.dontloadscales)
            reason = "it has weights that by dontload, dontloadscales or numload of the cfg it should not have";
    }
    bad_file(file, "%ld bytes are left after the last layer: %s", left, reason);
}

/* ---- the trailer ------------------------------------------------------------------------------------------------- */

/* values of a variational layer's entry; with numload, those of its first filters only */
static size_t expected_count(layer l, const vd_layer *vd)
{
    return l.type == CONVOLUTIONAL && l.numload ? vd->n / l.n * l.numload : vd->n;
}

/* flipped=1: the stock loader has transposed the weights from [c size size][n] to [n][c size size] */
static void turn_like_weights(layer l, float *log_sigma2)
{
    int rows = l.c * l.size * l.size, columns = l.numload ? l.numload : l.n;
    size_t n = (size_t)rows * columns;
    float *turned = vd_calloc(n, sizeof(float));
    for (int row = 0; row < rows; ++row)
        for (int column = 0; column < columns; ++column)
            turned[(size_t)column * rows + row] = log_sigma2[(size_t)row * columns + column];
    memcpy(log_sigma2, turned, n * sizeof(float));
    free(turned);
}

static void load_entry(const vd_weights_file *file, const network *net, int start, int cutoff, char *loaded)
{
    entry e;
    read_exactly(file, &e, sizeof(e));
    long next = ftell(file->fp) + e.count * (long)sizeof(float);
    if (e.index < 0 || (e.index >= net->n && cutoff >= net->n))
        bad_file(file, "VDLS entry for layer %d, but the network has layers 0 to %d", e.index, net->n - 1);
    if (e.index >= start && e.index < cutoff && e.index < net->n && !net->layers[e.index].dontload) {
        layer l = net->layers[e.index];
        vd_layer *vd = vd_layer_of(l);
        if (!vd) {
            fprintf(stderr, "(layer %d is not variational here: its log_sigma2 is ignored) ", e.index);
        } else {
            if (loaded[e.index]) bad_file(file, "VDLS has two entries for layer %d", e.index);
            if ((size_t)e.count != expected_count(l, vd))
                bad_file(file, "VDLS entry for layer %d has %d values, but the layer has %zu weights", e.index, e.count,
                         expected_count(l, vd));
            read_exactly(file, vd->log_sigma2, e.count * sizeof(float));
            size_t bad = vd_first_not_finite((size_t)e.count, vd->log_sigma2);
            if (bad < (size_t)e.count) bad_file(file, "layer %d: log_sigma2[%zu] is not finite", e.index, bad);
            if (l.type == CONVOLUTIONAL && l.flipped) turn_like_weights(l, vd->log_sigma2);
            loaded[e.index] = 1;
        }
    }
    fseek(file->fp, next, SEEK_SET);
}

/* report the initial log_sigma2 of layers that the file has none for */
static void say_what_is_missing(const vd_weights_file *file, int relative, int kept)
{
    if (!file->entries) fprintf(stderr, "(a plain weights file: ");
    else if (relative + kept) fprintf(stderr, "(no log_sigma2 for %d layers: ", relative + kept);
    else return;
    if (relative && kept)
        fprintf(stderr, "log_sigma2 starts at log_alpha in %d layers, and keeps its initial value in %d) ", relative,
                kept);
    else if (relative) fprintf(stderr, "log_sigma2 starts at log_alpha) ");
    else if (!file->entries) fprintf(stderr, "log_sigma2 keeps its initial value) ");
    else fprintf(stderr, "they keep their initial value) ");
}

/* the trailer's entries, and log_sigma2 of the layers that have none; returns 1 where the file has no trailer */
static int load_log_sigma2(const vd_weights_file *file, const network *net, int start, int cutoff)
{
    int kept = 0, relative = 0;
    char *loaded = vd_calloc(net->n, 1);
    fseek(file->fp, file->end, SEEK_SET);
    for (uint32_t i = 0; i < file->entries; ++i) load_entry(file, net, start, cutoff, loaded);
    for (int i = start; i < net->n && i < cutoff; ++i) {
        layer l = net->layers[i];
        vd_layer *vd = vd_layer_of(l);
        if (!vd) continue;
        vd_layer_changed(l);
        if (loaded[i]) continue;
        if (!vd->relative || !was_read(file, net, start, i)) {
            ++kept;
            continue;
        }
        vd_layer_start_relative(l, expected_count(l, vd));
        ++relative;
    }
    free(loaded);
    say_what_is_missing(file, relative, kept);
    return !file->entries;
}

int vd_weights_load_end(const vd_weights_file *file, const network *net, int start, int cutoff)
{
    check_position(file, net);
    if (start == 0 && cutoff >= net->n) check_end(file, net);
    check_finite(file, net, start);
    say_where_it_ends(file, net, cutoff);
    return vd_variational_layers(net) && load_log_sigma2(file, net, start, cutoff);
}
