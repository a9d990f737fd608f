#include "weights/vdw.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"
#include "layer/vd_layer.h"
#include "weights/grid.h"
#include "weights/parts.h"
#include "weights/simplify.h"
#include "weights/values.h"
#include "weights/vdw_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- a network to a file ----------------------------------------------------------------------------------------- */

/* result is null: *size alone is wanted */
static char *pack(const network *net, vd_pack_format format, double rate, vd_packed *result, size_t *size)
{
    vd_parts own = vd_parts_of_network(net), values = vd_parts_like(own);
    vd_part_code *codes = vd_calloc(own.n, sizeof(*codes));
    char *fault = vd_make_values(net, values, format, rate, codes);
    if (!fault && result) *result = vd_pack_values(net, values, format, codes, &fault);
    else if (!fault) *size = vd_size_of_values(net, values, format, codes, &fault);
    free(codes);
    vd_parts_free(values);
    free(own.part);
    return fault;
}

vd_packed vd_pack_network(const network *net, vd_pack_format format, char **fault)
{
    vd_packed p = {0};
    *fault = pack(net, format, 0, &p, 0);
    return p;
}

vd_packed vd_pack_network_at_rate(const network *net, double rate, char **fault)
{
    vd_packed p = {0};
    *fault = pack(net, VD_PACK_INT8, rate, &p, 0);
    return p;
}

static size_t size_of(const network *net, vd_pack_format format, double rate)
{
    size_t n = 0;
    free(pack(net, format, rate, 0, &n));
    return n;
}

size_t vd_packed_size(const network *net)
{
    return size_of(net, VD_PACK_FP32, 0);
}

size_t vd_packed_size_at_rate(const network *net, double rate)
{
    return size_of(net, VD_PACK_INT8, rate);
}

static size_t size_at_rate(void *context, double rate)
{
    return vd_packed_size_at_rate(context, rate);
}

double vd_pack_rate_of_bytes(const network *net, size_t bytes, char **fault)
{
    double rate = vd_smallest_rate(-8, bytes, size_at_rate, (void *)net);
    size_t n = 0;
    *fault = pack(net, VD_PACK_INT8, rate, 0, &n);
    return !*fault && n <= bytes ? rate : 0;
}

void vd_packed_free(vd_packed *p)
{
    vd_bytes_free(&p->file);
    free(p->lines);
    *p = (vd_packed){0};
}

/* ---- a file to a network ----------------------------------------------------------------------------------------- */

/* of a file at its start, which it is left at; -1: it is not packed */
static int version_of(FILE *fp)
{
    uint8_t first[VD_PACKED_START];
    size_t n = fread(first, 1, sizeof(first), fp);
    rewind(fp);
    return vd_packed_version(first, n);
}

int vd_pack_is_later(FILE *fp)
{
    return version_of(fp) == VD_PACKED_LATER;
}

/* log_sigma2 = log_alpha + log(theta^2 + eps), with the smallest log_alpha there is for a weight that is left, and the
 * largest for one that is 0 */
static void set_log_sigma2(layer l)
{
    vd_layer *vd = vd_layer_of(l);
    for (size_t i = 0; i < vd->n; ++i) {
        double theta = l.weights[i], log_alpha = theta != 0 ? -VD_LOG_ALPHA_LIMIT : VD_LOG_ALPHA_LIMIT;
        vd->log_sigma2[i] = (float)(log(theta * theta + VD_THETA_EPS) + log_alpha);
    }
    vd_layer_changed(l);
}

/* integers are packed with rows in another order: their neighbours must come out of the same file */
static char *check_kept(const network *net, vd_parts own)
{
    char *chained = vd_parts_chained(net, own), *fault = 0;
    for (int i = 0; i < own.n && !fault; ++i)
        if (net->layers[own.part[i].layer].dontload && (chained[i] || (i && chained[i - 1])))
            fault = vd_format("layer %d has dontload=1, but the file has the units around it in another order",
                              own.part[i].layer);
    free(chained);
    return fault;
}

char *vd_unpack_network(network *net, const uint8_t *bytes, size_t n)
{
    vd_parts own = vd_parts_of_network(net), unpacked = vd_parts_like(own);
    size_t seen = 0;
    vd_pack_format format = VD_PACK_DENSE;
    char *fault = vd_unpack_values(net, unpacked, &seen, &format, bytes, n);
    if (!fault && format == VD_PACK_INT8) fault = check_kept(net, own);
    for (int i = 0; !fault && i < own.n; ++i) {
        layer l = net->layers[own.part[i].layer];
        if (l.dontload) continue;
        vd_part_copy(own.part[i], unpacked.part[i]);
        if (own.part[i].variational) set_log_sigma2(l);
    }
    if (!fault) *net->seen = seen;
    vd_parts_free(unpacked);
    free(own.part);
    return fault;
}

int vd_pack_load(network *net, const char *filename, FILE *fp, int start, int cutoff)
{
    size_t n;
    free(net->packed_from);
    net->packed_from = 0;
    if (version_of(fp) < 0) return 0;
    unsigned char *bytes = vd_input_rest(fp, &n);
    char *fault = ferror(fp) ? vd_format("cannot be read: %s", strerror(errno)) : 0;
    if (!fault && (start > 0 || cutoff < net->n))
        fault = vd_format("is packed and can only be loaded completely, not layers %d to %d", start, cutoff - 1);
    if (!fault) fault = vd_unpack_network(net, bytes, n);
    if (fault)
        vd_die("\n%s: %s", filename, fault); /* Darknet has printed "Loading weights from ..." without a newline */
    free(bytes);
    net->packed_from = vd_format("%s", filename);
    return 1;
}
