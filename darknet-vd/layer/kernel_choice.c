#include "layer/kernel_choice.h"
#include "layer/convolution_winograd.h"
#include "layer/layer_state.h"
#include "layer/pooled.h"
#include "layer/variance.h"
#include "layer/vd_layer.h"
#include "layer/window.h"
#include "kernels/choice.h"
#include "kernels/processor.h"
#include "kernels/products/convolve.h"
#include "kernels/products/convolve_plan.h"
#include "kernels/scratch.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *_Atomic reason; /* null: not chosen yet */

static const char *reason_now(void)
{
    if (!reason) reason = vd_kernels_asked() ? "DARKNET_KERNELS" : vd_reason_name(VD_BY_RULE);
    return reason;
}

void vd_kernel_choice_seeded(int seeded)
{
    const vd_kernels *asked = vd_kernels_asked();
    if (!vd_choice_seeded(seeded)) return;
    vd_kernels_use(asked ? asked : vd_kernels_by_rule());
    reason = 0;
}

/* ---- timing: the variational layers of a network, a run of images or a part of the units of each ---- */

enum { TABLES = VD_TYPES, UNITS = 32, PARTS = 10 /* of a batch, where there is no convolution */ };

typedef struct {
    const network *net;
    const vd_kernels *tables[TABLES];
    const char *names[TABLES];
    int n, images;                     /* tables; images of the longest run */
    size_t inputs, outputs, weights;   /* numbers of the arrays */
    float *x, *y, *w;                  /* zeros, for any layer */
    void *typed_x, *typed_y, *typed_w; /* in the type, or room for it */
} contest;

/* a layer whose time depends on the type of its variance; the network is in no training pass yet */
static int is_timed(layer l)
{
    const vd_layer *vd = vd_layer_of(l);
    if (!vd) return 0;
    network trained = *vd->net;
    trained.train = 1;
    return !vd_winograd_convolution_fits(l) || vd_pool_behind(trained, vd->index);
}

/* the convolution of a layer, or one of its groups; the plan by the rule */
static vd_convolution_plan plan_of(layer l)
{
    vd_window window = vd_window_of(l);
    window.c /= l.groups;
    vd_convolution_shape s = {window, l.n / l.groups, vd_variance_type(), 1};
    return l.groups > 1 ? vd_convolution_by_columns(s) : vd_convolution_plan_by_rule(s, l.batch);
}

static const void *packed(const contest *c, const vd_convolution_plan *p, vd_pass pass)
{
    size_t bytes = vd_convolution_weights_bytes(p, pass);
    return vd_convolution_weights(p, pass, c->typed_w, vd_scratch(VD_SCRATCH_SHARED, bytes / sizeof(float) + 1));
}

/* squares, the forward product and both gradients, as a training step does them */
static void run_convolution(const contest *c, layer l)
{
    vd_convolution_plan p = plan_of(l);
    size_t in = (size_t)l.inputs / l.groups * p.images, out = (size_t)l.outputs / l.groups * p.images;
    for (int b = 0; b < c->images * l.groups; b += p.images) {
        vd_variance_square(in, c->x, 1, c->typed_x);
        vd_convolve_forward(&p, c->typed_x, packed(c, &p, VD_FORWARD), 1, c->y);
        vd_variance_multiply(out, c->y, c->y, 1, c->typed_y);
        vd_convolve_backward_weights(&p, c->typed_x, c->typed_y, 1, c->w);
        vd_convolve_backward_data(&p, c->typed_y, packed(c, &p, VD_BACKWARD_DATA), 1, 1, c->x);
    }
}

/* so many that they stand for as much of the work of a step as the images of the convolutions */
static int units_of(const contest *c, layer l)
{
    int units = l.outputs * c->images / l.batch;
    units = units > UNITS ? units : UNITS;
    return units < l.outputs ? units : l.outputs;
}

static void run_connected(const contest *c, layer l)
{
    int in = l.inputs, units = units_of(c, l);
    vd_gemm_shape s = {.m = l.batch, .n = units, .k = in, .lda = in, .ldb = in, .ldc = units, .transpose_b = 1};
    vd_variance_square((size_t)l.batch * in * units / l.outputs, c->x, 1, c->typed_x);
    vd_variance_gemm(s, c->typed_x, c->typed_w, 1, c->y);
    vd_variance_multiply((size_t)l.batch * units, c->y, c->y, 1, c->typed_y);
    s = (vd_gemm_shape){.m = units, .n = in, .k = l.batch, .lda = units, .ldb = in, .ldc = in, .transpose_a = 1};
    vd_variance_gemm(s, c->typed_y, c->typed_x, 1, c->w);
    s = (vd_gemm_shape){.m = l.batch, .n = in, .k = units, .lda = units, .ldb = in, .ldc = in};
    vd_variance_gemm(s, c->typed_y, c->typed_w, 1, c->x);
}

static void run_table(int way, void *context)
{
    const contest *c = context;
    const vd_kernels *before = vd_kernels_get();
    vd_kernels_use(c->tables[way]);
    for (int i = 0; i < c->net->n; ++i) {
        layer l = c->net->layers[i];
        if (!is_timed(l)) continue;
        if (l.type == CONVOLUTIONAL) run_convolution(c, l);
        else run_connected(c, l);
    }
    vd_kernels_use(before);
}

/* the longest run with the table in use */
static int longest_run(const network *net)
{
    int longest = 0;
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (!is_timed(l) || l.type != CONVOLUTIONAL) continue;
        int images = plan_of(l).images;
        longest = images > longest ? images : longest;
    }
    return longest;
}

/* the fastest table of each type; returns the number of the one by rule */
static int find_tables(contest *c)
{
    int ruled = 0;
    const vd_kernels *before = vd_kernels_get();
    for (int type = 0; type < VD_TYPES; ++type) {
        const vd_kernels *table = vd_kernels_of_type((vd_type)type);
        if (!table) continue;
        if (table == vd_kernels_by_rule()) ruled = c->n;
        c->tables[c->n] = table;
        c->names[c->n++] = table->name;
        vd_kernels_use(table);
        int images = longest_run(c->net);
        if (images > c->images) c->images = images;
    }
    vd_kernels_use(before);
    if (!c->images) c->images = (c->net->batch + PARTS - 1) / PARTS;
    return ruled;
}

static void *zeros(size_t numbers)
{
    size_t bytes = (numbers * sizeof(float) + 63) / 64 * 64;
    void *p = aligned_alloc(64, bytes);
    if (!p) vd_die("out of memory: %zu bytes", bytes);
    return memset(p, 0, bytes);
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void make_arrays(contest *c)
{
    size_t x = 1, y = 1, w = 1;
    for (int i = 0; i < c->net->n; ++i) {
        layer l = c->net->layers[i];
        if (!is_timed(l)) continue;
        int is_connected = l.type == CONNECTED, images = is_connected ? l.batch : c->images;
        x = most(x, (size_t)l.inputs * images);
        y = most(y, (size_t)(is_connected ? units_of(c, l) : l.outputs) * images);
        w = most(w, is_connected ? (size_t)l.inputs * units_of(c, l) : vd_weights_of(l));
    }
    c->x = zeros(x), c->typed_x = zeros(x);
    c->y = zeros(y), c->typed_y = zeros(y);
    c->w = zeros(w), c->typed_w = zeros(w);
}

static void free_arrays(contest *c)
{
    void *all[] = {c->x, c->y, c->w, c->typed_x, c->typed_y, c->typed_w};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); ++i) free(all[i]);
}

/* "kernels/4/0123456789abcdef": layers that are timed, and a hash of their shapes; returns how many layers */
static int name_of(const network *net, size_t n, char *name)
{
    int layers = 0;
    uint64_t hash = VD_FNV64_START;
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (!is_timed(l)) continue;
        int32_t shape[] = {l.type, l.batch, l.c, l.h, l.w, l.out_c, l.out_h, l.out_w, l.size, l.stride, l.groups};
        int32_t more[] = {vd_down_of(l), l.dilation > 1 ? l.dilation : 0};
        hash = vd_fnv64(hash, shape, sizeof(shape));
        if (more[0] || more[1]) hash = vd_fnv64(hash, more, sizeof(more));
        ++layers;
    }
    snprintf(name, n, "kernels/%d/%016llx", layers, (unsigned long long)hash);
    return layers;
}

static void choose_for(void *context)
{
    vd_reason why;
    char what[80];
    contest c = {.net = context};
    int ruled = find_tables(&c);
    if (c.n > 1) make_arrays(&c);
    name_of(c.net, sizeof(what), what);
    vd_candidates ways = {what, c.n, c.names, ruled, 0, run_table, &c};
    vd_kernels_use(c.tables[vd_choose(&ways, &why)]);
    reason = vd_reason_name(c.n > 1 ? why : VD_BY_RULE);
    free_arrays(&c);
}

/* Once for the first network that is trained: another type while a second thread is within a step would mix the two. So
 * that thread waits here, too. */
void vd_kernel_choice_train(network *net)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static atomic_int chosen_in = -1; /* an era */
    int failed = 0;
    char what[80], *message;
    vd_choice_train();
    if (!vd_choice_is_timed() || chosen_in == vd_choice_era() || vd_kernels_asked()) return;
    if (!name_of(net, sizeof(what), what)) return;
    pthread_mutex_lock(&lock);
    if (chosen_in != vd_choice_era()) {
        chosen_in = vd_choice_era();
        failed = vd_fail_catch(choose_for, net, &message);
    }
    pthread_mutex_unlock(&lock);
    if (failed) vd_fail_again(message);
}

/* ---- checkpoints, report ---- */

char *vd_kernel_choice_text(void)
{
    char *ways = vd_choice_text();
    char *text = vd_format("processor %s\nkernels %s\n%s", vd_processor_name(), vd_kernels_get()->name, ways);
    free(ways);
    return text;
}

/* the lines behind the first two */
static const char *ways_in(const char *text)
{
    for (int i = 0; i < 2; ++i) {
        const char *end = strchr(text, '\n');
        text = end ? end + 1 : text + strlen(text);
    }
    return text;
}

void vd_kernel_choice_resume(const char *text, const char *path)
{
    if (!vd_choice_take(ways_in(text))) return;
    char *processor = vd_choice_given(text, "processor"), *name = vd_choice_given(text, "kernels");
    const vd_kernels *asked = vd_kernels_asked(), *then = name ? vd_kernels_named(name) : 0;
    const vd_kernels *now = asked ? asked : then ? then : vd_kernels_by_rule();
    vd_kernels_use(now);
    reason = asked ? "DARKNET_KERNELS" : vd_reason_name(then ? VD_GIVEN : VD_BY_RULE);
    if (name && strcmp(name, now->name) != 0)
        fprintf(stderr, "%s: trained with kernels %s, goes on with %s: the last bits of its weights may differ\n", path,
                name, now->name);
    else if (processor && strcmp(processor, vd_processor_name()) != 0)
        fprintf(stderr, "%s: of another processor (%s): the last bits of its weights may differ\n", path, processor);
    free(processor);
    free(name);
}

void vd_kernel_choice_print(FILE *fp)
{
    const vd_kernels *table = vd_kernels_get();
    fprintf(fp, "kernels %s, variance in %s (%s)", table->name, vd_type_name(vd_kernels_type(table)), reason_now());
}
