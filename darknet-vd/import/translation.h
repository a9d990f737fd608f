/* A graph on its way to a cfg: what the translators of its nodes share (layers.c, products.c, activations.c,
 * maps.c). */
#ifndef VD_IMPORT_TRANSLATION_H
#define VD_IMPORT_TRANSLATION_H

#include "import/import.h"

enum { VD_IMPORT_PICTURE = -1 }; /* the layer that the input comes from */

/* where a tensor comes from, and its shape without the batch; flat: numbers in a row; pad: zeros that a Pad puts
 * around it, above, to the left, below, to the right */
typedef struct {
    const char *tensor;
    int layer, c, h, w, flat, pad[4];
} vd_place;

typedef struct {
    const vd_onnx_graph *g;
    const char *path;
    const vd_onnx_node *node; /* that is translated */
    vd_import_network net;
    int n_places;
    vd_place *places;
    int n_constants; /* that nodes make of constants, and of shapes; initializers are those of g */
    vd_onnx_tensor *constants;
} vd_importing;

/* end the program with a line that names the model and the node; the second where the place is that of the input, which
 * only the first layer can read */
void vd_import_refuse(const vd_importing *im, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
void vd_import_refuse_picture(const vd_importing *im, vd_place p);

/* a map that is the input, before any section: the same numbers as the output of a layer, which others than the first
 * one can read. Other places stay as they are */
void vd_import_picture_as_layer(vd_importing *im, vd_place *p);

/* ---- the graph ---- */

/* the tensor whose numbers this one has, which some nodes only pass on; how many nodes read these numbers, the graph's
 * output being one; the one node that does, null: none, or several */
const char *vd_import_root_of(const vd_importing *im, const char *tensor);
int vd_import_reads_of(const vd_importing *im, const char *tensor);
const vd_onnx_node *vd_import_reader_of(const vd_importing *im, const char *tensor);

/* a constant: an initializer, or what a node makes of others; null: it is none. The second is input i of the node, of
 * floats or of integers, and refuses what is not. The third is n integers of input i, or of an attribute where the
 * node has that; n is -1 where it has neither. They are good until the next node */
const vd_onnx_tensor *vd_import_constant_of(const vd_importing *im, const char *name);
const vd_onnx_tensor *vd_import_constant_input(const vd_importing *im, int i, int real);
vd_onnx_list vd_import_integers_of(const vd_importing *im, const char *attribute, int i);

/* 1 where the node's output is a constant, which then is one of im's. The batch of a shape is 1, as in the check */
int vd_import_fold(vd_importing *im);

/* n integers of an attribute of the node, `otherwise` where it has none */
void vd_import_list_of(const vd_importing *im, const char *name, int n, int64_t otherwise, int64_t *x);

/* ---- places ---- */

/* of a tensor, null: none so far; of input i of the node, which must have one; without zeros around it */
vd_place *vd_import_find(const vd_importing *im, const char *tensor);
vd_place vd_import_padded_input(const vd_importing *im, int i);
vd_place vd_import_input_of(const vd_importing *im, int i);

int vd_place_numbers(vd_place p);
int vd_place_is_padded(vd_place p);

/* refuses an output of more than 2^26 numbers. What is computed from sizes of places is checked before it is an int */
void vd_import_check_size(const vd_importing *im, int64_t c, int64_t h, int64_t w);

/* the node's output is here */
void vd_import_set(vd_importing *im, vd_place p);

/* ---- sections of the cfg ---- */

/* keys become the layer's */
vd_import_layer *vd_import_add_layer(vd_importing *im, const char *section, char *keys);
int vd_import_last_layer(const vd_importing *im);

/* the next section is to read this: a [route] where another one comes before */
void vd_import_read(vd_importing *im, vd_place p);

/* a new section for each channel by itself: a convolution in groups of one, whose weights are 0
 *
 *   keys   of the stride and the padding */
vd_import_layer *vd_import_channel_windows(vd_importing *im, vd_place x, int size, const char *keys);
/* the same of 1x1 pixel, whose weights are 1 */
vd_import_layer *vd_import_each_channel(vd_importing *im, vd_place x);

/* the section before, where this tensor is its output alone, read so many times, and nothing came behind the sum; else
 * null */
vd_import_layer *vd_import_open_layer(const vd_importing *im, vd_place p, int reads);

/* ---- translators: im->node becomes sections, or keys and numbers of the section before ---- */

/* products.c */
void vd_import_convolution(vd_importing *im);
void vd_import_gemm(vd_importing *im);
void vd_import_mat_mul(vd_importing *im);
void vd_import_batch_norm(vd_importing *im);
void vd_import_add(vd_importing *im);
void vd_import_subtract(vd_importing *im);
void vd_import_divide(vd_importing *im);
void vd_import_negate(vd_importing *im);

/* channels in another order: Reshape, Transpose, Reshape. The Reshape that is the first of them becomes nothing */
void vd_import_transpose(vd_importing *im);
int vd_import_waits_for_shuffle(const vd_importing *im, vd_place x);

/* which of two inputs of the node is a constant; -1: none */
int vd_import_constant_side(const vd_importing *im);

/* the node is x gain + shift, one of each a channel (null: 1, 0); the place is the input's */
void vd_import_line(vd_importing *im, vd_place x, const float *gain, const float *shift);

/* the numbers of a constant, one a channel of x: [x.c], which the caller frees */
float *vd_import_by_channel(const vd_importing *im, vd_place x, const vd_onnx_tensor *t);

/* activations.c */
void vd_import_activation(vd_importing *im);
void vd_import_bound(vd_importing *im);
void vd_import_hard_sigmoid(vd_importing *im);
void vd_import_hard_swish(vd_importing *im);
void vd_import_slopes(vd_importing *im);
void vd_import_multiply(vd_importing *im);

/* maps.c */
void vd_import_concat(vd_importing *im);
void vd_import_pool(vd_importing *im);
void vd_import_mean(vd_importing *im);
void vd_import_resize(vd_importing *im);
void vd_import_largest(vd_importing *im);
void vd_import_pad(vd_importing *im);
void vd_import_slice(vd_importing *im);
void vd_import_split(vd_importing *im);
void vd_import_softmax(vd_importing *im);

#endif
