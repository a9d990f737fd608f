/* Packed weights, .vdw: a network as it is at test time, for inference. What is pruned takes no room.
 *
 * The file; numbers are little-endian, a varint is a number in groups of seven bits, the lowest first, each in a byte
 * whose highest bit says that another follows (at most ten bytes):
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
 *         data     bytes of a range coder (pack/coder.h), which hold one after the other (pack/matrix.h):
 *                  dense[rows]              biases, but not of a batchnorm
 *                  dense[rows] three times  scales, means, variances of batch normalisation, with + 128 only
 *                  the weights [rows][columns] in Darknet's order, but not of a batchnorm:
 *                                           dense[rows columns] in format 0, else sparse[rows][columns]
 *     4 bytes   CRC-32 (pack/crc32.h) of all bytes before
 *
 * Weights of a variational layer are packed sparsely, in the format asked for, those of all others densely. What no
 * later layer reads is packed as 0: units and filters of which the next layer has kept no weight (pack/unread.h). */
#ifndef VD_PACK_H
#define VD_PACK_H

#include "darknet.h"
#include "weights/coder.h"
#include "weights/rounding.h"

/* what became of one layer */
typedef struct {
    int index;
    const char *type; /* "vd_connected", "batchnorm" */
    size_t weights, nonzero;
    size_t bytes_dense, bytes_packed;         /* of all its arrays; in a .weights file, in the packed one */
    size_t multiply_adds, multiply_adds_left; /* an image, all weights and those left */
} vd_pack_line;

typedef struct {
    vd_bytes file;
    int n;
    vd_pack_line *lines; /* [n] */
} vd_packed;

/* pack a network. What was packed has been unpacked again and compared with what should be in it.
 *
 *   format     VD_PACK_FP32: the very weights; _FP16 and _INT8: rounded, see pack/rounding.h
 *
 * On failure (a value that is not finite, or too large for the format) *fault is a line for the user, his to free, that
 * names the layer; on success it is null. The caller frees with vd_packed_free(). */
vd_packed vd_pack_network(const network *net, vd_pack_format format, char **fault);
void vd_packed_free(vd_packed *p);

/* unpack n bytes into net: weights and what batch normalisation needs, *net->seen, and in variational layers a
 * log_sigma2 with which at test time the weights left are left and the others pruned. Layers with dontload stay.
 *
 * The network may have the variational sections or the plain ones. Returns null, or what is wrong with the bytes in
 * words the caller frees; net is then as it was. Nothing in the bytes can do more harm than that. */
char *vd_unpack_network(network *net, const uint8_t *bytes, size_t n);

/* whether bytes begin a packed file */
int vd_is_packed(const uint8_t *bytes, size_t n);

/* load fp when it is a packed file, whatever its name: 1, and net->packed_from is the name from then on; 0, with fp at
 * its start and net->packed_from null, when it is not one. What is wrong ends the program with one line. */
int vd_pack_load(network *net, const char *filename, FILE *fp, int start, int cutoff);

#endif
