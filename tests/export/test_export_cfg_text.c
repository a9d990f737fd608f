/* export/cfg_text.c: the text of an exported cfg, to the byte. */
#include "export/cfg_text.h"
#include "support/support.h"

#include <stdlib.h>

static void expect(const char *text, int n, const vd_cfg_change *changes, const char *expected)
{
    char *out = vd_cfg_text_export(text, n, changes);
    ck_assert_str_eq(out, expected);
    free(out);
}

START_TEST(a_plain_cfg_stays_as_it_is_to_the_byte)
{
    static const char text[] = "# head\n\n[net]\nbatch = 4\n  width=8\theight =8\n#note\n\n[convolutional]\nfilters=3\n"
                               "activation=leaky\n\n\n[maxpool]\nsize=2\n[connected]\noutput=2\n[softmax]";
    expect(text, 0, 0, text);
    expect(text, 4, (vd_cfg_change[4]){{0}}, text);
    expect("", 0, 0, "");
}
END_TEST

START_TEST(sections_get_their_long_names_and_keys_of_variational_layers_go)
{
    expect("[network]\nseed=3\ncheckpoint=5\ncheckpoint_minutes=1\ncheckpoint_keep = 2\nchannels=1\n"
           "[vd_convolutional]\nlog_sigma2=-8\nfilters=3\nthreshold=2\n"
           "[vd_conv]\ntrain_clip=1\nfilters=3\n  log_sigma2 = -8\n"
           "[conv]\nfilters=3\n[max]\nsize=2\n[avg]\n"
           "[vd_connected]\noutput=3\nlog_alpha=0\n\tthreshold=\t2\n"
           "[vd_conn]\noutput=2\n[conn]\noutput=2\n[soft]\n"
           "[vd_cost]\nsamples=10\n",
           9, (vd_cfg_change[9]){{0}},
           "[net]\nchannels=1\n"
           "[convolutional]\nfilters=3\n"
           "[convolutional]\nfilters=3\n"
           "[convolutional]\nfilters=3\n[maxpool]\nsize=2\n[avgpool]\n"
           "[connected]\noutput=3\n"
           "[connected]\noutput=2\n[connected]\noutput=2\n[softmax]\n");
}
END_TEST

/* hank-ai's parser ends on a key that it does not know; OpenCV takes classfix= and thresh= for something else */
START_TEST(keys_of_training_go)
{
    expect(
        "[net]\nbatch=64\nsubdivisions=8\nmax_crop=40\nmin_crop=30\nflip=0\nadam=1\nB1=.9\nangle=7\nhue=.1\n"
        "learning_rate=.1\nmomentum=.9\ndecay=1\npolicy=steps\nsteps=1,2\nscales=.1,.1\nburn_in=9\nmax_batches=10\n"
        "random=1\nhidden=1\ncenter=1\nwidth=8\nheight=4\nchannels=3\n"
        "[convolutional]\nlearning_rate=2\nstopbackward=1\ndontsave=0\nfilters=3\npad=1\nbinary=0\nflipped=1\ndot=0\n"
        "[dropout]\nprobability=.3\n"
        "[yolo]\nmask=0\nanchors=1,2\nclasses=3\nnum=1\njitter=.3\nignore_thresh=.7\ntruth_thresh=1\nrandom=1\nmax=9\n"
        "[region]\nanchors=1,2\nclasses=3\nnum=1\ncoords=4\nsoftmax=1\nbias_match=1\nclassfix=-1\nrescore=1\n"
        "object_scale=5\nabsolute=1\nthresh=.6\n[softmax]\nnoloss=1\n[cost]\ntype=sse\n",
        0, 0,
        "[net]\nbatch=64\nsubdivisions=8\nwidth=8\nheight=4\nchannels=3\n[convolutional]\nfilters=3\npad=1\n[dropout]\n"
        "[yolo]\nmask=0\nanchors=1,2\nclasses=3\nnum=1\n"
        "[region]\nanchors=1,2\nclasses=3\nnum=1\ncoords=4\nsoftmax=1\nthresh=.6\n[softmax]\n[cost]\n");
}
END_TEST

START_TEST(keys_of_no_section_and_second_ones_go)
{
    expect(
        "[net]\nbatch=1\nbatch=2\ncutmix=1\n[convolutional]\nfilters=3\nseed=4\nfilters=5\nfliters=2\n[net2]\nseed=1\n",
        1, (vd_cfg_change[1]){{0}}, "[net]\nbatch=1\n[convolutional]\nfilters=3\n[net2]\nseed=1\n");
}
END_TEST

START_TEST(comments_stay_where_they_are_and_lines_keep_their_endings)
{
    expect("# one\r\n[net]\r\n# two\r\nseed=1\r\nbatch=1\r\n\r\n; three\n[vd_conv]\r\n#threshold=1\r\nthreshold=1\r\n"
           "filters=8\r\nactivation=relu\r\n\r\n# cost\r\n[vd_cost]\r\n# N\r\nsamples=1\r\n",
           1, (vd_cfg_change[1]){{.set = "filters=5\nsize=1\n"}},
           "# one\r\n[net]\r\n# two\r\nbatch=1\r\n\r\n# three\n[convolutional]\r\nsize=1\r\n#threshold=1\r\n"
           "filters=5\r\nactivation=relu\r\n\r\n# cost\r\n# N\r\n");
}
END_TEST

/* Windows' Notepad writes one; the first section was none with it, and all changes were one layer off */
START_TEST(a_byte_order_mark_goes)
{
    expect("\xef\xbb\xbf[net]\r\nseed=1\r\nbatch=1\r\n[conv]\r\nfilters=3\r\n[conv]\r\nfilters=4\r\n", 2,
           (vd_cfg_change[2]){{.set = "filters=5\n"}, {.set = "filters=6\n"}},
           "[net]\r\nbatch=1\r\n[convolutional]\r\nfilters=5\r\n[convolutional]\r\nfilters=6\r\n");
    expect("\xef\xbb\xbf# head\n[net]\nbatch=1\n", 0, 0, "# head\n[net]\nbatch=1\n");
}
END_TEST

/* stock Darknet takes activation=leaky#x for relu, hank-ai's ;a=1 for a key */
START_TEST(comments_after_values_get_lines_of_their_own)
{
    expect("[net]\nwidth=8 # wide\n;a=1\n[conv] # first\nactivation=leaky ;x\nfilters=3 # many\nbinary=0 # "
           "none\n[soft];end",
           2, (vd_cfg_change[2]){{.set = "filters=7\n"}, {0}},
           "[net]\n# wide\nwidth=8\n#a=1\n# first\n[convolutional]\n#x\nactivation=leaky\n# "
           "many\nfilters=7\n#end\n[softmax]");
    expect("[net]\n[softmax]\ntree=a#1.tree # a\n", 1, (vd_cfg_change[1]){{0}},
           "[net]\n[softmax]\n# a\ntree=a#1.tree\n");
}
END_TEST

START_TEST(the_blank_lines_before_vd_cost_go_with_it)
{
    expect("[net]\n[softmax]\n\n[vd_cost]\nsamples=1\n\n", 1, (vd_cfg_change[1]){{0}}, "[net]\n[softmax]\n");
    expect("[net]\n[softmax]\n\n\n[vd_cost]\nsamples=1", 1, (vd_cfg_change[1]){{0}}, "[net]\n[softmax]\n");
    expect("[net]\n[softmax]\n\n", 1, (vd_cfg_change[1]){{0}}, "[net]\n[softmax]\n\n");
}
END_TEST

START_TEST(new_values_keep_the_spelling_of_the_line)
{
    static const vd_cfg_change changes[] = {
        {.set = "filters=7\n"}, {0}, {.set = "output=123456\n"}, {.set = "filters=2\nsize=1\n"}};
    expect("[net]\n[ vd_convolutional ]\n  filters = 20\t\nsize=3\n[convolutional]\nfilters=9\n"
           "[vd_connected]\noutput=5\n[convolutional]\nfilters=1 6 # many\nsize=1",
           4, changes,
           "[net]\n[convolutional]\n  filters = 7\t\nsize=3\n[convolutional]\nfilters=9\n"
           "[connected]\noutput=123456\n[convolutional]\n# many\nfilters=2\nsize=1");
}
END_TEST

START_TEST(values_that_a_section_lacks_come_after_its_name)
{
    static const vd_cfg_change changes[] = {{.set = "size=2\nstride=2\n", .put = "[maxpool]\nsize=1\n\n"},
                                            {.set = "activation=linear\n"}};
    expect("[net]\n# pool\n[max]\nstride=2\n\n[softmax]", 2, changes,
           "[net]\n# pool\n[maxpool]\nsize=1\n\n[maxpool]\nsize=2\nstride=2\n\n[softmax]\nactivation=linear\n");
}
END_TEST

START_TEST(a_line_with_the_same_numbers_stays)
{
    static const vd_cfg_change change = {.set = "anchors=10.5,14,23,27\nmask=0,1\nnum=2\n"};
    expect("[net]\n[yolo]\nanchors = 10.50,14,  23 , 27\nmask=0,2\nnum=+2\n", 1, &change,
           "[net]\n[yolo]\nanchors = 10.50,14,  23 , 27\nmask=0,1\nnum=+2\n");
    ck_assert(vd_cfg_same_value("leaky", "leaky"));
    ck_assert(!vd_cfg_same_value("leaky", "linear"));
    ck_assert(!vd_cfg_same_value("1,2", "1,2,3"));
    ck_assert(!vd_cfg_same_value("1,2,", "1,2"));
    ck_assert(!vd_cfg_same_value("1 6", "1"));
}
END_TEST

START_TEST(keys_to_drop_go_from_their_layers_alone)
{
    static const vd_cfg_change changes[] = {{.drop = " batch_normalize "}, {0}};
    expect("[net]\n[convolutional]\nbatch_normalize=1\nfilters=2\n[convolutional]\nbatch_normalize=1\nfilters=2\n", 2,
           changes, "[net]\n[convolutional]\nfilters=2\n[convolutional]\nbatch_normalize=1\nfilters=2\n");
}
END_TEST

SUITE_OF(export_cfg_text)
{
    TEST(a_plain_cfg_stays_as_it_is_to_the_byte);
    TEST(sections_get_their_long_names_and_keys_of_variational_layers_go);
    TEST(keys_of_training_go);
    TEST(keys_of_no_section_and_second_ones_go);
    TEST(comments_stay_where_they_are_and_lines_keep_their_endings);
    TEST(a_byte_order_mark_goes);
    TEST(comments_after_values_get_lines_of_their_own);
    TEST(the_blank_lines_before_vd_cost_go_with_it);
    TEST(new_values_keep_the_spelling_of_the_line);
    TEST(values_that_a_section_lacks_come_after_its_name);
    TEST(a_line_with_the_same_numbers_stays);
    TEST(keys_to_drop_go_from_their_layers_alone);
}
