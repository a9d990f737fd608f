/* Small variational networks as texts, and a folder for their files. */
#ifndef TEST_VD_CFG_H
#define TEST_VD_CFG_H

#include "support/support.h"

#define NET "[net]\nbatch=2\nheight=6\nwidth=6\nchannels=2\n"
#define CONV "[vd_convolutional]\nfilters=4\nsize=3\n"
#define CONN "[vd_connected]\noutput=3\n"
#define ENDING "[vd_cost]\nsamples=10\n"

/* in the folder of the running test; nothing is written there yet */
extern char *cfg_path, *weights_path;

/* for EACH: the test's folder, with stderr silenced */
void make_cfg_folder(void);
void remove_cfg_folder(void);

/* a run that must have ended with status 1, and `expected` after the name of cfg_path. Exactly one line, the last,
 * names the file. Lines before it are rows of Darknet's layer table, "key: Using default ..." and the like; the message
 * may follow the number of a row that has begun */
void expect_message(run_result r, const char *cfg, const char *expected);

#endif
