#include "support/checkpoint_support.h"

#include "base/text.h"

#include <stdlib.h>

#define SIZES "[net]\nbatch=16\nsubdivisions=2\nheight=28\nwidth=28\nchannels=1\nangle=5\nflip=0\nmax_crop=32\n"
#define LAYERS                                                                                              \
    "[vd_convolutional]\nfilters=4\nsize=5\nstride=2\nbatch_normalize=1\nactivation=leaky\nlog_sigma2=-3\n" \
    "[dropout]\nprobability=.3\n"                                                                           \
    "[vd_connected]\noutput=20\nactivation=relu\nlog_sigma2=-3\n"                                           \
    "[connected]\noutput=10\nactivation=linear\n[softmax]\n"

char *write_training(training t, const char *keys)
{
    char *name = vd_format("%s.cfg", t.name), *path = in_folder(folder, name);
    char *text = vd_format(SIZES "seed=3\n%s%s" LAYERS "[vd_cost]\n%s", t.keys, keys, t.cost);
    write_text(path, text);
    free(text);
    free(name);
    return path;
}
