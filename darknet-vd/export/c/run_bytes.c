#include "export/c/interpret.h"
#include "export/c/schedule.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>

typedef uint8_t value;
#include "export/c/int8_run.inc"

void vd_c_run_bytes(const vd_c_plan *p, const uint8_t *input, int32_t *output)
{
    run_picture(p, input, output, 0);
}
