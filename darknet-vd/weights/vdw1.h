/* Version 1 of packed weights, which is read, not written. The layout of docs/formats.md:
 *
 *     varint    number of records
 *     records, one for each part of the network, in order
 *         varint   number of the layer in the network, from 0
 *         byte     kind, plus 128 when it has batch normalisation:
 *                  1 convolutional, 2 connected, 3 batchnorm (always plus 128), 4 local, 5 deconvolutional, 6 shortcut
 *         byte     format of the weights: 0 dense, 1 sparse fp32, 2 sparse fp16, 3 sparse int8
 *         varint   rows: filters of a convolution, units of a connected layer, outputs of a local one, channels of a
 *                  batchnorm, layers that a shortcut adds
 *         varint   columns: weights of a row, 0 in a batchnorm
 *         varint   length of the data in bytes
 *         data     bytes of a range coder (weights/coder.h), which hold one after the other (weights/matrix.h):
 *                  dense[rows]              biases, but not of a shortcut, and of a batchnorm only with the epsilon of
 *                                           later Darknets
 *                  dense[rows] three times  scales, means, variances of batch normalisation, with + 128 only
 *                  the weights [rows][columns] in Darknet's order, but not of a batchnorm:
 *                                           dense[rows columns] in format 0, else sparse[rows][columns] */
#ifndef VD_WEIGHTS_VDW1_H
#define VD_WEIGHTS_VDW1_H

#include "weights/parts.h"
#include "weights/varint.h"

/* the records, into p, whose arrays are 0 before; returns null, or what is wrong, which the caller frees */
char *vd_read_version_1(vd_reader *r, vd_parts p);

#endif
