/* any text as a cfg: read, checked, its network made and freed */
#include "fuzz/fuzz.h"

#include <string.h>

void fuzz_begin(void)
{
}

void fuzz_one(const uint8_t *data, size_t n)
{
    free_network(parse_network_cfg(fuzz_file(data, n)));
}

static const char *const tails[] = {
    "[local]\nfilters=2\nsize=3\npad=1\n",
    "[deconvolutional]\nfilters=2\nsize=2\nstride=2\nbatch_normalize=1\n",
    "[crnn]\noutput_filters=2\nhidden_filters=3\n",
    "[rnn]\noutput=3\n",
    "[gru]\noutput=3\nbatch_normalize=1\n",
    "[lstm]\noutput=3\n",
    "[maxpool]\nsize=2\nstride=2\n[avgpool]\n[softmax]\ngroups=1\n",
    "[dropout]\nprobability=.4\n[cost]\ntype=smooth\nscale=2\n",
    "[lrn]\nsize=3\n[logistic]\n",
    "[convolutional]\nfilters=3\nsize=1\n[route]\nlayers=-1,-2\n[shortcut]\nfrom=-1\n[l2norm]\n",
    "[reorg]\nstride=2\n[upsample]\nstride=2\n[activation]\nactivation=leaky\n",
    "[crop]\ncrop_height=4\ncrop_width=4\n[batchnorm]\n",
    "[convolutional]\nfilters=14\nsize=1\n[yolo]\nclasses=2\nnum=3\nmask=0,2\nanchors=1,2,3,4,5,6\n",
    "[convolutional]\nfilters=14\nsize=1\n[region]\nclasses=2\nnum=2\nanchors=1,2,3,4\n",
    "[connected]\noutput=48\n[detection]\nclasses=2\nside=2\nnum=2\ncoords=4\n",
    "[convolutional]\nfilters=35\nsize=1\n[iseg]\nclasses=2\nids=33\n",
    "[vd_conv]\nfilters=4\nsize=3\ngroups=2\nlog_sigma2=-8\nthreshold=2\n[vd_conn]\noutput=2\nlog_alpha=-3\n[softmax]"
    "\n",
    "[conv] # one\nfilters = 2 #(1+1)\nsize=3;x\ndilation=1 # of others\n[softmax] ; loss\ntree = a#b.tree # c\n",
    "[conv]\nfilters=4\n[route]\nlayers=-1\ngroups=2\ngroup_id=1\n[conv]\nactivation=mish\n",
    "[vd_conn]\noutput=2\nbatch_normalize=1\n[softmax]\n[vd_cost]\nsamples=9\nkl_scale=.5\nkl_start=1\nkl_ramp=2\n"};

void fuzz_seeds(void)
{
    static const char head[] =
        "[net]\nbatch=4\nsubdivisions=2\nwidth=8\nheight=8\nchannels=2\npolicy=steps\nsteps=1,2\n"
        "scales=.1,.1\nmax_batches=3\n";
    char text[1024], name[16];
    fuzz_seed("vd", fuzz_cfg, strlen(fuzz_cfg));
    for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); ++i) {
        int n = snprintf(text, sizeof(text), "%s%s", head, tails[i]);
        snprintf(name, sizeof(name), "%zu", i);
        fuzz_seed(name, text, (size_t)n);
    }
}
