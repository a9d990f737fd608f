/* Makes a graph of floats one of 8-bit numbers, in the form that runtimes know (QDQ): pairs of QuantizeLinear and
 * DequantizeLinear on what every Conv and Gemm reads, its weights as integers with a scale for each filter, its biases
 * as integers of 32 bits times both scales. */
#ifndef VD_ONNX_QUANTIZE_H
#define VD_ONNX_QUANTIZE_H

#include "onnx/graph.h"

/* activations are q = round(x / s) + z, -128 <= q <= 127, with s and z such that q reaches from the smallest to the
 * largest number on the pictures, and that 0 is exact
 *
 *   path       of the model, for messages
 *   pictures   [n] of the graph's input */
void vd_onnx_quantize(vd_onnx_graph *g, const char *path, int n, const float *pictures);

#endif
