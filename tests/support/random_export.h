/* Random networks of the sections that the exporter knows, pruned at random. */
#ifndef TEST_RANDOM_EXPORT_H
#define TEST_RANDOM_EXPORT_H

#include "support/support.h"

typedef enum {
    DRAW_GROUPS = 1,             /* a [route] with groups, too, which stock Darknet does not know */
    DRAW_ALL_ACTIVATIONS = 2,    /* and not only those of stock Darknet */
    DRAW_INTEGER_ACTIVATIONS = 4 /* those that -format c -int8 has */
} draw_flags;

/* network number `number`, the same for the same number and flags; *cfg is the caller's to free */
network *draw_network(int number, draw_flags flags, char **cfg);

#endif
