#include "layer/chunks.h"
#include "base/parallel.h"
#include "kernels/scratch.h"

#include <string.h>

enum { CHUNKS = 10, CHUNK_FLOATS = 1 << 25, PIECE = 8192 };

/* chunks of equal length where that leaves enough of them */
static int chunks_of(int runs, size_t per_chunk)
{
    int most = runs < CHUNKS ? runs : CHUNKS;
    while (most > 1 && per_chunk * (most - 1) > CHUNK_FLOATS) --most;
    int equal = most;
    while (runs % equal) --equal;
    return 2 * equal >= most ? equal : most;
}

vd_chunks vd_make_chunks(layer l, vd_product p, size_t n, int runs)
{
    vd_chunks c = {.l = l, .p = p, .n = n, .runs = runs, .per_chunk = (p.sigma2 ? 2 : 1) * n + l.n};
    c.chunks = chunks_of(runs, c.per_chunk);
    c.sums = vd_scratch(VD_SCRATCH_SUMS, (c.chunks - 1) * c.per_chunk);
    return c;
}

int vd_first_run(const vd_chunks *c, int chunk)
{
    return c->runs * chunk / c->chunks;
}

vd_chunk_sums vd_begin_chunk(const vd_chunks *c, int chunk)
{
    if (chunk == 0) return (vd_chunk_sums){c->p.d_theta, c->p.d_sigma2, c->l.bias_updates};
    float *sums = c->sums + (chunk - 1) * c->per_chunk;
    memset(sums, 0, c->per_chunk * sizeof(float));
    return (vd_chunk_sums){sums, sums + c->n, sums + c->per_chunk - c->l.n};
}

static void add_piece(int i, void *context)
{
    const vd_chunks *c = context;
    const vd_kernels *k = vd_kernels_get();
    size_t o = (size_t)i * PIECE, m = vd_piece_length(c->n, PIECE, i);
    for (int chunk = 1; chunk < c->chunks; ++chunk) {
        const float *sums = c->sums + (chunk - 1) * c->per_chunk;
        k->add(m, sums + o, c->p.d_theta + o);
        if (c->p.sigma2) k->add(m, sums + c->n + o, c->p.d_sigma2 + o);
    }
}

void vd_add_chunks(const vd_chunks *c)
{
    if (c->chunks > 1) vd_parallel_for(vd_pieces(c->n, PIECE), add_piece, (void *)c);
    for (int chunk = 1; chunk < c->chunks && !c->l.batch_normalize; ++chunk)
        vd_kernels_get()->add(c->l.n, c->sums + chunk * c->per_chunk - c->l.n, c->l.bias_updates);
}
