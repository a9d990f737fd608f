#include "kernels/products/convolve_rule.h"
#include "kernels/kernels.h"
#include "kernels/products/convolve.h"
#include "kernels/products/gemm.h"
#include "kernels/products/winograd_batch.h"

/* ---- where Winograd's products pay ---- */

/* Winograd's products pay where there are pixels enough for the weights that each run transforms, and channels enough
 * for the pixels that it transforms */
static int winograd_pays(vd_convolution_shape s, vd_pass pass, int images)
{
    enum { PIXELS = 600, CHANNELS = 32 };
    int fewest = pass == VD_BACKWARD_WEIGHTS ? CHANNELS / 2 : CHANNELS;
    return images * vd_convolution_pixels(s) >= PIXELS && s.window.c >= fewest && s.n >= fewest &&
           vd_convolution_has(s, pass, VD_BY_WINOGRAD, images);
}

/* A pixel of a 5x5 filter's output takes 4 multiplications instead of 25. 3x3 filters are oneDNN's where it has code
 * for the processor */
static int own_winograd_pays(vd_convolution_shape s, vd_pass pass, int images)
{
    return (s.window.size == 5 || vd_gemm_is_tiled()) && vd_convolution_has(s, pass, VD_BY_OWN_WINOGRAD, images) &&
           vd_winograd_batch_pays((vd_winograd_shape){s.window, s.n, images});
}

/* ---- the images of a run ---- */

enum { PIXELS = 2048, SHORT = 2, FEWEST_RUNS = 10 };

/* Images of a run: as many as give enough pixels that what is made once a run (transformed weights, gradients in
 * another layout) costs little, and leave enough runs. An even number of runs keeps an even number of threads busy. */
static int common_run_of(vd_convolution_shape s, int batch)
{
    int run = PIXELS / vd_convolution_pixels(s), most = batch / FEWEST_RUNS;
    most = most > SHORT ? most : SHORT;
    run = run < SHORT ? SHORT : run > most ? most : run;
    while (run > 1 && batch % (2 * run)) --run;
    return run;
}

/* The same, but where oneDNN has no code for the processor, a small batch is cut into two runs if only they are long
 * enough for Winograd's products: these are less work by more than few runs leave threads without */
int vd_convolution_run(vd_convolution_shape s, int batch)
{
    int run = common_run_of(s, batch), half = batch / 2;
    if (!vd_gemm_is_tiled() || batch % 2 || half * vd_convolution_pixels(s) > PIXELS) return run;
    return !own_winograd_pays(s, VD_FORWARD, run) && own_winograd_pays(s, VD_FORWARD, half) ? half : run;
}

/* ---- the way of a pass ---- */

/* What timing finds on nearly all shapes: the first line that holds.
 *
 *                                              forward              backward data   backward weights
 *     type fp16                                lines                lines           lines
 *     the image is its columns, or plain C     columns              columns         columns
 *     winograd_pays()                          winograd             winograd        winograd
 *     own_winograd_pays()                      own winograd         own winograd    own winograd
 *     fills: see below                         direct-inference 1   direct          direct 2
 *     else                                     lines                columns         lines 3, else columns
 *
 * oneDNN's kernels work on blocks of 16 channels: fills is 1 where input channels and filters nearly fill them.
 * 1: direct, with few input channels or few pixels. 2: in runs of 128 pixels and more; also where `fills` is 0, with at
 * most 3 input channels and whole blocks of filters. 3: where a line of a filter has WIDE numbers. */
static vd_way rule(vd_convolution_shape s, vd_pass pass, int images)
{
    enum { WIDE = 48 };
    int c = s.window.c, pixels = vd_convolution_pixels(s);
    double padded = (double)((c + 15) / 16 * 16) * ((s.n + 15) / 16 * 16);
    if (s.type == VD_FP16) return VD_BY_LINES;
    if (vd_convolution_is_product(s) || vd_kernels_get() == &vd_kernels_c) return VD_BY_COLUMNS;
    if (winograd_pays(s, pass, images)) return VD_BY_WINOGRAD;
    if (own_winograd_pays(s, pass, images)) return VD_BY_OWN_WINOGRAD;
    int fills = padded <= 1.25 * c * s.n;
    switch (pass) {
    case VD_FORWARD:
        return !fills ? VD_BY_LINES : c > 16 && pixels > 16 ? VD_BY_DIRECT_INFERENCE : VD_BY_DIRECT;
    case VD_BACKWARD_DATA:
        return fills ? VD_BY_DIRECT : VD_BY_COLUMNS;
    default:
        if ((fills || (c <= 3 && s.n % 16 == 0)) && images * pixels >= 128) return VD_BY_DIRECT;
        return c * s.window.size >= WIDE ? VD_BY_LINES : VD_BY_COLUMNS;
    }
}

vd_way vd_convolution_way_by_rule(vd_convolution_shape s, vd_pass pass, int images)
{
    vd_way way = rule(s, pass, images);
    if (!vd_convolution_has(s, pass, way, images)) way = VD_BY_LINES;
    return vd_convolution_has(s, pass, way, images) ? way : VD_BY_COLUMNS;
}
