#include "export/c/interpret.h"
#include "export/c/schedule.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>

typedef uint8_t pixel;
typedef int count;
typedef int32_t offset;
#define COUNT(p) (*(p))
#define OFFSET(p) (*(p))
#include "export/c/fetch.inc"
#include "export/c/int8.inc"
#include "export/c/kernels.inc"

static bend bend_of(const vd_c_stage *s)
{
    return (bend){s->low, s->high, s->activation == LEAKY, s->curve};
}

static void set_product(product *l, const vd_c_stage *s)
{
    l->weights = s->entries.integers;
    l->offsets = s->offsets;
    l->gains = s->gains;
    l->before = s->before;
    l->after = s->after;
    l->half = s->after ? 1 << (s->after - 1) : 0;
}

static ratio ratio_of(const vd_c_stage *s, int source)
{
    return s->factors[source];
}

static ratio alone_of(const vd_c_stage *s)
{
    return s->factors[2];
}

#include "export/c/interpret.inc"

void vd_c_run_int8(const vd_c_plan *p, const uint8_t *input, int32_t *output)
{
    run_picture(p, input, output, 0);
}
