/* Which table of kernels a training runs with, and so in which type its variance path is: one table a type is in
 * question, the fastest of those in float, in bf16 and in fp16.
 *
 *   DARKNET_KERNELS=name     that table, always
 *   [net] seed=N             the one of the table of processors (kernels/processor.h), or, where a training is resumed,
 *                            that of its checkpoint
 *   a training without seed  the one that is fastest on a part of the network's variational products, timed once
 *                            for such a network: kernels/choice.h
 *   all else                 the one of the table of processors */
#ifndef VD_LAYER_KERNEL_CHOICE_H
#define VD_LAYER_KERNEL_CHOICE_H

#include "darknet.h"

#include <stdio.h>

/* a cfg's [net] is read: does it have a seed? */
void vd_kernel_choice_seeded(int seeded);

/* before each batch of any training; cheap once the choice is made */
void vd_kernel_choice_train(network *net);

/* what a checkpoint keeps: lines of a name and a word, the caller's to free; and a training goes on from them. path: of
 * the checkpoint, for a line on stderr where this processor lacks what the training began with */
char *vd_kernel_choice_text(void);
void vd_kernel_choice_resume(const char *text, const char *path);

/* print "kernels avx512, variance in float (table of processors)", without a newline */
void vd_kernel_choice_print(FILE *fp);

#endif
