/* What the tests of checkpoints share: trainings of one small network on drawn digits. */
#ifndef TEST_CHECKPOINT_SUPPORT_H
#define TEST_CHECKPOINT_SUPPORT_H

#include "support/support.h"

/* name: of the cfg; keys: of [net]; cost: those of [vd_cost] */
typedef struct {
    const char *name, *keys, *cost;
} training;

/* write the cfg of a training, with further keys of [net], to FOLDER/NAME.cfg; its path, which the caller frees */
char *write_training(training t, const char *keys);

#endif
