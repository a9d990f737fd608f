#include "kernels/products/shape.h"
#include "kernels/scratch.h"

#include <string.h>

const void *vd_turned_weights(vd_convolution_shape s, const void *weights)
{
    int taps = vd_convolution_taps(s);
    size_t bytes = vd_type_size(s.type), step = bytes * s.n * taps, all = bytes * s.n * vd_convolution_rows(s);
    char *turned = (char *)vd_scratch(VD_SCRATCH_BLOCKED_W, all / sizeof(float) + 1);
    const char *from = weights;
    for (int n = 0; n < s.n; ++n)
        for (int c = 0; c < s.window.c; ++c)
            for (int tap = taps - 1; tap >= 0; --tap, from += bytes)
                memcpy(turned + c * step + bytes * ((size_t)n * taps + tap), from, bytes);
    return turned;
}
