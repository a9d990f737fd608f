/* One-dimensional transforms of Winograd's minimal filtering in vectors, lane by lane
 * (kernels/winograd_batch_kernels.h): for the files that are built once for each instruction set. With constant forms
 * only one branch is left of each. */
#ifndef VD_KERNELS_PRODUCTS_WINOGRAD_TRANSFORMS_H
#define VD_KERNELS_PRODUCTS_WINOGRAD_TRANSFORMS_H

#include "kernels/lanes.h"
#include "kernels/winograd_batch_kernels.h"

/* t = B^T d */
VD_INLINE void input_of_six(const vd_lanes *d, vd_lanes *t)
{
    vd_lanes even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1], half = d[4] - d[2], rest = 2 * (d[3] - d[1]);
    t[0] = 4 * d[0] - 5 * d[2] + d[4];
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = half + rest;
    t[4] = half - rest;
    t[5] = 4 * d[1] - 5 * d[3] + d[5];
}

VD_INLINE void input_of_eight(const vd_lanes *d, vd_lanes *t)
{
    vd_lanes even1 = d[2] + d[6] - 4.25f * d[4], odd1 = d[1] + d[5] - 4.25f * d[3];
    vd_lanes even2 = d[6] + .25f * d[2] - 1.25f * d[4], odd2 = .5f * d[1] - 2.5f * d[3] + 2 * d[5];
    vd_lanes even3 = d[6] + 4 * d[2] - 5 * d[4], odd3 = 2 * d[1] - 2.5f * d[3] + .5f * d[5];
    t[0] = d[0] - d[6] + 5.25f * (d[4] - d[2]);
    t[1] = even1 + odd1;
    t[2] = even1 - odd1;
    t[3] = even2 + odd2;
    t[4] = even2 - odd2;
    t[5] = even3 + odd3;
    t[6] = even3 - odd3;
    t[7] = d[7] - d[1] + 5.25f * (d[3] - d[5]);
}

VD_INLINE void input_one_way(vd_winograd_form form, const vd_lanes *d, vd_lanes *t)
{
    if (form == VD_F4_3) {
        input_of_six(d, t);
    } else if (form == VD_F4_5) {
        input_of_eight(d, t);
    } else {
        t[0] = d[0] - d[2];
        t[1] = d[1] + d[2];
        t[2] = d[2] - d[1];
        t[3] = d[1] - d[3];
    }
}

/* y = A^T m */
VD_INLINE void output_one_way(vd_winograd_form form, const vd_lanes *m, vd_lanes *y)
{
    vd_lanes sum1 = m[1] + m[2], difference1 = m[1] - m[2];
    if (form == VD_F2_3) {
        y[0] = m[0] + sum1;
        y[1] = difference1 - m[3];
        return;
    }
    vd_lanes sum2 = m[3] + m[4], difference2 = m[3] - m[4];
    y[0] = m[0] + sum1 + sum2;
    y[1] = difference1 + 2 * difference2;
    y[2] = sum1 + 4 * sum2;
    y[3] = difference1 + 8 * difference2 + m[vd_winograd_in(form) - 1];
    if (form == VD_F4_5) {
        vd_lanes sum3 = m[5] + m[6], difference3 = m[5] - m[6];
        y[0] += sum3;
        y[1] += .5f * difference3;
        y[2] += .25f * sum3;
        y[3] += .125f * difference3;
    }
}

/* t = A d */
VD_INLINE void gradient_one_way(vd_winograd_form form, const vd_lanes *d, vd_lanes *t)
{
    if (form == VD_F2_3) {
        t[0] = d[0];
        t[1] = d[0] + d[1];
        t[2] = d[0] - d[1];
        t[3] = -d[1];
        return;
    }
    vd_lanes even = d[0] + d[2], odd = d[1] + d[3], even4 = d[0] + 4 * d[2], odd8 = 2 * d[1] + 8 * d[3];
    t[0] = d[0];
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = even4 + odd8;
    t[4] = even4 - odd8;
    if (form == VD_F4_5) {
        vd_lanes quarter = d[0] + .25f * d[2], eighth = .5f * d[1] + .125f * d[3];
        t[5] = quarter + eighth;
        t[6] = quarter - eighth;
    }
    t[vd_winograd_in(form) - 1] = d[3];
}

/* t = G w */
VD_INLINE void weights_of_five(const vd_lanes *w, vd_lanes *t)
{
    vd_lanes even1 = (w[0] + w[2] + w[4]) * (-2.f / 9), odd1 = (w[1] + w[3]) * (2.f / 9);
    vd_lanes even2 = (w[0] + 4 * w[2] + 16 * w[4]) * (1.f / 90), odd2 = (2 * w[1] + 8 * w[3]) * (1.f / 90);
    vd_lanes even3 = (16 * w[0] + 4 * w[2] + w[4]) * (2.f / 45), odd3 = (8 * w[1] + 2 * w[3]) * (2.f / 45);
    t[0] = w[0];
    t[1] = even1 - odd1;
    t[2] = even1 + odd1;
    t[3] = even2 + odd2;
    t[4] = even2 - odd2;
    t[5] = even3 + odd3;
    t[6] = even3 - odd3;
    t[7] = w[4];
}

VD_INLINE void weights_one_way(vd_winograd_form form, const vd_lanes *w, vd_lanes *t)
{
    if (form == VD_F4_5) {
        weights_of_five(w, t);
    } else if (form == VD_F4_3) {
        vd_lanes ends = (w[0] + w[2]) * (-1.f / 6), middle = w[1] * (1.f / 6);
        vd_lanes wide = w[0] * (1.f / 24) + w[2] * (1.f / 6), twelfth = w[1] * (1.f / 12);
        t[0] = w[0] * .25f;
        t[1] = ends - middle;
        t[2] = ends + middle;
        t[3] = wide + twelfth;
        t[4] = wide - twelfth;
        t[5] = w[2];
    } else {
        vd_lanes ends = (w[0] + w[2]) * .5f, middle = w[1] * .5f;
        t[0] = w[0];
        t[1] = ends + middle;
        t[2] = ends - middle;
        t[3] = w[2];
    }
}

/* w = G^T u */
VD_INLINE void d_weights_of_five(const vd_lanes *u, vd_lanes *w)
{
    vd_lanes sum1 = (u[1] + u[2]) * (-2.f / 9), difference1 = (u[1] - u[2]) * (-2.f / 9);
    vd_lanes sum2 = (u[3] + u[4]) * (1.f / 90), difference2 = (u[3] - u[4]) * (1.f / 90);
    vd_lanes sum3 = (u[5] + u[6]) * (2.f / 45), difference3 = (u[5] - u[6]) * (2.f / 45);
    w[0] = u[0] + sum1 + sum2 + 16 * sum3;
    w[1] = difference1 + 2 * difference2 + 8 * difference3;
    w[2] = sum1 + 4 * sum2 + 4 * sum3;
    w[3] = difference1 + 8 * difference2 + 2 * difference3;
    w[4] = sum1 + 16 * sum2 + sum3 + u[7];
}

VD_INLINE void d_weights_one_way(vd_winograd_form form, const vd_lanes *u, vd_lanes *w)
{
    vd_lanes sum1 = u[1] + u[2], difference1 = u[1] - u[2];
    if (form == VD_F4_5) {
        d_weights_of_five(u, w);
    } else if (form == VD_F4_3) {
        vd_lanes sum2 = u[3] + u[4], difference2 = u[3] - u[4];
        w[0] = u[0] * .25f - sum1 * (1.f / 6) + sum2 * (1.f / 24);
        w[1] = difference2 * (1.f / 12) - difference1 * (1.f / 6);
        w[2] = (sum2 - sum1) * (1.f / 6) + u[5];
    } else {
        w[0] = u[0] + sum1 * .5f;
        w[1] = difference1 * .5f;
        w[2] = sum1 * .5f + u[3];
    }
}

#endif
