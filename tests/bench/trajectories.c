/* How the weights of a variational network moved: its weights files in the order in which a training wrote them.
 *
 *     trajectories CFG WEIGHTS...        a line of tab-separated cells for each file, after a heading
 *
 * The weights that are left in the last file, and those that are pruned there, apart: the medians of log alpha (before
 * the clip), |theta| and log sigma^2. And which share of all is pruned in this file, and which is 0 for good: frozen.
 */
#include "layer/vd_layer.h"
#include "base/fail.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOG_ALPHA, THETA, LOG_SIGMA2, MEASURES };

typedef struct {
    size_t n;
    float *of[MEASURES]; /* [n] */
    char *pruned;        /* [n] at test time */
    size_t zeros;        /* theta is exactly 0 */
} weights;

static weights make_weights(size_t n)
{
    weights w = {.n = n, .pruned = vd_calloc(n, 1)};
    for (int i = 0; i < MEASURES; ++i) w.of[i] = vd_calloc(n, sizeof(float));
    return w;
}

static void free_weights(weights w)
{
    for (int i = 0; i < MEASURES; ++i) free(w.of[i]);
    free(w.pruned);
}

static weights weights_of(const network *net)
{
    size_t all = 0, at = 0;
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) all += vd_layer_of(net->layers[i])->n;
    weights w = make_weights(all);
    for (int i = 0; i < net->n; ++i) {
        const vd_layer *vd = vd_layer_of(net->layers[i]);
        for (size_t k = 0; vd && k < vd->n; ++k, ++at) {
            float theta = net->layers[i].weights[k], log_alpha = vd->log_sigma2[k] - logf(theta * theta + VD_THETA_EPS);
            w.of[LOG_ALPHA][at] = log_alpha;
            w.of[THETA][at] = fabsf(theta);
            w.of[LOG_SIGMA2][at] = vd->log_sigma2[k];
            w.pruned[at] = log_alpha >= vd->threshold;
            w.zeros += theta == 0;
        }
    }
    return w;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* of the weights that are pruned, or not, in the last file */
static float median(const float *x, const weights *last, int pruned)
{
    float *some = vd_calloc(last->n, sizeof(float));
    size_t n = 0;
    for (size_t k = 0; k < last->n; ++k)
        if (last->pruned[k] == pruned) some[n++] = x[k];
    qsort(some, n, sizeof(float), by_value);
    float middle = n ? some[n / 2] : NAN;
    free(some);
    return middle;
}

static void print_line(long batch, const weights *w, const weights *last)
{
    size_t pruned = 0;
    for (size_t k = 0; k < w->n; ++k) pruned += w->pruned[k];
    printf("%ld\t%.6f\t%.6f", batch, (double)pruned / w->n, (double)w->zeros / w->n);
    for (int left = 1; left >= 0; --left)
        for (int i = 0; i < MEASURES; ++i) printf("\t%.6g", median(w->of[i], last, !left));
    printf("\n");
}

int main(int argc, char **argv)
{
    if (argc < 3) vd_die("usage: %s CFG WEIGHTS...", argv[0]);
    network *net = parse_network_cfg(argv[1]);
    load_weights(net, argv[argc - 1]);
    weights last = weights_of(net);
    printf("batch\tpruned\tzero\tleft: log alpha\tleft: |theta|\tleft: log sigma2\tpruned: log alpha\tpruned: |theta|\t"
           "pruned: log sigma2\n");
    for (int i = 2; i < argc; ++i) {
        load_weights(net, argv[i]);
        weights w = weights_of(net);
        print_line((long)(*net->seen / ((size_t)net->batch * net->subdivisions)), &w, &last);
        free_weights(w);
    }
    free_weights(last);
    free_network(net);
    return 0;
}
