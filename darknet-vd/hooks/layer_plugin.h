/* The hooks of patches/: functions of patched Darknet, and indented what each calls, in that order. A name without ()
 * is a hook, less its layer_plugin_.
 *
 *   read_data_cfg()                       data
 *   parse_network_cfg()                   net; each section: base, the stock parser or make, attach
 *   load_weights_upto()                   load_packed, or load_begin, each layer: load_next, load_end
 *
 *   train_classifier(), train_detector(), train_cifar()
 *       train_begin, train_pictures
 *       each batch: train_network()
 *           each sub-batch: train_network_datum()
 *               may_train                 0: leave_out, and no more of the sub-batch
 *               forward_network()         each layer: clears_delta, l.forward()
 *               finite_loss               0: leave_out, and no more of the sub-batch; soft targets
 *               backward_network()        each layer from the last one: stops_backward, l.backward()
 *               step_is_due               1, after the last sub-batch of a step:
 *                   update_network()      sgdr_rate; each layer: update, or l.update()
 *                   finite_weights
 *           step_loss
 *       went_back                         1: other pictures are loaded, and no more of the batch
 *       save_weights()                    where stock Darknet does so
 *       train_batch
 *       save_weights(), train_end
 *
 *   save_weights_upto()                   save_begin, revision, each layer: save_layer, save
 *   network_predict()                     forward_network(), predicted
 *   resize_network()                      each [avgpool]: ends_maps
 *   get_yolo_detections()                 each box: yolo_box; boxes_fit
 *   do_nms_obj(), do_nms_sort()           each two boxes: overlap
 *   gemm_cpu()                            gemm
 *   forward_batchnorm_layer()             normalize
 *
 * Each hook forwards to what does the work: a folder below, or, for the keys of a section, hooks/variational.h and
 * hooks/later.h. */
#ifndef VD_HOOKS_LAYER_PLUGIN_H
#define VD_HOOKS_LAYER_PLUGIN_H

#include "darknet.h"

/* ---- a cfg is read ---- */

/* check every key of a .data file; see config/schema.h */
void layer_plugin_data(const char *filename, list *options);

/* [net] is about to be parsed: check its keys, and read the plugin's own */
void layer_plugin_net(const char *filename, list *options, network *net);

/* the stock section whose parser builds the layer, "[connected]" for "[vd_connected]"; type itself when it is not the
 * plugin's. Keys are checked first: a bad one ends the program with a line that names file, layer, key and value */
char *layer_plugin_base(const char *filename, char *type, list *options, network *net, int index);

/* 1 and the layer for a type that the stock parser does not know and the plugin has; 0 leaves it to that parser */
int layer_plugin_make(const char *type, list *options, network *net, int index, layer *l);

/* the stock parser has built *l: put the plugin's functions and data into it */
void layer_plugin_attach(const char *filename, const char *type, layer *l, list *options, network *net, int index);

/* ---- a network runs ---- */

/* 1 when a forward pass must clear the gradient of layer i's output; see layer/delta.h */
int layer_plugin_clears_delta(const network *net, int i);

/* 1 when the plugin has done C = alpha op(A) op(B) + beta C, 0 to let Darknet's own loops do it */
int layer_plugin_gemm(int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
                      int ldb, float beta, float *c, int ldc);

/* 1 when the plugin has normalised l.output, whose epsilon is that of later Darknets, 0 to let normalize_cpu() do it */
int layer_plugin_normalize(layer l, const float *mean, const float *variance);

/* network_predict() has done its forward pass: see layer/nonfinite.h */
void layer_plugin_predicted(const network *net);

/* 1 when layers behind the [avgpool] i have one size whatever the size of the picture */
int layer_plugin_ends_maps(const network *net, int i);

/* ---- objects in its outputs ---- */

/* the box of a [yolo] with keys of later Darknets (l.later is set): d's bbox and beta_nms; x: see vd_yolo_box() */
void layer_plugin_yolo_box(layer l, const float *x, int n, int column, int row, int w, int h, detection *d);

/* 1 for boxes of pictures that fill the input: they need no correction, and were made absolute unless relative; 0:
 * stock Darknet's correction for grey borders */
int layer_plugin_boxes_fit(layer l, detection *d, int n, int w, int h, int relative);

/* the overlap of two boxes that NMS compares with its threshold: IoU, less their distance to the power beta unless that
 * is 0 */
float layer_plugin_overlap(box a, box b, float beta);

/* ---- weights are loaded: from here on layer_plugin_weights.c ---- */

/* 1 when fp holds packed weights, and they have been loaded; 0 and fp at its start when it does not */
int layer_plugin_load_packed(network *net, const char *filename, FILE *fp, int start, int cutoff);

/* loading: begin() checks the whole file and leaves it at its first byte; next() returns 1 when weights for layer
 * `index` are still to come, and ends the program when the layer before it ran past the end; end() reads the plugin's
 * data */
void layer_plugin_load_begin(network *net, const char *filename, FILE *fp);
int layer_plugin_load_next(network *net, int index);
void layer_plugin_load_end(network *net, int start, int cutoff);

/* ---- a network is trained ---- */

/* a training run of classifier, detector or cifar begins, has read its list, has done a batch, ends; see
 * training/checkpoint.h and training/silence.h */
void layer_plugin_train_begin(network *net, const char *backup, const char *base, float *avg_loss, int *count);
void layer_plugin_train_pictures(network *net, int pictures);
void layer_plugin_train_batch(network *net);
void layer_plugin_train_end(network *net);

/* any training: may_train() before each forward pass (packed weights end the program); after it the loss is checked,
 * and after an update the weights, whose average takes a step. The program ends when they are not finite, see
 * training/nan_guard.h. With nan_guard=1 the first two return 0 instead, and went_back() returns 1: net is at an
 * earlier batch, whose pictures must be loaded */
int layer_plugin_may_train(network *net);
int layer_plugin_finite_loss(network *net);
void layer_plugin_finite_weights(network *net);
int layer_plugin_went_back(network *net);
float layer_plugin_leave_out(network *net); /* where one of them was 0; returns the cost of such a sub-batch, 0 */

/* 1 when the gradients of this batch end behind layer l: stopbackward=1 always,
 * stopbackward=N in the first N batches */
int layer_plugin_stops_backward(layer l, network net);

/* after a backward pass: 1 when the update is due; and after the step's last one the mean cost an image, where sum is
 * that of n sub-batches. See training/sub_batches.h */
int layer_plugin_step_is_due(network *net, float error);
float layer_plugin_step_loss(const network *net, float sum, int n);

/* the learning rate of policy=sgdr in this batch */
float layer_plugin_sgdr_rate(const network *net, size_t batch);

/* 1 when the plugin has updated the layer (Adam on the CPU), 0 to let l.update do it */
int layer_plugin_update(layer l, update_args a);

/* ---- weights are saved ---- */

/* a network is about to be saved: ends the program when its weights were packed (weights/vdw.h), or are not finite. 0
 * when this process writes no files (ranks/ranks.h) */
int layer_plugin_save_begin(network *net, const char *filename, int cutoff);

/* the last number of the version in the header of a .weights file: 5 where the network, or its batch normalisation, is
 * that of later Darknets, which write it, else stock Darknet's 0 */
int layer_plugin_revision(const network *net);

/* the numbers of one layer that stand in front of what stock Darknet writes for it: see hooks/later.h */
void layer_plugin_save_layer(layer l, FILE *fp);

/* append the plugin's data after the stock weights; nothing for a network without variational layers */
void layer_plugin_save(network *net, FILE *fp, int cutoff);

#endif
