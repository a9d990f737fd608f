#include "layer/kernel_choice.h"
#include "layer/variance.h"
#include "kernels/choice.h"
#include "kernels/processor.h"
#include "kernels/products/convolve.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *reason; /* null: not chosen yet */

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

/* ---- timing: the second convolution and the first connected layer of LeNet-5, for a few images ---- */

enum { IMAGES = 4, TABLES = VD_TYPES, UNITS = 32 };

static const vd_convolution_shape convolution = {{20, 12, 12, 5, 1, 0, 8, 8}, 50, VD_FLOAT, 1};
static const vd_gemm_shape connected = {
    .m = 100, .n = UNITS, .k = 800, .lda = 800, .ldb = 800, .ldc = UNITS, .transpose_b = 1};

typedef struct {
    const vd_kernels *tables[TABLES];
    const char *names[TABLES];
    int n;
    float *x, *w, *y;                  /* zeros */
    void *typed_x, *typed_w, *typed_y; /* in the type, or room for it */
    void *packed;
} contest;

enum {
    INPUTS = 20 * 12 * 12, /* of an image; the connected layer's are fewer in all */
    OUTPUTS = 50 * 8 * 8,
    WEIGHTS = 50 * 20 * 5 * 5 + UNITS * 800,
    IMAGE_NUMBERS = 100 * 800
};

/* squares, the forward product and both gradients, as a training step does them */
static void run_convolution(const contest *c)
{
    vd_convolution_shape s = convolution;
    s.type = vd_variance_type();
    vd_convolution_plan p = vd_convolution_plan_by_rule(s, IMAGES);
    for (int b = 0; b < IMAGES; b += p.images) {
        vd_variance_square((size_t)INPUTS * p.images, c->x, 1, c->typed_x);
        const void *w = vd_convolution_weights(&p, VD_FORWARD, c->typed_w, c->packed);
        vd_convolve_forward(&p, c->typed_x, w, 1, c->y);
        vd_variance_multiply((size_t)OUTPUTS * p.images, c->y, c->y, 1, c->typed_y);
        vd_convolve_backward_weights(&p, c->typed_x, c->typed_y, 1, c->w);
        w = vd_convolution_weights(&p, VD_BACKWARD_DATA, c->typed_w, c->packed);
        vd_convolve_backward_data(&p, c->typed_y, w, 1, 1, c->x);
    }
}

static void run_connected(const contest *c)
{
    vd_variance_square(connected.m * (size_t)connected.k, c->x, 1, c->typed_x);
    vd_variance_gemm(connected, c->typed_x, c->typed_w, 1, c->y);
}

static void run_table(int way, void *context)
{
    const contest *c = context;
    const vd_kernels *before = vd_kernels_get();
    vd_kernels_use(c->tables[way]);
    run_convolution(c);
    run_connected(c);
    vd_kernels_use(before);
}

static void *zeros(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!p) vd_die("out of memory: %zu bytes", bytes);
    return memset(p, 0, bytes);
}

static void make_arrays(contest *c)
{
    size_t x = sizeof(float) * (INPUTS * IMAGES > IMAGE_NUMBERS ? INPUTS * IMAGES : IMAGE_NUMBERS);
    size_t y = sizeof(float) * OUTPUTS * IMAGES, w = sizeof(float) * WEIGHTS;
    c->x = zeros(x), c->typed_x = zeros(x);
    c->y = zeros(y), c->typed_y = zeros(y);
    c->w = zeros(w), c->typed_w = zeros(w);
    c->packed = zeros(4 * w); /* kernels fill channels up */
}

static void free_arrays(contest *c)
{
    void *all[] = {c->x, c->y, c->w, c->typed_x, c->typed_y, c->typed_w, c->packed};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); ++i) free(all[i]);
}

/* the fastest table of each type; returns the number of the one by rule */
static int find_tables(contest *c)
{
    int ruled = 0;
    for (int type = 0; type < VD_TYPES; ++type) {
        const vd_kernels *table = vd_kernels_of_type((vd_type)type);
        if (!table) continue;
        if (table == vd_kernels_by_rule()) ruled = c->n;
        c->tables[c->n] = table;
        c->names[c->n++] = table->name;
    }
    return ruled;
}

void vd_kernel_choice_train(void)
{
    vd_reason why;
    contest c = {.n = 0};
    if (!vd_choice_train() || vd_kernels_asked()) return;
    int ruled = find_tables(&c);
    if (c.n > 1) make_arrays(&c);
    vd_candidates ways = {"kernels", c.n, c.names, ruled, 0, run_table, &c};
    vd_kernels_use(c.tables[vd_choose(&ways, &why)]);
    reason = vd_reason_name(c.n > 1 ? why : VD_BY_RULE);
    free_arrays(&c);
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
