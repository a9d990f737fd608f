/* Variational sections that are wrong: the error names file, layer, section, key and value, and nothing is written. */
#include "support/support.h"
#include "support/vd_cfg.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void expect_bad_cfg(const char *cfg, const char *expected)
{
    write_text(cfg_path, cfg);
    const char *const argv[] = {"darknet", "vd", "report", cfg_path, weights_path, 0};
    run_result r = run(argv);
    ck_assert_str_eq(r.out, "");
    expect_message(r, cfg, expected);
    free_run(r);
}

typedef struct {
    const char *cfg, *message; /* the part after the file's name */
} bad_cfg;

static void expect_bad_cfgs(const bad_cfg *cases, size_t n)
{
    for (size_t i = 0; i < n; ++i) expect_bad_cfg(cases[i].cfg, cases[i].message);
}

#define EXPECT_ALL(cases) expect_bad_cfgs(cases, sizeof(cases) / sizeof(*(cases)))

START_TEST(a_bad_value_of_a_variational_key_names_file_layer_section_key_and_value)
{
    static const bad_cfg cases[] = {
        {NET CONN "threshold=abc\n" ENDING, ": layer 0 [vd_connected]: threshold=abc is not a number"},
        {NET CONN "threshold=nan\n" ENDING, ": layer 0 [vd_connected]: threshold=nan is not a number"},
        {NET CONN "threshold=inf\n" ENDING, ": layer 0 [vd_connected]: threshold=inf is not a number"},
        {NET CONN "threshold=1e999\n" ENDING, ": layer 0 [vd_connected]: threshold=1e999 is not a number"},
        {NET CONV "threshold=abc\n" ENDING, ": layer 0 [vd_convolutional]: threshold=abc is not a number"},
        {NET CONV CONN "threshold=1e9\n" ENDING,
         ": layer 1 [vd_connected]: threshold=1e9 is not between -10000 and 10000"},
        {NET CONN "log_sigma2=-1e9\n" ENDING,
         ": layer 0 [vd_connected]: log_sigma2=-1e9 is not between -10000 and 10000"},
        {NET CONN "log_sigma2=x\n" ENDING, ": layer 0 [vd_connected]: log_sigma2=x is not a number"},
        {NET CONN "train_clip=2\n" ENDING, ": layer 0 [vd_connected]: train_clip=2 is not between 0 and 1"},
        {NET CONN "train_clip=-1\n" ENDING, ": layer 0 [vd_connected]: train_clip=-1 is not between 0 and 1"},
        {NET CONN "train_clip=0.5\n" ENDING, ": layer 0 [vd_connected]: train_clip=0.5 is not an integer"},
        {NET CONN "treshold=3\n" ENDING,
         ": layer 0 [vd_connected]: treshold is not a key of this section; did you mean threshold?"},
        {NET CONN "Threshold=3\n" ENDING,
         ": layer 0 [vd_connected]: Threshold is not a key of this section; did you mean threshold?"},
        {NET CONN "filters=3\n" ENDING, ": layer 0 [vd_connected]: filters is not a key of this section"},
        {NET CONN "samples=3\n" ENDING, ": layer 0 [vd_connected]: samples is not a key of this section"},
        {NET CONV "output=3\n" ENDING, ": layer 0 [vd_convolutional]: output is not a key of this section"},
        {NET CONN "threshold=3\nthreshold=4\n" ENDING, ": layer 0 [vd_connected]: threshold is given twice"},
        {NET CONN "output=3\n" ENDING, ": layer 0 [vd_connected]: output is given twice"},
    };
    EXPECT_ALL(cases);
}
END_TEST

START_TEST(a_key_without_a_value_is_named)
{
    static const bad_cfg cases[] = {
        {NET CONN "threshold\n" ENDING, ": layer 0 [vd_connected]: threshold has no value"},
        {NET CONN "train_clip\n" ENDING, ": layer 0 [vd_connected]: train_clip has no value"},
        {NET CONN "[vd_cost]\nsamples\n", ": layer 1 [vd_cost]: samples has no value"},
    };
    EXPECT_ALL(cases);
}
END_TEST

/* Darknet's reader of cfg files prints its own line about such a line */
START_TEST(a_key_with_an_empty_value_is_named)
{
    write_text(cfg_path, NET CONN "log_sigma2=\n" ENDING);
    const char *const argv[] = {"darknet", "vd", "report", cfg_path, weights_path, 0};
    run_result r = run(argv);
    char *expected = vd_format("%s: layer 0 [vd_connected]: log_sigma2 has no value\n", cfg_path);
    ck_assert_msg(r.status == 1 && strstr(r.err, expected), "status %d: %s", r.status, r.err);
    free(expected);
    free_run(r);
}
END_TEST

START_TEST(a_bad_value_of_a_stock_key_is_named_in_a_variational_section)
{
    static const bad_cfg cases[] = {
#define C "[vd_convolutional]\n"
#define AT0 ": layer 0 [vd_convolutional]: "
        {NET C "filters=0\n" ENDING, AT0 "filters=0 is not between 1 and 1048576"},
        {NET C "filters=-3\n" ENDING, AT0 "filters=-3 is not between 1 and 1048576"},
        {NET C "filters=abc\n" ENDING, AT0 "filters=abc is not an integer"},
        {NET C "filters=1.5\n" ENDING, AT0 "filters=1.5 is not an integer"},
        {NET C "filters=4\nsize=0\n" ENDING, AT0 "size=0 is not between 1 and 4096"},
        {NET C "filters=4\nstride=0\n" ENDING, AT0 "stride=0 is not between 1 and 4096"},
        {NET C "filters=4\npad=x\n" ENDING, AT0 "pad=x is not an integer"},
        {NET C "filters=4\npad=-1\n" ENDING, AT0 "pad=-1 is not between 0 and 4096"},
        {NET C "filters=4\npadding=x\n" ENDING, AT0 "padding=x is not an integer"},
        {NET C "filters=4\ngroups=0\n" ENDING, AT0 "groups=0 is not between 1 and 1048576"},
        {NET C "filters=3\ngroups=2\n" ENDING, AT0 "groups=2 does not divide 2 channels and 3 filters"},
        {NET C "filters=3\ngroups=3\n" ENDING, AT0 "groups=3 does not divide 2 channels and 3 filters"},
        {NET C "filters=4\ngroups=2\nflipped=1\n" ENDING,
         AT0 "flipped=1 does not work with groups: Darknet transposes the weights as one matrix"},
        {NET C "filters=4\nbinary=1\n" ENDING, AT0 "binary and xnor weights cannot be variational"},
        {NET C "filters=4\nxnor=1\n" ENDING, AT0 "binary and xnor weights cannot be variational"},
        {NET C "filters=4\nflipped=x\n" ENDING, AT0 "flipped=x is not an integer"},
        {NET C "filters=4\nnumload=5\n" ENDING, AT0 "numload=5 is not between 0 and 4"},
        {NET "[conv]\nfilters=4\nnumload=5\n" ENDING, ": layer 0 [conv]: numload=5 is not between 0 and 4"},
        {NET "[deconv]\nfilters=4\nsize=2\nnumload=5\n" ENDING, ": layer 0 [deconv]: numload=5 is not between 0 and 4"},
        {NET "[conv]\nfilters=4\ngroups=2\nflipped=1\n" ENDING,
         ": layer 0 [conv]: flipped=1 does not work with groups: Darknet transposes the weights as one matrix"},
        {NET C "filters=4\nbatch_normalize=yes\n" ENDING, AT0 "batch_normalize=yes is not an integer"},
        {NET C "filters=4\nactivation=rleu\n" ENDING, AT0 "activation=rleu is not known"},
        {NET C "filters=4\nsize=9\n" ENDING, AT0 "size=9 is larger than a side of 6 plus a padding of 0"},
        {NET C "filters=4\nsize=9\npadding=1\n" ENDING, AT0 "size=9 is larger than a side of 6 plus a padding of 2"},
        {NET "[vd_connected]\noutput=0\n" ENDING, ": layer 0 [vd_connected]: output=0 is not between 1 and 16777216"},
        {NET "[vd_connected]\noutput=-5\n" ENDING, ": layer 0 [vd_connected]: output=-5 is not between 1 and 16777216"},
        {NET "[vd_connected]\noutput=ten\n" ENDING, ": layer 0 [vd_connected]: output=ten is not an integer"},
        {NET CONN "learning_rate=x\n" ENDING, ": layer 0 [vd_connected]: learning_rate=x is not a number"},
        {NET CONN "activation=rleu\n" ENDING, ": layer 0 [vd_connected]: activation=rleu is not known"},
        {NET CONN "dontload=maybe\n" ENDING, ": layer 0 [vd_connected]: dontload=maybe is not an integer"},
        {NET CONV "[maxpool]\nsize=2\nstride=2\n" CONN "batch_normalize=2\n" ENDING,
         ": layer 2 [vd_connected]: batch_normalize=2 is not between 0 and 1"},
    };
    EXPECT_ALL(cases);
}
END_TEST

START_TEST(a_bad_cost_section_is_named)
{
    static const bad_cfg cases[] = {
#define AT1 ": layer 1 [vd_cost]: "
        {NET CONN "[vd_cost]\n", AT1 "samples=N (the number of training images) is missing"},
        {NET CONN "[vd_cost]\nsamples=0\n", AT1 "samples=0 is not between 1 and 9223372036854775807"},
        {NET CONN "[vd_cost]\nsamples=-5\n", AT1 "samples=-5 is not between 1 and 9223372036854775807"},
        {NET CONN "[vd_cost]\nsamples=1.5\n", AT1 "samples=1.5 is not an integer"},
        {NET CONN "[vd_cost]\nsamples=abc\n", AT1 "samples=abc is not an integer"},
        {NET CONN ENDING "kl_scale=x\n", AT1 "kl_scale=x is not a number"},
        {NET CONN ENDING "kl_start=x\n", AT1 "kl_start=x is not a number"},
        {NET CONN ENDING "kl_ramp=nan\n", AT1 "kl_ramp=nan is not a number"},
        {NET CONN ENDING "freeze_pruned=1\nfreeze_log_alpha=x\n", AT1 "freeze_log_alpha=x is not a number"},
        {NET CONN ENDING "freeze_pruned=1\nfreeze_log_alpha=nan\n", AT1 "freeze_log_alpha=nan is not a number"},
        {NET CONN ENDING "freeze_pruned=1\nfreeze_log_alpha=inf\n", AT1 "freeze_log_alpha=inf is not a number"},
        {NET CONN ENDING "freeze_pruned=1\nfreeze_log_alpha=-8.1\n",
         AT1 "freeze_log_alpha=-8.1 is not between -8 and 8"},
        {NET CONN ENDING "freeze_pruned=1\nfreeze_log_alpha=9\n", AT1 "freeze_log_alpha=9 is not between -8 and 8"},
        {NET CONN ENDING "freeze_log_alpha=4\n",
         AT1 "freeze_log_alpha needs freeze_pruned=N, the batches after which a weight is frozen"},
        {NET CONN ENDING "freeze_start=4\n",
         AT1 "freeze_start needs freeze_pruned=N, the batches after which a weight is frozen"},
        {NET CONN ENDING "freeze_pruned=1\nfreeze_start=x\n", AT1 "freeze_start=x is not a number"},
        {NET CONN ENDING "report=x\n", AT1 "report=x is not an integer"},
        {NET CONN ENDING "report=-1\n", AT1 "report=-1 is not between 0 and 2147483647"},
        {NET CONN ENDING "threshold=3\n", AT1 "threshold is not a key of this section"},
        {NET CONN ENDING "samples=11\n", AT1 "samples is given twice"},
        {NET CONN ENDING "type=sse\n", AT1 "type is not a key of this section"},
        {NET CONN ENDING "scale=2\n", AT1 "scale is not a key of this section"},
        {NET CONN ENDING CONN, AT1 "must be the last section, but layer 2 follows"},
        {NET CONN ENDING "[softmax]\n", AT1 "must be the last section, but layer 2 follows"},
        {NET CONN ENDING ENDING, AT1 "must be the last section, but layer 2 follows"},
        {NET ENDING, ": layer 0 [vd_cost]: cannot be the first layer"},
    };
    EXPECT_ALL(cases);
    /* the largest value has many digits: not compared */
    static const char *const negative[] = {"kl_scale=-1", "kl_start=-1", "kl_ramp=-1", "freeze_start=-1"};
    for (int i = 0; i < COUNT_OF(negative); ++i) {
        char *cfg = vd_format(NET CONN ENDING "freeze_pruned=1\n%s\n", negative[i]),
             *part = vd_format(AT1 "%s is not between 0 and", negative[i]);
        write_text(cfg_path, cfg);
        const char *const argv[] = {"darknet", "vd", "report", cfg_path, weights_path, 0};
        run_result r = run(argv);
        ck_assert_msg(r.status == 1 && strstr(r.err, part), "%s: status %d: %s", negative[i], r.status, r.err);
        free_run(r);
        free(cfg);
        free(part);
    }
}
END_TEST

START_TEST(an_unknown_section_is_named)
{
    static const bad_cfg cases[] = {
        {NET "[vd_conected]\noutput=3\n" ENDING,
         ": layer 0 [vd_conected]: unknown section; did you mean [vd_connected]?"},
        {NET CONN "[vd_costs]\nsamples=3\n", ": layer 1 [vd_costs]: unknown section; did you mean [vd_cost]?"},
        {NET CONN "[vd_cots]\nsamples=3\n", ": layer 1 [vd_cots]: unknown section; did you mean [vd_cost]?"},
        {NET "[VD_CONNECTED]\noutput=3\n" ENDING,
         ": layer 0 [VD_CONNECTED]: unknown section; did you mean [vd_connected]?"},
    };
    EXPECT_ALL(cases);
}
END_TEST

START_TEST(a_bad_value_of_our_net_keys_is_named)
{
    static const bad_cfg cases[] = {
#define MAX_LONG "9223372036854775807"
        {NET "seed=abc\n" CONN ENDING, ": [net]: seed=abc is not an integer"},
        {NET "seed=-1\n" CONN ENDING, ": [net]: seed=-1 is not between 0 and " MAX_LONG},
        {NET "seed=1.5\n" CONN ENDING, ": [net]: seed=1.5 is not an integer"},
        {NET "seed=99999999999999999999\n" CONN ENDING, ": [net]: seed=99999999999999999999 is not an integer"},
        {NET "flip=2\n" CONN ENDING, ": [net]: flip=2 is not between 0 and 1"},
        {NET "flip=no\n" CONN ENDING, ": [net]: flip=no is not an integer"},
        {"[net]\nbatch=1\nheight=6\nwidth=6\nchannels=x\n" CONN ENDING, ": [net]: channels=x is not an integer"},
        {"[net]\nbatch=1\nheight=6\nwidth=6\nchannels=-1\n" CONN ENDING,
         ": [net]: channels=-1 is not between 0 and 1048576"},
    };
    EXPECT_ALL(cases);
}
END_TEST

/* the programs that train read the cfg before anything else */
START_TEST(training_with_a_bad_cfg_ends_before_it_writes_anything)
{
    static const bad_cfg cases[] = {
        {NET CONN "threshold=abc\n[softmax]\n" ENDING, ": layer 0 [vd_connected]: threshold=abc is not a number"},
        {NET CONN "[softmax]\n[vd_cost]\n",
         ": layer 2 [vd_cost]: samples=N (the number of training images) is missing"},
        {NET CONN ENDING "[softmax]\n", ": layer 1 [vd_cost]: must be the last section, but layer 2 follows"},
        {NET "[vd_conected]\noutput=3\n" ENDING,
         ": layer 0 [vd_conected]: unknown section; did you mean [vd_connected]?"},
        {NET "seed=abc\n" CONN ENDING, ": [net]: seed=abc is not an integer"},
    };
    char *data = in_folder(folder, "some.data"), *text = vd_format("classes=3\nbackup=%s\n", folder);
    write_text(data, text);
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        write_text(cfg_path, cases[i].cfg);
        const char *const argv[] = {"darknet", "classifier", "train", data, cfg_path, 0};
        run_result r = run(argv);
        expect_message(r, cases[i].cfg, cases[i].message);
        ck_assert_int_eq(files_in(folder, ""), 2);
        free_run(r);
    }
    free(text);
    free(data);
}
END_TEST

SUITE_OF(bad_sections)
{
    TIMEOUT(240);
    EACH(make_cfg_folder, remove_cfg_folder);
    TEST(a_bad_value_of_a_variational_key_names_file_layer_section_key_and_value);
    TEST(a_key_without_a_value_is_named);
    TEST(a_key_with_an_empty_value_is_named);
    TEST(a_bad_value_of_a_stock_key_is_named_in_a_variational_section);
    TEST(a_bad_cost_section_is_named);
    TEST(an_unknown_section_is_named);
    TEST(a_bad_value_of_our_net_keys_is_named);
    TEST(training_with_a_bad_cfg_ends_before_it_writes_anything);
}
