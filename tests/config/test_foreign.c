/* config/foreign.c: keys of other Darknets that would change shapes or numbers are errors, those that would not are
 * silent. */
#include "config/foreign.h"
#include "support/support.h"
#include "base/text.h"
#include "config/keys.h"

#include <stdlib.h>
#include <string.h>

#include "option_list.h"

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
    {"[crnn]\noutput=3\n", "[crnn]: output=3 is a key of other Darknets that is not built here: the filters of the"},
    {"[conv]\nactivation=normalize_channels\n",
     "[conv]: activation=normalize_channels is a function of other Darknets that is not built here"},
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
        if (!*k->section) ck_assert_msg(!vd_key_find(vd_every_layer_keys, k->name), "%s", k->name);
        else ck_assert_msg(!vd_key_in(k->section, k->name), "%s %s", k->section, k->name);
        if (*k->section) ck_assert_msg(vd_section_find(k->section) != 0, "%s", k->section);
    }
    for (const vd_foreign_name *s = vd_foreign_sections; s->name; ++s)
        ck_assert_msg(!vd_section_find(s->name), "%s", s->name);
}
END_TEST

/* ---- all that the parsers of AlexeyAB's (59596d78) and hank-ai's (v6) Darknet read ----
 *
 *   built     has a row in keys.h
 *   silent    it draws, logs or schedules, or needs a key that is not built
 *   training  changes trainings alone: an error when one begins
 *   refused   changes shapes or numbers: an error when the cfg is read */
static const struct {
    const char *section, *built, *silent, *training, *refused;
} theirs[] = {
    {"[net]",
     "B1 B2 adam angle aspect batch burn_in channels decay ema_alpha eps exposure flip gamma height hue inputs "
     "learning_rate learning_rate_min letter_box max_batches max_crop min_crop momentum mosaic mosaic_bound policy "
     "power "
     "saturation scale scales sgdr_cycle sgdr_mult step steps subdivisions time_steps width",
     "attention augment_speed contrastive_color contrastive_jit_flip loss_scale max_chart_loss optimized_memory "
     "seq_scales "
     "sequential_subdivisions show_receptive_field use_cuda_graph workspace_size_limit_MB",
     "adversarial_lr badlabels_rejection_percentage blur contrastive cutmix dynamic_minibatch equidistant_point "
     "gaussian_noise label_smooth_eps mixup num_sigmas_reject_badlabels resize_step track try_fix_nan unsupervised "
     "weights_reject_freq",
     ""},
    {"", "dontload dontloadscales learning_rate onlyforward stopbackward", "",
     "burnin_update clip dont_update train_only_bn", ""},
    {"[convolutional]",
     "activation batch_normalize binary dilation dot filters flipped groups pad padding size stride stride_x stride_y "
     "xnor",
     "angle stream wait_stream", "assisted_excitation grad_centr reverse",
     "antialiasing bin_output cbn coordconv rotate share_index stretch stretch_sway sway"},
    {"[connected]", "activation batch_normalize output", "", "", ""},
    {"[local]", "activation filters pad size stride", "", "", ""},
    {"[crnn]", "activation batch_normalize shortcut", "", "",
     "dilation groups hidden output pad padding size stride xnor"},
    {"[rnn]", "activation batch_normalize hidden logistic output shortcut", "", "", ""},
    {"[gru]", "batch_normalize output", "", "", ""},
    {"[lstm]", "batch_normalize output", "", "", ""},
    {"[softmax]", "groups noloss spatial temperature tree", "", "", ""},
    {"[yolo]",
     "anchors beta_nms classes cls_normalizer counters_per_class delta_normalizer focal_loss ignore_thresh iou_loss "
     "iou_normalizer iou_thresh iou_thresh_kind jitter label_smooth_eps map mask max max_delta new_coords nms_kind num "
     "obj_normalizer objectness_smooth random resize scale_x_y truth_thresh",
     "dets_for_show dets_for_track show_details sim_thresh track_ciou_norm track_history_size", "", "embedding_layer"},
    {"[region]",
     "absolute anchors bias_match class_scale classes classfix coord_scale coords jitter log map mask_scale max "
     "noobject_scale num object_scale random rescore softmax sqrt thresh tree",
     "", "focal_loss resize", ""},
    {"[detection]",
     "class_scale classes coord_scale coords forced jitter max noobject_scale num object_scale random reorg rescore "
     "side softmax sqrt",
     "", "resize", ""},
    {"[cost]", "ratio scale type", "", "", ""},
    {"[crop]", "angle crop_height crop_width exposure flip noadjust saturation shift", "", "", ""},
    {"[reorg]", "reverse stride", "", "", ""},
    {"[reorg3d]", "stride", "", "", "reverse"},
    {"[maxpool]", "maxpool_depth out_channels padding size stride stride_x stride_y", "", "",
     "antialiasing maxpool_zero_nonmax"},
    {"[dropout]", "probability", "dropblock_size_abs dropblock_size_rel", "dropblock", ""},
    {"[normalization]", "alpha beta kappa size", "", "", ""},
    {"[shortcut]", "activation from weights_normalization weights_type", "", "", ""},
    {"[activation]", "activation", "", "", ""},
    {"[upsample]", "scale stride", "", "", ""},
    {"[route]", "group_id groups layers", "stream wait_stream", "", ""},
};

static const char *const sections[] = {"[shortcut]",      "[scale_channels]", "[sam]",           "[crop]",
                                       "[cost]",          "[detection]",      "[region]",        "[yolo]",
                                       "[Gaussian_yolo]", "[local]",          "[conv]",          "[convolutional]",
                                       "[net]",           "[network]",        "[crnn]",          "[gru]",
                                       "[lstm]",          "[conv_lstm]",      "[history]",       "[rnn]",
                                       "[conn]",          "[connected]",      "[max]",           "[maxpool]",
                                       "[avg]",           "[local_avg]",      "[local_avgpool]", "[avgpool]",
                                       "[reorg]",         "[reorg3d]",        "[dropout]",       "[lrn]",
                                       "[normalization]", "[batchnorm]",      "[activation]",    "[soft]",
                                       "[softmax]",       "[contrastive]",    "[route]",         "[upsample]",
                                       "[empty]",         "[silence]",        "[blank]",         "[implicit]"};

static const vd_foreign_key *row_of(const char *section, const char *name)
{
    for (const vd_foreign_key *k = vd_foreign_keys; k->name; ++k)
        if (!strcmp(k->section, section) && !strcmp(k->name, name)) return k;
    return 0;
}

enum { IN_BUILT, IN_SILENT, IN_TRAINING, IN_REFUSED, LISTS };

static int list_of(int s, const char *name)
{
    const char *const lists[LISTS] = {theirs[s].built, theirs[s].silent, theirs[s].training, theirs[s].refused};
    size_t n = strlen(name);
    for (int i = 0; i < LISTS; ++i)
        for (const char *at = lists[i]; (at = strstr(at, name)); at += n)
            if ((at == lists[i] || at[-1] == ' ') && (at[n] == ' ' || !at[n])) return i;
    return LISTS;
}

static void expect_row(const char *section, const char *name, int list)
{
    const vd_foreign_key *row = row_of(section, name);
    const vd_key *built = *section ? vd_key_in(section, name) : vd_key_find(vd_every_layer_keys, name);
    ck_assert_msg((built != 0) + (row != 0) == 1, "%s %s", section, name);
    ck_assert_msg((built != 0) == (list == IN_BUILT), "%s %s", section, name);
    if (!row) return;
    ck_assert_msg((row->effect == 0) == (list == IN_SILENT), "%s %s", section, name);
    ck_assert_msg(row->training == (list == IN_TRAINING), "%s %s", section, name);
}

START_TEST(every_key_of_theirs_is_sorted)
{
    const char *const lists[LISTS] = {theirs[_i].built, theirs[_i].silent, theirs[_i].training, theirs[_i].refused};
    for (int i = 0; i < LISTS; ++i) {
        char *names = vd_format("%s", lists[i]), *rest = 0;
        for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(0, " ", &rest))
            expect_row(theirs[_i].section, name, i);
        free(names);
    }
}
END_TEST

START_TEST(the_table_has_only_keys_of_theirs)
{
    for (const vd_foreign_key *k = vd_foreign_keys; k->name; ++k) {
        int found = 0;
        for (int s = 0; s < COUNT_OF(theirs); ++s)
            if (!strcmp(k->section, theirs[s].section)) found |= list_of(s, k->name) < LISTS;
        ck_assert_msg(found, "%s %s", k->section, k->name);
    }
}
END_TEST

START_TEST(every_section_of_theirs_is_built_or_named)
{
    for (int i = 0; i < COUNT_OF(sections); ++i)
        ck_assert_msg((vd_section_find(sections[i]) != 0) + (vd_foreign_find(vd_foreign_sections, sections[i]) != 0) ==
                          1,
                      "%s", sections[i]);
}
END_TEST

/* a value of the row that is not harmless ends the cfg's reading, or a training, with the key's name and effect */
START_TEST(every_row_of_the_table_does_what_it_says)
{
    for (const vd_foreign_key *k = vd_foreign_keys; k->name; ++k) {
        list *options = make_list();
        const char *section = *k->section ? k->section : "[dropout]";
        char *line = vd_format("%s=7", k->name), *why;
        read_option(line, options);
        vd_section net = {"t.cfg", "[net]", -1, make_list()}, s = {"t.cfg", section, 0, options};
        if (!strcmp(section, "[net]")) s.index = -1;
        vd_foreign_check(net);
        if (k->effect && !k->training) continue; /* the test of refused keys ends the program with them */
        vd_foreign_check(s);
        why = vd_foreign_no_training();
        ck_assert_msg((why != 0) == (k->effect != 0), "%s", k->name);
        if (why) ck_assert(strstr(why, k->name) && strstr(why, k->effect) && strstr(why, section));
        free(why);
    }
}
END_TEST

static const vd_foreign_key *refused_row; /* for the child */

static void check_refused(const char *path)
{
    char *line = vd_format("%s=7", refused_row->name);
    list *options = make_list();
    read_option(line, options);
    vd_foreign_check((vd_section){path, refused_row->section, 3, options});
}

START_TEST(every_refused_row_ends_the_reading_with_its_name_and_effect)
{
    int tried = 0;
    for (const vd_foreign_key *k = vd_foreign_keys; k->name; ++k) {
        char *err;
        if (!k->section || !k->effect || k->training) continue;
        refused_row = k;
        ck_assert_int_eq(in_child(check_refused, "t.cfg", &err), 1);
        ck_assert_msg(strstr(err, k->section) && strstr(err, k->name) && strstr(err, k->effect), "%s: %s", k->name,
                      err);
        free(err);
        ++tried;
    }
    ck_assert_int_gt(tried, 10);
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
    LOOP(every_key_of_theirs_is_sorted, COUNT_OF(theirs));
    TEST(the_table_has_only_keys_of_theirs);
    TEST(every_section_of_theirs_is_built_or_named);
    TEST(every_row_of_the_table_does_what_it_says);
    TEST(every_refused_row_ends_the_reading_with_its_name_and_effect);
}
