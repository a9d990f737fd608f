/* export/cfg_text.c: the text of an exported cfg, to the byte. */
#include "export/cfg_text.h"
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

static void expect(const char *text, int n, const vd_cfg_change *changes, const char *expected)
{
    char *out = vd_cfg_text_export(text, n, changes);
    ck_assert_str_eq(out, expected);
    free(out);
}

START_TEST(a_plain_cfg_stays_as_it_is_to_the_byte)
{
    static const char text[] = "# head\n\n[net]\nbatch = 4\n  width=8\theight =8\n;note\n\n[convolutional]\nfilters=3\n"
                               "activation=leaky\n\n\n[maxpool]\nsize=2\n[connected]\noutput=2\n[softmax]";
    expect(text, 0, 0, text);
    expect(text, 4, (vd_cfg_change[4]){{0}}, text);
    expect("", 0, 0, "");
}
END_TEST

START_TEST(sections_are_renamed_and_keys_of_variational_layers_go)
{
    expect("[net]\nseed=3\ncheckpoint=5\ncheckpoint_minutes=1\ncheckpoint_keep = 2\nadam=1\nflip=0\nchannels=1\n"
           "[vd_convolutional]\nlog_sigma2=-8\nfilters=3\nthreshold=2\n"
           "[vd_conv]\ntrain_clip=1\nfilters=3\n  log_sigma2 = -8\n"
           "[vd_connected]\noutput=3\nlog_alpha=0\n\tthreshold=\t2\n"
           "[vd_conn]\noutput=2\n"
           "[vd_cost]\nsamples=10\n",
           5, (vd_cfg_change[5]){{0}},
           "[net]\nadam=1\nflip=0\nchannels=1\n"
           "[convolutional]\nfilters=3\n"
           "[convolutional]\nfilters=3\n"
           "[connected]\noutput=3\n"
           "[connected]\noutput=2\n");
}
END_TEST

START_TEST(keys_of_the_same_name_elsewhere_stay)
{
    static const char text[] = "[net]\nbatch=1\n[convolutional]\nfilters=3\nseed=4\nthreshold=1\nlog_sigma2=0\n"
                               "[detection]\nthreshold=.5\n[net2]\nseed=1\n";
    expect(text, 1, (vd_cfg_change[1]){{0}}, text);
}
END_TEST

START_TEST(comments_stay_where_they_are_and_lines_keep_their_endings)
{
    expect("# one\r\n[net]\r\n# two\r\nseed=1\r\nbatch=1\r\n\r\n; three\n[vd_conv]\r\n#threshold=1\r\nthreshold=1\r\n"
           "filters=8\r\nactivation=relu\r\n\r\n# cost\r\n[vd_cost]\r\n# N\r\nsamples=1\r\n",
           1, (vd_cfg_change[1]){{.filters = 5}},
           "# one\r\n[net]\r\n# two\r\nbatch=1\r\n\r\n; three\n[convolutional]\r\n#threshold=1\r\n"
           "filters=5\r\nactivation=relu\r\n\r\n# cost\r\n# N\r\n");
}
END_TEST

START_TEST(comments_after_values_go)
{
    expect("[net] # head\nbatch = 4 # images\nmax_crop=8;x\n[vd_conv] ; one [x]\nfilters= 8#many\nsize=3\n", 1,
           (vd_cfg_change[1]){{.filters = 5}}, "[net]\nbatch=4\nmax_crop=8\n[convolutional]\nfilters=5\nsize=3\n");
}
END_TEST

START_TEST(the_blank_lines_before_vd_cost_go_with_it)
{
    expect("[net]\n[softmax]\n\n[vd_cost]\nsamples=1\n\n", 1, (vd_cfg_change[1]){{0}}, "[net]\n[softmax]\n");
    expect("[net]\n[softmax]\n\n\n[vd_cost]\nsamples=1", 1, (vd_cfg_change[1]){{0}}, "[net]\n[softmax]\n");
    expect("[net]\n[softmax]\n\n", 1, (vd_cfg_change[1]){{0}}, "[net]\n[softmax]\n\n");
}
END_TEST

START_TEST(new_numbers_of_filters_keep_the_spelling_of_the_line)
{
    static const vd_cfg_change changes[] = {{.filters = 7}, {0}, {.filters = 123456}, {.filters = 2}};
    expect("[net]\n[ vd_convolutional ]\n  filters = 20\t\nsize=3\n[convolutional]\nfilters=9\n"
           "[vd_connected]\noutput=5\n[convolutional]\nfilters=1 6 # many\nsize=1",
           4, changes,
           "[net]\n[convolutional]\n  filters = 7\t\nsize=3\n[convolutional]\nfilters=9\n"
           "[connected]\noutput=123456\n[convolutional]\nfilters=2\nsize=1");
}
END_TEST

START_TEST(batch_normalize_goes_from_fused_layers_alone)
{
    static const vd_cfg_change changes[] = {{.fused = 1}, {0}};
    expect("[net]\n[convolutional]\nbatch_normalize=1\nfilters=2\n[convolutional]\nbatch_normalize=1\nfilters=2\n", 2,
           changes, "[net]\n[convolutional]\nfilters=2\n[convolutional]\nbatch_normalize=1\nfilters=2\n");
}
END_TEST

START_TEST(flipped_goes_because_weights_are_written_as_they_lie_in_memory)
{
    expect("[net]\n[convolutional]\nflipped=1\nfilters=2\n", 1, (vd_cfg_change[1]){{0}},
           "[net]\n[convolutional]\nfilters=2\n");
}
END_TEST

SUITE_OF(export_cfg_text)
{
    TEST(a_plain_cfg_stays_as_it_is_to_the_byte);
    TEST(sections_are_renamed_and_keys_of_variational_layers_go);
    TEST(keys_of_the_same_name_elsewhere_stay);
    TEST(comments_stay_where_they_are_and_lines_keep_their_endings);
    TEST(comments_after_values_go);
    TEST(the_blank_lines_before_vd_cost_go_with_it);
    TEST(new_numbers_of_filters_keep_the_spelling_of_the_line);
    TEST(batch_normalize_goes_from_fused_layers_alone);
    TEST(flipped_goes_because_weights_are_written_as_they_lie_in_memory);
}
