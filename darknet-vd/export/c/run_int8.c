#include "export/c/interpret.h"
#include "export/c/schedule.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>

typedef int16_t value;
#include "export/c/int8_run.inc"

void vd_c_run_int8(const vd_c_plan *p, const uint8_t *input, int32_t *output)
{
    if (p->value_bits == 8) vd_c_run_bytes(p, input, output);
    else run_picture(p, input, output, 0);
}
