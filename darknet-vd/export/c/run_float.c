#include "export/c/interpret.h"
#include "export/c/schedule.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>

enum { HAS_LOW_BYTES = 0 };
typedef float pixel;
typedef int count;
#define COUNT(p) (*(p))
#include "export/c/fetch.inc"
#include "export/c/float.inc"
#include "export/c/kernels.inc"

static void set_product(product *l, const vd_c_stage *s)
{
    l->weights = s->entries.values;
    l->biases = s->biases;
}

static bend bend_of(const vd_c_stage *s)
{
    return (bend){(int)s->activation};
}

static ratio ratio_of(const vd_c_stage *s, int source)
{
    return source ? s->beta : s->alpha;
}

static ratio alone_of(const vd_c_stage *s)
{
    (void)s;
    return 1;
}

#include "export/c/interpret.inc"

void vd_c_run_float(const vd_c_plan *p, const float *input, float *output, double *largest)
{
    run_picture(p, input, output, largest);
}
