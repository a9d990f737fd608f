/* config/foreign.c: keys of other Darknets that would change shapes or numbers are errors, those that would not are
 * silent. */
#include "config/foreign.h"
#include "support/support.h"
#include "base/text.h"
#include "config/keys.h"

#include <stdlib.h>
#include <string.h>

static const char head[] = "[net]\nbatch=1\nwidth=8\nheight=8\nchannels=3\n";

static void load(const char *path)
{
    free_network(parse_network_cfg((char *)path));
}

/* what a cfg gives: its status, and what it says in *err */
static int status_of(const char *cfg, char **err)
{
    char *path = in_folder(folder, "c.cfg");
    write_text(path, cfg);
    int status = in_child(load, path, err);
    free(path);
    return status;
}

static const struct {
    const char *cfg, *message;
} refused[] = {
    {"[conv]\nfilters=8\n[route]\nlayers=-1\ngroups=2\ngroup_id=1\n[conv]\nfilters=4\n",
     "layer 1 [route]: groups=2 is a key of other Darknets that is not built here: only one of that many groups"},
    {"[conv]\ndilation=2\nsize=3\n", "layer 0 [conv]: dilation=2 is a key"},
    {"[vd_conv]\ndilation=2\nsize=3\n", "layer 0 [vd_conv]: dilation=2 is a key"},
    {"[conv]\nstride=2\nstride_x=1\n", "layer 0 [conv]: stride_x=1 is a key"},
    {"[conv]\nantialiasing=1\n", "antialiasing=1 is a key"},
    {"[conv]\nclip=.5\n", "clip=.5 is a key"},
    {"[max]\nmaxpool_depth=1\nout_channels=1\n", "layer 0 [max]: maxpool_depth=1 is a key"},
    {"[conv]\nfilters=3\n[shortcut]\nfrom=-1\nweights_type=per_feature\n", "[shortcut]: weights_type=per_feature is"},
    {"[conv]\nfilters=7\n[yolo]\nclasses=2\nscale_x_y=1.05\n", "[yolo]: scale_x_y=1.05 is a key"},
    {"[conv]\nfilters=7\n[yolo]\nclasses=2\niou_loss=ciou\n", "[yolo]: iou_loss=ciou is a key"},
    {"[conv]\nfilters=7\n[yolo]\nclasses=2\nnew_coords=1\n", "[yolo]: new_coords=1 is a key"},
    {"[conv]\nfilters=7\n[yolo]\nclasses=2\niou_normalizer=.07\n", "[yolo]: iou_normalizer=.07 is a key"},
    {"[conv]\nfilters=7\n[yolo]\nclasses=2\ncounters_per_class=1,2\n", "[yolo]: counters_per_class=1,2 is a key"},
    {"[conv]\n[dropout]\ndropblock=1\n", "[dropout]: dropblock=1 is a key"},
    {"[crnn]\noutput=3\n", "[crnn]: output=3 is a key of other Darknets that is not built here: the filters of the"},
    {"[conv]\nactivation=mish\n", "[conv]: activation=mish is a function of other Darknets that is not built here"},
    {"[vd_conv]\nactivation=swish\n", "[vd_conv]: activation=swish is a function of other Darknets"},
    {"[conv]\n[scale_channels]\nfrom=-1\n", "layer 1 [scale_channels]: a section of other Darknets that is not built"},
    {"[conv]\n[Gaussian_yolo]\n", "layer 1 [Gaussian_yolo]: a section of other Darknets that is not built here"},
};

START_TEST(what_changes_shapes_or_numbers_is_an_error_that_names_it)
{
    char *cfg = vd_format("%s%s", head, refused[_i].cfg), *err;
    ck_assert_int_eq(status_of(cfg, &err), 1);
    ck_assert_msg(strstr(err, refused[_i].message) != 0, "'%s' is not in: %s", refused[_i].message, err);
    free(err), free(cfg);
}
END_TEST

static const char *const net_keys[] = {"mosaic=1",      "cutmix=1",       "mixup=1",
                                       "letter_box=1",  "ema_alpha=.9",   "blur=1",
                                       "track=1",       "policy=sgdr",    "label_smooth_eps=.1",
                                       "contrastive=1", "resize_step=16", "dynamic_minibatch=1"};

START_TEST(a_key_of_net_that_changes_the_training_is_an_error)
{
    char *cfg = vd_format("%s%s\n[conv]\n", head, net_keys[_i]), *err;
    ck_assert_int_eq(status_of(cfg, &err), 1);
    char *message = vd_format("[net]: %s is a ", net_keys[_i]);
    ck_assert_msg(strstr(err, message) != 0, "'%s' is not in: %s", message, err);
    free(message), free(err), free(cfg);
}
END_TEST

START_TEST(values_that_change_nothing_and_keys_that_draw_are_silent)
{
    static const char same[] = "learning_rate_min=.1\nmosaic=0\ntry_fix_nan=0\nmax_chart_loss=5\noptimized_memory=1\n"
                               "sequential_subdivisions=1\nletter_box=0\n"
                               "[conv]\nfilters=7\nstride=2\nstride_x=2\nstride_y=2\ndilation=1\nantialiasing=0\n"
                               "stream=1\nclip=0\n"
                               "[vd_conv]\nfilters=7\ndilation=1\nstride_x=1\n"
                               "[max]\nmaxpool_depth=0\nout_channels=4\nstride_y=1\n"
                               "[dropout]\nprobability=.2\ndropblock=0\n"
                               "[shortcut]\nfrom=-1\nweights_type=none\nweights_normalization=relu\n"
                               "[route]\nlayers=-1\ngroups=1\ngroup_id=0\n"
                               "[yolo]\nclasses=2\nscale_x_y=1.0\niou_loss=mse\nnew_coords=0\niou_normalizer=1.00\n"
                               "nms_kind=greedynms\nbeta_nms=0.6\nshow_details=0\nresize=1\niou_thresh=1\n";
    char *cfg = vd_format("%s%s", head, same), *err;
    ck_assert_int_eq(status_of(cfg, &err), 0);
    ck_assert_msg(!strstr(err, "key"), "%s", err);
    free(err), free(cfg);
}
END_TEST

START_TEST(an_unknown_key_stays_a_warning)
{
    char *cfg = vd_format("%s[conv]\nfiltres=3\ndialtion=1\n", head), *err;
    ck_assert_int_eq(status_of(cfg, &err), 0);
    ck_assert_msg(strstr(err, "unknown key filtres; did you mean filters?") != 0, "%s", err);
    ck_assert_msg(strstr(err, "unknown key dialtion") != 0, "%s", err);
    free(err), free(cfg);
}
END_TEST

START_TEST(a_data_file_too)
{
    char *data_file = in_folder(folder, "d.data"), *none = in_folder(folder, "none.cfg");
    write_text(data_file, "saveweights=100\nsavelast=5\nclasses=2\ndifficult=a list.txt\n");
    run_result r = darknet(1, "detector", "train", data_file, none, (char *)0);
    ck_assert_msg(strstr(r.err, "d.data: difficult=a list.txt is a key of other Darknets") != 0, "%s", r.err);
    ck_assert_msg(!strstr(r.err, "save"), "%s", r.err);
    free_run(r);
    free(none), free(data_file);
}
END_TEST

START_TEST(the_table_has_no_key_that_is_built)
{
    for (const vd_foreign_key *k = vd_foreign_keys; k->name; ++k) {
        if (k->section && !*k->section) ck_assert_msg(!vd_key_find(vd_every_layer_keys, k->name), "%s", k->name);
        else ck_assert_msg(!vd_key_in(k->section, k->name), "%s %s", k->section, k->name);
        if (k->section && *k->section) ck_assert_msg(vd_section_find(k->section) != 0, "%s", k->section);
    }
    for (const vd_foreign_name *s = vd_foreign_sections; s->name; ++s)
        ck_assert_msg(!vd_section_find(s->name), "%s", s->name);
}
END_TEST

SUITE_OF(foreign)
{
    EACH(make_test_folder, remove_test_folder);
    LOOP(what_changes_shapes_or_numbers_is_an_error_that_names_it, COUNT_OF(refused));
    LOOP(a_key_of_net_that_changes_the_training_is_an_error, COUNT_OF(net_keys));
    TEST(values_that_change_nothing_and_keys_that_draw_are_silent);
    TEST(an_unknown_key_stays_a_warning);
    TEST(a_data_file_too);
    TEST(the_table_has_no_key_that_is_built);
}
