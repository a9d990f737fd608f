/* A network as a page shows it: JSON of its layers, of the histogram of log alpha, of the first layer's filters, and of
 * where weights are left. Reads weights and log_sigma2 and changes nothing. */
#ifndef VD_TRAINING_PAGE_NETWORK_H
#define VD_TRAINING_PAGE_NETWORK_H

#include "darknet.h"

#include <stdio.h>

/* members of an object, without its braces:
 *
 *   "layers"     [{index, type, output, weights, left, bytes, multiply_adds, multiply_adds_left, threshold}]; of a
 *                plain layer's weights all are left; null where there are none. bytes: 4 a weight left. An image's
 *                multiply-adds, those of the weights alone
 *   "histogram"  {from, to, layers: [{index, counts}]}: variational layers' log alpha in bins of one width
 *   "filters"    of a first layer that is convolutional, else null: {index, of, channels, shown, size, largest, theta,
 *                left}: theta in 127ths of `largest`, a filter an array of [shown][size][size]; left: 1 or 0 for each
 *   "pixels"     of a first layer that is variational and dense, else null: {index, width, height, most, left}: weights
 *                left that read this pixel, of `most`
 *   "maps"       of variational dense layers: [{index, outputs, inputs, rows, columns, left}]: shares of weights left,
 *                in thousandths, in rows (outputs) and columns (inputs) of blocks */
void vd_page_network(FILE *fp, const network *net);

#endif
