/* Soft targets: a classifier learns from the outputs of another one, its teacher, beside the labels (Hinton, Vinyals
 * and Dean 2015, arXiv:1503.02531, section 2). With logits z of the network and v of the teacher, temperature T, share
 * s and label y, the loss of a picture and its gradient are
 *
 *     p_T = softmax(z / T), q_T = softmax(v / T)
 *     L   = (1 - s) H(y, softmax(z)) + s T^2 H(q_T, p_T)
 *     dL/dz = (1 - s) (softmax(z) - y) + s T (p_T - q_T)
 *
 * The teacher is a second network, which sees the same pictures at test time: no noise, rolling statistics, no weight
 * of it changes. The cost that is printed stays that of the labels, H(y, softmax(z)), and so does the cost in the log.
 *
 * [net] says which: teacher=, teacher_weights=, teacher_share=, teacher_temperature= (config/keys.c). Nothing but a
 * training reads these files. */
#ifndef VD_TRAINING_TEACHER_H
#define VD_TRAINING_TEACHER_H

#include "config/options.h"

#include "darknet.h"

/* read [net]'s keys. They are those of the network that is trained; a teacher's own are not read */
void vd_teacher_options(vd_section net);

/* 1 when this cfg is being read as the teacher's: what its [net] says of a training is not of the one that runs */
int vd_teacher_is_read(const char *filename);

/* Before the batches of any training of net: read the teacher, where that has not been done. Ends the program when a
 * file is missing or broken, when one of the two does not end in a [softmax], and when they differ in the size of their
 * pictures or the number of their outputs. The random numbers of the training do not notice */
void vd_teacher_begin(network *net);

/* between forward and backward pass of a sub-batch: its pictures are net->input, the gradient is in the [softmax] */
void vd_teacher_correct(network *net);

/* the path of its weights, for a comparison between ranks; null without a teacher */
const char *vd_teacher_weights(void);

#endif
