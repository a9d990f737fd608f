/* config/lines.c: comments and blanks of a line of a cfg or .data file; and what the program makes of them. */
#include "config/lines.h"
#include "support/support.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *section, *line, *clean;
    int had_comment;
} cfg_lines[] = {
    {"[net]", "momentum=0.9 # as usual", "momentum=0.9", 1},
    {"[convolutional]", "filters=21 #(classes+5)*3", "filters=21", 1},
    {"[convolutional]", "filters=21#(classes+5)*3", "filters=21", 1},
    {"[net]", "batch=4 ;x", "batch=4", 1},
    {"[net]", "batch=4;x # y", "batch=4", 1},
    {"[net]", "  batch\t= 4 \r", "batch=4", 0},
    {"[net]", " b atch = 4", "batch=4", 0},
    {"[net]", "steps = 1, 2 ,3 , # 4", "steps=1,2,3,", 1},
    {"[net]", "batch=1 2", "batch=12", 0},
    {"[yolo]", "anchors = 10,13,  16,30", "anchors=10,13,16,30", 0},
    {"[yolo]", "mask = # 0,1", "mask=", 1},
    {"[yolo]", "map = my maps/a#1.map  # mine", "map=my maps/a#1.map", 1},
    {"[softmax]", "tree=a;b.tree ;c", "tree=a;b.tree", 1},
    {"[convolutional]", "activation=leaky # or relu", "activation=leaky", 1},
    {"[convolutional]", "unknown=1 # 2", "unknown=1", 1},
    {"[vd_conv]", "threshold = 2 # log alpha", "threshold=2", 1},
    {"[net]", "[ yolo ] # first = head", "[yolo]", 1},
    {"[net]", "[yolo];x", "[yolo]", 1},
    {"[net]", "batch # = 4", "batch", 1},
    {"[net]", "  # batch=4", "# batch=4", 0},
    {"[net]", ";batch=4", ";batch=4", 0},
    {"[net]", " \t ", "", 0},
    {0, "[net]", "[net]", 0},
    {"[net]", "", "", 0},
    {"[net]", "=", "=", 0},
    {"[net]", "=#", "=", 1},
};

START_TEST(a_line_of_a_cfg_is_cleaned)
{
    char *line = vd_format("%s", cfg_lines[_i].line);
    ck_assert_int_eq(vd_cfg_line(cfg_lines[_i].section, line), cfg_lines[_i].had_comment);
    ck_assert_str_eq(line, cfg_lines[_i].clean);
    free(line);
}
END_TEST

static const struct {
    const char *line, *clean;
} data_lines[] = {
    {"classes=2 # objects", "classes=2"},
    {"classes=2#objects", "classes=2"},
    {"train = my drive/train.txt", "train=my drive/train.txt"},
    {"\ttrain\t=\tmy drive/train.txt \r", "train=my drive/train.txt"},
    {"train=/a#1/b;c.txt # the small one", "train=/a#1/b;c.txt"},
    {"train = #1.txt", "train="},
    {"train=#1.txt", "train=#1.txt"},
    {"difficult=a b.txt", "difficult=a b.txt"},
    {"backup = my  results/", "backup=my  results/"},
    {"# classes=2", "# classes=2"},
};

START_TEST(a_line_of_a_data_file_is_cleaned)
{
    char *line = vd_format("%s", data_lines[_i].line);
    vd_data_line(line);
    ck_assert_str_eq(line, data_lines[_i].clean);
    free(line);
}
END_TEST

static const char plain[] = "[net]\nbatch=8\nheight=28\nwidth=28\nchannels=1\nlearning_rate=.01\nmax_batches=2\n"
                            "max_crop=28\nseed=3\npolicy=steps\nsteps=1,2\nscales=.5,.5\n"
                            "[connected]\noutput=10\nactivation=linear\n[softmax]\n";
static const char commented[] = "[net] # the input\nbatch=8 # images\nheight=28#x\nwidth=28 ;x\nchannels=1\n"
                                "learning_rate = .01 # small\nmax_batches=2\nmax_crop=28\nseed=3\npolicy=steps ; all\n"
                                "steps=1, 2 # batches\nscales = .5 , .5\n"
                                "[connected];one\noutput=10 # digits\nactivation=linear # logits\n[softmax] # loss\n";

/* the weights a training of this cfg gives */
static char *trained(const char *cfg, const char *data_file, size_t *n)
{
    char *path = in_folder(folder, "c.cfg"), *weights = vd_format("%s/my results/c.weights", folder);
    write_text(path, cfg);
    free_run(darknet(0, "classifier", "train", data_file, path, "-strict", (char *)0));
    char *bytes = read_bytes(weights, n);
    ck_assert(bytes != 0);
    free(weights), free(path);
    return bytes;
}

START_TEST(comments_and_blanks_train_what_stands_before_them)
{
    size_t n[2];
    draw_digits(folder, 40, 10);
    char *results = in_folder(folder, "my results"), *drive = in_folder(folder, "my drive"),
         *data_file = in_folder(folder, "d.data"), *from = in_folder(folder, "digits");
    const char *const mkdir[] = {"/bin/mkdir", results, 0}, *const mv[] = {"/bin/cp", "-r", from, drive, 0};
    free_run(run(mkdir)), free_run(run(mv));
    char *text = vd_format("classes = 10 # digits\n train = %s/train.list  # all\nlabels=%s/labels.list ; ten\n"
                           "backup = %s \n",
                           drive, drive, results);
    write_text(data_file, text);
    char *a = trained(plain, data_file, n), *b = trained(commented, data_file, n + 1);
    ck_assert_uint_eq(n[0], n[1]);
    ck_assert_int_eq(memcmp(a, b, n[0]), 0);
    free(a), free(b), free(text), free(from), free(data_file), free(drive), free(results);
}
END_TEST

SUITE_OF(lines)
{
    EACH(make_test_folder, remove_test_folder);
    LOOP(a_line_of_a_cfg_is_cleaned, COUNT_OF(cfg_lines));
    LOOP(a_line_of_a_data_file_is_cleaned, COUNT_OF(data_lines));
    TEST(comments_and_blanks_train_what_stands_before_them);
}
