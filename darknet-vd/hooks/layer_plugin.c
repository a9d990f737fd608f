/* The hooks of layer_plugin.h that read a cfg and run a network. */
#include "hooks/layer_plugin.h"
#include "hooks/later.h"
#include "hooks/rules.h"
#include "hooks/variational.h"
#include "base/seed.h"
#include "base/text.h"
#include "kernels/products/gemm.h"
#include "config/command_needs.h"
#include "config/heads.h"
#include "config/keys.h"
#include "config/options.h"
#include "config/schema.h"
#include "config/shape.h"
#include "layer/kernel_choice.h"
#include "layer/delta.h"
#include "layer/nonfinite.h"
#include "layer/norm.h"
#include "layer/plain_layers.h"
#include "layer/pooled.h"
#include "layer/sources.h"
#include "layer/update.h"
#include "layer/yolo_head.h"
#include "ranks/ranks.h"
#include "training/checkpoint.h"
#include "training/nan_guard.h"
#include "training/same_start.h"
#include "training/silence.h"
#include "training/teacher.h"
#include "training/validation.h"

#include <time.h>
#include <unistd.h>

/* ---- a cfg is read ---- */

static uint64_t noise_seed;

/* without [net] seed=N every network gets noise of its own */
static uint64_t fresh_seed(void)
{
    static uint64_t count;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec + ((uint64_t)getpid() << 40) + ++count;
}

/* several ranks draw the same numbers: without a seed, those of one that rank 0 has drawn */
static uint64_t common_seed(void)
{
    static uint64_t seed; /* of the network that is trained; others are read later */
    if (seed) return seed;
    seed = fresh_seed() >> 1 | 1;
    vd_ranks_broadcast(&seed, sizeof(seed));
    fprintf(stderr, "no seed= in the cfg: the ranks draw from a seed of their own\n");
    return seed;
}

static void note_plain_products(void)
{
    static int noted;
    if (!noted && !vd_gemm_is_fast())
        fprintf(stderr, "built without oneDNN: matrix products by the project's own code\n");
    noted = 1;
}

void layer_plugin_data(const char *filename, list *options)
{
    vd_schema_check_data(filename, options);
    vd_same_start_data(filename, options);
    vd_validation_data(filename, options);
}

void layer_plugin_net(const char *filename, list *options, network *net)
{
    vd_section s = {filename, "[net]", -1, options};
    if (net->n < 1) vd_section_die(s, "no layers follow");
    note_plain_products();
    vd_schema_check(s, 0);
    vd_shape_check_net(s);
    vd_later_net(s, net);
    int trains = !vd_teacher_is_read(filename);
    if (trains) {
        vd_checkpoint_options(s);
        vd_nan_guard_options(s);
        vd_silence_options(s);
        vd_teacher_options(s);
    }
    net->cfg_file = vd_format("%s", filename);
    int given = vd_option_given(s, "seed");
    if (given || vd_ranks() > 1) {
        noise_seed = given ? (uint64_t)vd_key_integer(s, "seed") : common_seed();
        rand_seed(noise_seed);
    } else {
        noise_seed = fresh_seed();
        rand_unseed();
    }
    if (trains) vd_kernel_choice_seeded(rand_is_seeded());
}

/* of a section vd_schema_check() knows */
static vd_section_kind kind_of(const char *type)
{
    return vd_section_find(type)->kind;
}

char *layer_plugin_base(const char *filename, char *type, list *options, network *net, int index)
{
    vd_section s = {filename, type, index, options};
    vd_schema_check(s, net);
    vd_shape_check(s, net);
    vd_later_defaults(s);
    vd_section_kind kind = kind_of(type);
    const char *parser = vd_section_find(type)->parser;
    if (kind == VD_PLAIN) return parser ? (char *)parser : type;
    vd_command_needs_check_variational(s);
    vd_variational_check(s, kind);
    return (char *)vd_section_base(type);
}

int layer_plugin_make(const char *type, list *options, network *net, int index, layer *l)
{
    return vd_later_make((vd_section){net->cfg_file, type, index, options}, net, l);
}

void layer_plugin_attach(const char *filename, const char *type, layer *l, list *options, network *net, int index)
{
    vd_section s = {filename, type, index, options};
    vd_section_kind kind = kind_of(type);
    int is_last = index == net->n - 1;
    if (is_last) vd_heads_join(s, net, l);
    vd_later_attach(s, l);
    if (net->adam) vd_update_allocate_adam(l);
    if (kind == VD_PLAIN) vd_speed_up_layer(l);
    else if (kind == VD_COST) vd_variational_attach_cost(s, l, net);
    else vd_variational_attach(s, l, net, noise_seed);
    if (kind != VD_PLAIN) vd_schema_all_known(s);
    if (is_last) {
        net->layers[index] = *l; /* as the parser will, after this */
        vd_rules_end(net);
        vd_command_needs_check(net);
        vd_mark_pooled(net);
        *l = net->layers[index];
    }
}

/* ---- a network runs ---- */

int layer_plugin_clears_delta(const network *net, int i)
{
    return vd_delta_needs_zero(net, i);
}

int layer_plugin_gemm(int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
                      int ldb, float beta, float *c, int ldc)
{
    if (alpha != 1 || (beta != 0 && beta != 1) || m < 1 || n < 1 || k < 1) return 0;
    if (vd_kernels_get() == &vd_kernels_c) return 0;
    vd_gemm_threaded((vd_gemm_shape){m, n, k, lda, ldb, ldc, ta, tb, beta == 1}, a, b, c);
    return 1;
}

int layer_plugin_normalize(layer l, const float *mean, const float *variance)
{
    if (!l.epsilon_in_root) return 0;
    vd_normalize_output(l, mean, variance);
    return 1;
}

void layer_plugin_predicted(const network *net)
{
    vd_check_outputs(net);
}

int layer_plugin_ends_maps(const network *net, int i)
{
    return vd_ends_maps(net, i);
}

/* ---- objects in its outputs ---- */

void layer_plugin_yolo_box(layer l, const float *x, int n, int column, int row, int w, int h, detection *d)
{
    d->bbox = vd_yolo_box(l, x, n, column, row, w, h);
    d->beta_nms = vd_yolo_head_of(l)->beta_nms;
}

int layer_plugin_boxes_fit(layer l, detection *d, int n, int w, int h, int relative)
{
    const vd_yolo_head *head = vd_yolo_head_of(l);
    if (!head || !head->stretched) return 0;
    for (int i = 0; i < n && !relative; ++i)
        d[i].bbox = (box){d[i].bbox.x * w, d[i].bbox.y * h, d[i].bbox.w * w, d[i].bbox.h * h};
    return 1;
}

float layer_plugin_overlap(box a, box b, float beta)
{
    return vd_overlap_with_distance(a, b, beta);
}
