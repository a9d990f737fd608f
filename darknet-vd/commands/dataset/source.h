/* A data set of small pictures in ten classes, as it is read or drawn before it is written for Darknet. */
#ifndef VD_COMMANDS_DATASET_SOURCE_H
#define VD_COMMANDS_DATASET_SOURCE_H

#include "commands/dataset/digits.h"

#include <stddef.h>
#include <stdint.h>

enum { VD_TRAIN, VD_TEST, VD_SPLITS };
enum { VD_CLASSES = 10 };

typedef struct {
    int width, height, channels; /* of every picture; 1 channel is grey, 3 are RGB */
    const char *const *classes;  /* [10] names */
    const char *mark;            /* what a picture's path has in front of the name of its class */
    size_t count[VD_SPLITS];
    unsigned char *pixels[VD_SPLITS]; /* [count][height][width][channels], owned; null where digits are drawn */
    unsigned char *labels[VD_SPLITS]; /* [count], owned: 0 to 9; null where digits are drawn */
    vd_digits *digits;                /* owned; null unless digits are drawn, by seed, into drawn */
    uint64_t seed;
    unsigned char drawn[VD_DIGITS_SIDE * VD_DIGITS_SIDE];
} vd_source;

#endif
