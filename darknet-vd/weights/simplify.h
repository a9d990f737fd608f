/* A smaller network with the same outputs: without the units and filters that nothing reads, those whose output is the
 * same for every picture, and with the rest in another order.
 *
 * All of it between a convolutional or connected layer and the next such layer, with nothing but pooling, dropout or an
 * activation between them; and only in networks where no layer reads from further back ([route], [shortcut]). */
#ifndef VD_WEIGHTS_SIMPLIFY_H
#define VD_WEIGHTS_SIMPLIFY_H

#include "weights/parts.h"

/* [p.n] 1 for each part whose rows are read by the next part and by nothing else, as so many neighbouring columns each:
 * the taps of a filter, or the pixels of a channel that a connected layer reads. The caller frees */
char *vd_parts_chained(const network *net, vd_parts p);

/* set to 0 the weights, biases and batch normalisation of units and filters that are not needed; p has the arrays of
 * net, pruned weights are 0
 *
 * First those without weights, whose output is a constant: it moves into the biases, or the means to subtract, of the
 * next layer; where a filter's padding meets it and it is not 0, it stays. Then those for which all weights in the next
 * layer are 0. The outputs stay the same, to the rounding of the constants' sums. */
void vd_simplify(const network *net, vd_parts p);

/* 1 when a row has a value that is not 0 */
int vd_row_is_alive(vd_part p, int row);

/* put units and filters in the order that packs best: first those that are alive, by their biases. The next layer's
 * columns follow. The outputs stay the same, to the rounding of sums in another order */
void vd_order_rows(const network *net, vd_parts p);

#endif
