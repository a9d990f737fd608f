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
    {"[conv]\nshare_index=0\n", "layer 0 [conv]: share_index=0 is a key of other Darknets that is not built here: the"},
    {"[vd_conv]\nshare_index=-1\n", "layer 0 [vd_conv]: share_index=-1 is a key"},
    {"[conv]\nantialiasing=1\n", "antialiasing=1 is a key"},
    {"[max]\nantialiasing=1\n", "layer 0 [max]: antialiasing=1 is a key"},
    {"[max]\nmaxpool_zero_nonmax=1\n", "layer 0 [max]: maxpool_zero_nonmax=1 is a key"},
    {"[reorg3d]\nreverse=1\n", "layer 0 [reorg3d]: reverse=1 is a key of other Darknets that is not built here"},
    {"[conv]\nfilters=3\n[shortcut]\nfrom=-1\nweights_type=per_feature\n", "[shortcut]: weights_type=per_feature is"},
    {"[crnn]\noutput=3\n", "[crnn]: output=3 is a key of other Darknets that is not built here: the filters of the"},
    {"[conv]\nactivation=normalize_channels\n",
     "[conv]: activation=normalize_channels is a function of other Darknets that is not built here"},
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

static const struct {
    const char *keys, *message;
} of_training[] = {
    {"cutmix=1\n[conv]\n", "[net]: cutmix=1 is a key of other Darknets that is not built here: training pictures get"},
    {"mixup=1\n[conv]\n", "[net]: mixup=1 is a key"},
    {"blur=1\n[conv]\n", "[net]: blur=1 is a key"},
    {"track=1\n[conv]\n", "[net]: track=1 is a key"},
    {"label_smooth_eps=.1\n[conv]\n", "[net]: label_smooth_eps=.1 is a key"},
    {"contrastive=1\n[conv]\n", "[net]: contrastive=1 is a key"},
    {"resize_step=16\n[conv]\n", "[net]: resize_step=16 is a key"},
    {"dynamic_minibatch=1\n[conv]\n", "[net]: dynamic_minibatch=1 is a key"},
    {"[conv]\nclip=.5\n", "layer 0 [conv]: clip=.5 is a key"},
    {"[conv]\n[dropout]\ndropblock=1\n", "layer 1 [dropout]: dropblock=1 is a key"},
};

static void train(const char *path)
{
    train_network_datum(parse_network_cfg((char *)path));
}

START_TEST(what_changes_a_training_ends_that_training_alone)
{
    char *cfg = vd_format("%s%s[cost]\n", head, of_training[_i].keys), *path = in_folder(folder, "c.cfg"), *err;
    ck_assert_int_eq(status_of(cfg, &err), 0);
    ck_assert_msg(!strstr(err, "other Darknets"), "%s", err);
    free(err);
    ck_assert_int_eq(in_child(train, path, &err), 1);
    ck_assert_msg(strstr(err, of_training[_i].message) != 0, "'%s' is not in: %s", of_training[_i].message, err);
    free(err), free(path), free(cfg);
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

START_TEST(a_data_file_has_all_keys_that_theirs_reads)
{
    char *data_file = in_folder(folder, "d.data"), *none = in_folder(folder, "none.cfg");
    write_text(data_file, "saveweights=100\nsavelast=5\nclasses=2\ndifficult=a list.txt\n");
    run_result r = darknet(1, "-strict", "detector", "train", data_file, none, (char *)0);
    ck_assert_msg(strstr(r.err, "none.cfg") && !strstr(r.err, "d.data"), "%s", r.err);
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
    LOOP(what_changes_a_training_ends_that_training_alone, COUNT_OF(of_training));
    TEST(values_that_change_nothing_and_keys_that_draw_are_silent);
    TEST(an_unknown_key_stays_a_warning);
    TEST(a_data_file_has_all_keys_that_theirs_reads);
    TEST(the_table_has_no_key_that_is_built);
}
