/* Bits whose probability is mixed from several contexts, for vd_coder. All in integers, so that every machine reads
 * what another one has written.
 *
 * A context counts the zeros and ones that were coded in it. A kind of bit ("is this weight 0?") has a count of its
 * own, the base, and each of its bits is in some contexts beside: its row, its column, and so on. Probabilities are
 * logits in 1/256: stretch(p) = 256 ln(p/(1 - p)). Each context shifts the logit of the base towards its own:
 *
 *     p_base  = (65536 n1 + 32768) / (n0 + n1 + 1)                  of a 1, in 1/65536
 *     p_k     = (65536 n1 + 4 p_base) / (n0 + n1 + 4)               for context k
 *     t       = (w_0 stretch(p_base) + sum w_k (stretch(p_k) - stretch(p_base))) / 65536, within -2047 .. 2047
 *     p       = squash(t), within 32 .. 65504
 *
 * After the bit b, with e = 65536 b - p, each weight w has moved by  e input / 16384,  where input is what w was
 * multiplied by, and stayed within -2^24 .. 2^24, and the bit is counted in the base and in the contexts; a count that
 * would reach 32768 is halved with its partner before. Weights start at w_0 = 65536 and at what the kind says for the
 * others. Divisions round down.
 *
 * squash(t) = 65536/(1 + exp(-t/256)): 33 numbers at t = -2048, -1920 .. 2048, and linear between them, rounded down.
 * stretch(p) is the smallest t of -2047 .. 2047 for which squash(t) div 16 is at least p div 16, or 2047. */
#ifndef VD_WEIGHTS_MIXING_H
#define VD_WEIGHTS_MIXING_H

#include "weights/coder.h"

/* zeros and ones in one context */
typedef struct {
    uint16_t n[2];
} vd_count;

enum { VD_MOST_CONTEXTS = 10 };

/* one kind of bit */
typedef struct {
    vd_count base;
    int32_t weight[1 + VD_MOST_CONTEXTS]; /* w_0 and those of the contexts */
} vd_mixed;

enum { VD_STRETCHES = 4096 };
typedef struct {
    int16_t stretch[VD_STRETCHES]; /* of 16 p */
} vd_mixing;

/* the table; the caller frees */
vd_mixing *make_vd_mixing(void);

/* a kind of bit that has not been seen: weights of n contexts, in 1/65536 */
vd_mixed vd_mixed_fresh(int n, const int32_t *weights);

/* write or read one bit, and learn from it
 *
 *   contexts   [n] those of the bit, in the order of the kind's weights; null for one that the bit does not have */
int vd_code_mixed(vd_coder *c, const vd_mixing *t, vd_mixed *kind, int n, vd_count *const *contexts, int bit);

#endif
