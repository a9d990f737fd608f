#include "layer/fine_tune.h"
#include "layer/freeze_pruned.h"
#include "layer/posterior.h"
#include "layer/update.h"
#include "layer/vd_update.h"
#include "base/parallel.h"

typedef struct {
    const vd_kernels *k;
    vd_parameters p;
    vd_step step;
    const float *masked;
    float threshold;
} job;

/* keep unpruned weights unpruned: lower log_sigma2 as a weight crosses zero */
static void keep_unpruned(const job *j, size_t o, size_t n)
{
    float log_alpha[VD_BLOCK], threshold = j->threshold;
    const float *theta = j->p.theta + o;
    j->k->log_alpha(n, theta, j->p.log_sigma2 + o, log_alpha);
    for (size_t i = 0; i < n; ++i)
        if (log_alpha[i] >= threshold && j->masked[o + i] != 0)
            j->p.log_sigma2[o + i] = vd_log_sigma2_under(threshold, theta[i]);
}

static void fine_tune_piece(int i, void *context)
{
    const job *j = context;
    vd_parameters p = j->p;
    size_t first = (size_t)i * VD_PIECE, end = first + vd_piece_length(p.n, VD_PIECE, i);
    for (size_t o = first; o < end; o += VD_BLOCK) {
        size_t n = end - o < VD_BLOCK ? end - o : VD_BLOCK;
        for (size_t k = o; k < o + n; ++k) {
            if (j->masked[k] != 0) continue;
            p.theta[k] = p.d_theta[k] = 0;
            if (p.theta_m) p.theta_m[k] = 0;
        }
        vd_update(j->step, n, p.theta + o, p.d_theta + o, vd_element(p.theta_m, o), vd_element(p.theta_v, o));
        keep_unpruned(j, o, n);
    }
}

void vd_fine_tune(layer l, update_args a)
{
    vd_layer *vd = l.plugin;
    vd_leave_active(l);
    vd_allocate_velocity(vd, a);
    job j = {.k = vd_kernels_get(),
             .p = vd_all_parameters(l),
             .step = vd_step_of(l, a),
             .masked = vd_masked(l),
             .threshold = vd->threshold};
    vd_parallel_for(vd_pieces(vd->n, VD_PIECE), fine_tune_piece, &j);
    vd_update_biases(l, a);
    vd->variance.kl = 0;
    vd->gradients.went_backward = 0;
    vd_forget_derived(l);
}
