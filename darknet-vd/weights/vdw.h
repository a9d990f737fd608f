/* Packed weights, .vdw: a network as it is at test time, for inference. Pruned weights take no space.
 *
 * The file. Numbers are little-endian; a varint is a number in groups of seven bits, the lowest first, each in a byte
 * whose highest bit is 1 when another follows (at most ten bytes):
 *
 *     "VDW", and the version, a byte with the value 1
 *     varint    images seen in training
 *     varint    number of records
 *     records, one for each layer with weights, in the order of the network; a recurrent layer has one for each of the
 *               layers inside it: input, self, output layer of an rnn or crnn, wz uz wr ur wh uh of a gru,
 *               uo wo uf wf ui wi ug wg of an lstm
 *         varint   number of the layer in the network, from 0
 *         byte     kind, plus 128 when it has batch normalisation:
 *                  1 convolutional, 2 connected, 3 batchnorm (always plus 128), 4 local, 5 deconvolutional
 *         byte     format of the weights: 0 dense, 1 sparse fp32, 2 sparse fp16, 3 sparse int8
 *         varint   rows: filters of a convolution, units of a connected layer, outputs of a local one, channels of a
 *                  batchnorm
 *         varint   columns: weights of a row, 0 in a batchnorm
 *         varint   length of the data in bytes
 *         data     bytes of a range coder (weights/coder.h), which hold one after the other (weights/matrix.h):
 *                  dense[rows]              biases, but not of a batchnorm
 *                  dense[rows] three times  scales, means, variances of batch normalisation, with + 128 only
 *                  the weights [rows][columns] in Darknet's order, but not of a batchnorm:
 *                                           dense[rows columns] in format 0, else sparse[rows][columns]
 *     4 bytes   CRC-32 (weights/crc32.h) of all bytes before
 *
 * Weights of variational layers are packed sparse, in the format asked for; those of all other layers dense. Units and
 * filters for which the next layer has kept no weight are packed as 0 (weights/drop_unread.h). */
#ifndef VD_WEIGHTS_VDW_H
#define VD_WEIGHTS_VDW_H

#include "darknet.h"
#include "weights/coder.h"
#include "weights/rounding.h"

/* the sizes of one layer before and after */
typedef struct {
    int index;
    const char *type; /* "vd_connected", "batchnorm" */
    size_t weights, nonzero;
    size_t bytes_dense, bytes_packed;         /* of all its arrays: in a .weights file, and in the packed one */
    size_t multiply_adds, multiply_adds_left; /* for one image: with all weights, and with those left */
} vd_pack_line;

typedef struct {
    vd_bytes file;
    int n;
    vd_pack_line *lines; /* [n] */
} vd_packed;

/* pack a network. The result has been unpacked again and compared with what was packed.
 *
 *   format     VD_PACK_FP32: the exact weights; _FP16 and _INT8: rounded, see weights/rounding.h
 *   fault      set to null; on failure (a value that is not finite, or too large for the format) to a line for the user
 *              that names the layer, which the caller frees
 *
 * The caller frees the result with vd_packed_free(). */
vd_packed vd_pack_network(const network *net, vd_pack_format format, char **fault);
/* the same in integers, whose steps and zeros are chosen for a rate: weights/grid.h */
vd_packed vd_pack_network_at_rate(const network *net, double rate, char **fault);

void vd_packed_free(vd_packed *p);

/* the bytes of the file that vd_pack_network() makes of a network in VD_PACK_FP32, and that vd_pack_network_at_rate()
 * makes, without the check; 0 where it cannot be packed */
size_t vd_packed_size(const network *net);
size_t vd_packed_size_at_rate(const network *net, double rate);

/* the smallest rate, to 1/100, at which the network takes at most so many bytes; 0 when no rate does */
double vd_pack_rate_of_bytes(const network *net, size_t bytes);

/* unpack n bytes into net: weights, biases, batch normalisation, *net->seen, and in variational layers a log_sigma2
 * with which the same weights are pruned at test time. Layers with dontload are not changed.
 *
 * The network may have variational sections or plain ones. Returns null, or what is wrong with the bytes, which the
 * caller frees; net is then unchanged, whatever the bytes are. */
char *vd_unpack_network(network *net, const uint8_t *bytes, size_t n);

/* 1 when a packed file begins with these bytes */
int vd_is_packed(const uint8_t *bytes, size_t n);

/* load fp if it is a packed file, whatever its name. Returns 1, and net->packed_from is the name from then on; or 0,
 * with fp at its start and net->packed_from null, when it is not packed. A fault ends the program with one line. */
int vd_pack_load(network *net, const char *filename, FILE *fp, int start, int cutoff);

#endif
