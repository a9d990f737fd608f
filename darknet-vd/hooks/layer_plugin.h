/* What the patched Darknet calls (patches/0001). This header and layer_plugin.c are the only place that knows where
 * Darknet's hooks are; everything else in this directory is called from here. */
#ifndef LAYER_PLUGIN_H
#define LAYER_PLUGIN_H

#include "darknet.h"

/* every key of a .data file; see schema.h */
void layer_plugin_data(const char *filename, list *options);

/* [net] is about to be parsed: check its keys, read those the plugin adds to it */
void layer_plugin_net(const char *filename, list *options, network *net);

/* the stock section whose parser builds the layer, "[connected]" for "[vd_connected]"; type itself when it is not ours.
 * Keys are checked first: a bad one ends the program and names file, layer, key and value */
char *layer_plugin_base(const char *filename, char *type, list *options, network *net, int index);

/* the stock parser has built *l: put our functions and data into it */
void layer_plugin_attach(const char *filename, const char *type, layer *l, list *options, network *net, int index);

/* 1 when the plugin has updated the layer (Adam on the CPU), 0 to let l.update do it */
int layer_plugin_update(layer l, update_args a);

/* 1 when the plugin has done C = alpha op(A) op(B) + beta C, 0 to let Darknet's own loops do it */
int layer_plugin_gemm(int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
                      int ldb, float beta, float *c, int ldc);

/* append the plugin's data behind the stock weights; nothing when the network has no layer of ours */
void layer_plugin_save(network *net, FILE *fp, int cutoff);

/* a network is about to be saved: ends the program when its weights were packed (pack.h), or are not finite */
void layer_plugin_save_begin(const network *net, const char *filename, int cutoff);

/* 1 when fp holds packed weights, and they have been loaded; 0 and fp at its start when it does not */
int layer_plugin_load_packed(network *net, const char *filename, FILE *fp, int start, int cutoff);

/* loading: begin() looks at the whole file and leaves it at its first byte; next() says whether weights for layer
 * index are still to come, and ends the program when the last layer ran past the end; end() reads our own data */
void layer_plugin_load_begin(network *net, const char *filename, FILE *fp);
int layer_plugin_load_next(network *net, FILE *fp, int index);
void layer_plugin_load_end(network *net, FILE *fp, int start, int cutoff);

/* a training of classifier, detector or cifar: it begins, has done a batch, ends; see training/checkpoint.h */
void layer_plugin_train_begin(network *net, const char *backup, const char *base, float *avg_loss, int *count);
void layer_plugin_train_batch(network *net);
void layer_plugin_train_end(network *net);

/* any training: may_train() before each forward pass (packed weights may not, they end the program); after it, and
 * after an update, the loss and the weights are looked at. Ends the program when they are not finite, see nan_guard.h;
 * with nan_guard=1 the first two return 0 then, and went_back() returns 1: net is at an earlier batch, whose pictures
 * are to be loaded */
int layer_plugin_may_train(network *net);
int layer_plugin_finite_loss(network *net);
void layer_plugin_finite_weights(network *net);
int layer_plugin_went_back(network *net);

#endif
