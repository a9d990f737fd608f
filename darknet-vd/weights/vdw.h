/* Packed weights, .vdw: a network as it is at test time, for inference. Pruned weights take no space.
 *
 * The file, versions 2 and 3. Numbers are little-endian; varints are those of weights/varint.h:
 *
 *     "VDW", and the version, a byte: 2, or 3 where weights of version 0.2.5, and not the cfg, say that the network
 *               follows later Darknets
 *     varint    images seen in training
 *     2 bytes   mark: the low 16 bits of the CRC-32 of nine varints for each part: number of the layer, kind
 *               (vd_part_kind), 1 with batch normalisation, 1 with biases, rows, columns, channels, height, width
 *     data      bits of one range coder (weights/coder.h), up to the checksum
 *     4 bytes   CRC-32 (weights/crc32.h) of all bytes before
 *
 * The data are
 *
 *     2 raw bits   format: 1 fp32, 2 fp16, 3 integers
 *     for each part of the network (weights/parts.h), in order
 *         1 raw bit          1: exact, as in fp32, whatever the format; so are all but variational layers
 *         8 raw bits, 3      in format 3 and not exact: the step k of the weights; octaves o by which that of the
 *                            biases is finer: it is k - 4 o, or k mod 4 where that is negative
 *         rows               which of them are alive: have a value that is not 0 (weights/array.h)
 *         vectors            of living rows: biases; with batch normalisation scales, means, variances
 *         weights            of living rows: [channels][height][width] each
 *
 * in fp32 as floats of 23 bits of mantissa; in fp16 the weights as floats of 10 bits; in integers the weights times
 * step k, biases times their step, but with batch normalisation biases, scales and means as floats of 10 bits,
 * variances of 0 bits. docs/formats.md says what parts have which arrays and shapes.
 *
 * Units and filters that are not needed are packed as 0 (weights/simplify.h). Version 1 is read: weights/vdw1.h. */
#ifndef VD_WEIGHTS_VDW_H
#define VD_WEIGHTS_VDW_H

#include "darknet.h"
#include "weights/coder.h"
#include "weights/rounding.h"

/* the sizes of one layer before and after. The last bytes of a layer's bits may count as the next one's */
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
 *   format     VD_PACK_FP32: the exact weights; _FP16: halves; _INT8: integers times a step (weights/grid.h, rate 0)
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

/* the smallest rate, to 1/100, at which the network takes at most so many bytes; 0 when no rate does, or where it
 * cannot be packed: *fault is then a line that says why, which the caller frees, else null */
double vd_pack_rate_of_bytes(const network *net, size_t bytes, char **fault);

/* unpack n bytes into net: weights, biases, batch normalisation, *net->seen, and in variational layers a log_sigma2
 * with which the same weights are pruned at test time. Layers with dontload are not changed.
 *
 * The network may have variational sections or plain ones. Returns null, or what is wrong with the bytes, which the
 * caller frees; net is then unchanged, whatever the bytes are. */
char *vd_unpack_network(network *net, const uint8_t *bytes, size_t n);

/* 1 when fp, at its start and left there, is a packed file of version 3: net must follow later Darknets before it is
 * loaded */
int vd_pack_is_later(FILE *fp);

/* load fp if it is a packed file, whatever its name. Returns 1, and net->packed_from is the name from then on; or 0,
 * with fp at its start and net->packed_from null, when it is not packed. A fault ends the program with one line. */
int vd_pack_load(network *net, const char *filename, FILE *fp, int start, int cutoff);

#endif
