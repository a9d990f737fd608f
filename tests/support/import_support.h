/* What the tests of the importer share: graphs, built node by node and written to FOLDER/model.onnx, and the sections
 * that they become. */
#ifndef TEST_IMPORT_SUPPORT_H
#define TEST_IMPORT_SUPPORT_H

#include "support/support.h"

#include "onnx/graph.h"

/* the graph from begin_graph() to write_graph(), which frees it */
extern vd_onnx_graph *g;

/* of one input, x: [N, c, h, w], or [N, c] where h is 0 */
void begin_graph(int c, int h, int w);

/* initializers: random numbers (above 0 where the name has "variance"), n floats (without a dimension where n is 1),
 * n integers */
void random_constant(const char *name, int rank, const int64_t *dims);
void constant(const char *name, int n, const float *x);
void integers(const char *name, int n, const int64_t *x);

/* nodes: a Conv of random weights, its pads on all sides; a node of one input and of two */
vd_onnx_node *conv(const char *y, const char *x, int filters, int channels, int size);
void pads(vd_onnx_node *node, int n);
void one(const char *type, const char *y, const char *x);
void two(const char *type, const char *y, const char *a, const char *b);
void add_output(vd_onnx_node *node, const char *name);

/* to FOLDER/model.onnx, with this output */
void write_graph(const char *output);

/* the sections of FOLDER/net.cfg without [net], by import of that file in this process; the outputs differ by less than
 * `most`. expect_sections(): they are these */
char *imported(double most);
void expect_sections(const char *expected);

/* what conv(y, x, 3, channels, 1) becomes */
#define LINEAR_3 "\n[convolutional]\nfilters=3\nsize=1\nstride=1\npadding=0\nactivation=linear\n"

/* a graph whose y is a Conv of four channels and a Resize that has the words given; null: it has none */
void resize_by(float times, const char *pixel, const char *nearest);

#endif
