/* config/schema.c, inputs.c: a bad value, key or line of a cfg or .data file is named before training starts. */
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char cfg_text[] =
    "[net]\nbatch=8\nheight=28\nwidth=28\nchannels=1\nlearning_rate=.01\nmax_batches=1\nmax_crop=28\n"
    "[convolutional]\nfilters=4\nsize=5\nstride=2\nactivation=leaky\n"
    "[maxpool]\nsize=2\nstride=2\n"
    "[connected]\noutput=10\nactivation=linear\n"
    "[softmax]\n";

static void setup(void)
{
    make_test_folder();
    draw_digits(folder, 40, 10);
}

/* text with the first `from` replaced, freed by the caller */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    ck_assert_msg(at != 0, "no %s", from);
    return vd_format("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* `classifier train` of a cfg in the folder on a data file there */
static run_result train(const char *data_name, const char *cfg, size_t n, const char *flag)
{
    char *path = in_folder(folder, "c.cfg"), *data_file = in_folder(folder, data_name);
    write_bytes(path, cfg, n);
    const char *const argv[] = {"darknet", "classifier", "train", data_file, path, flag, 0};
    run_result r = run(argv);
    free(data_file);
    free(path);
    return r;
}

/* the last line on stderr names the file and holds the message, and the status is 1 */
static void assert_refused(run_result r, const char *file, const char *message)
{
    char *line = r.err + strlen(r.err);
    if (line > r.err) --line;
    while (line > r.err && line[-1] != '\n') --line;
    ck_assert_msg(r.status == 1, "%s: status %d", message, r.status);
    ck_assert_msg(strstr(line, file) != 0 && strstr(line, message) != 0, "'%s' is not in: %s", message, line);
    free_run(r);
}

static const struct {
    const char *from, *to, *message;
} bad_cfgs[] = {
    {"batch=8", "batch=0", "[net]: batch=0 is not between 1 and"},
    {"batch=8", "batch=-3", "[net]: batch=-3 is not between"},
    {"batch=8", "batch=2147483648", "[net]: batch=2147483648 is not between"},
    {"batch=8", "batch=1e39", "[net]: batch=1e39 is not an integer"},
    {"batch=8", "batch=8\nsubdivisions=0", "[net]: subdivisions=0 is not between"},
    {"learning_rate=.01", "learning_rate=nan", "[net]: learning_rate=nan is not a number"},
    {"learning_rate=.01", "aspect=1e9", "[net]: aspect=1e9 is not between 0 and 1000"},
    {"learning_rate=.01", "learning_rate=1e39", "[net]: learning_rate=1e39 is not"},
    {"learning_rate=.01", "learning_rate=.01\npolicy=polly", "[net]: policy=polly is not known: expected "},
    {"learning_rate=.01", "learning_rate=.01\npolicy=steps\nsteps=1,2\nscales=.1", "2 steps and 1 scales"},
    {"learning_rate=.01", "learning_rate=.01\npolicy=steps", "0 steps and 0 scales"},
    {"learning_rate=.01", "steps=1,x", "[net]: steps=1,x: 'x' is not a number"},
    {"height=28", "height=-5", "[net]: height=-5 is not between"},
    {"filters=4", "filters=0", "layer 0 [convolutional]: filters=0 is not between"},
    {"filters=4", "filters=four", "layer 0 [convolutional]: filters=four is not an integer"},
    {"size=5", "size=0", "layer 0 [convolutional]: size=0 is not between"},
    {"stride=2", "stride=0", "layer 0 [convolutional]: stride=0 is not between"},
    {"leaky", "leaki", "layer 0 [convolutional]: activation=leaki is not known"},
    {"size=2", "size=0", "layer 1 [maxpool]: size=0 is not between"},
    {"[maxpool]", "[maxpol]", "layer 1 [maxpol]: unknown section; did you mean [maxpool]?"},
    {"output=10", "output=0", "layer 2 [connected]: output=0 is not between"},
    {"[convolutional]", "[dropout]\n[convolutional]", "layer 0 [dropout]: cannot be the first layer"},
    {"[convolutional]", "[cost]\n[convolutional]", "layer 0 [cost]: cannot be the first layer"},
    {"[softmax]", "[route]\n[softmax]", "layer 3 [route]: layers= (the layers to join) is missing"},
    {"[softmax]", "[route]\nlayers=-4\n[softmax]", "layer 3 [route]: layers=-4: -4 is not between -3 and 2"},
    {"[softmax]", "[route]\nlayers=0,3\n[softmax]", "layer 3 [route]: layers=0,3: 3 is not between -3 and 2"},
    {"[softmax]", "[shortcut]\n[softmax]", "layer 3 [shortcut]: from= (the layer to add) is missing"},
    {"[softmax]", "[shortcut]\nfrom=9\n[softmax]", "layer 3 [shortcut]: from=9: 9 is not between -3 and 2"},
    {"[softmax]", "[yolo]\nclasses=3\nanchors=1,2\n",
     "layer 3 [yolo]: reads 8 numbers per cell, but the previous layer has 10"},
    {"[softmax]", "[yolo]\nclasses=5\nanchors=1,2,3\n", "layer 3 [yolo]: anchors has 3 numbers, but num=1 needs 2"},
    {"[softmax]", "[yolo]\nclasses=5\nmask=1\nanchors=1,2\n", "layer 3 [yolo]: mask=1: 1 is not between 0 and 0"},
    {"[softmax]", "[region]\nclasses=3\ncoords=4\n", "layer 3 [region]: reads 8 numbers per cell"},
    {"[softmax]", "[detection]\nclasses=3\nside=1\n",
     "layer 3 [detection]: reads 5 numbers, but the previous layer has 10"},
    {"[softmax]", "[softmax]\ntree=nowhere.tree\n", "layer 3 [softmax]: tree=nowhere.tree: No such file"},
    {"[net]", "batch=3\n[net]", "line 1: batch=3 before the first section"},
};

START_TEST(a_bad_value_is_named)
{
    char *cfg = replaced(cfg_text, bad_cfgs[_i].from, bad_cfgs[_i].to);
    assert_refused(train("digits/digits.data", cfg, strlen(cfg), 0), "c.cfg: ", bad_cfgs[_i].message);
    free(cfg);
}
END_TEST

START_TEST(a_file_that_is_no_cfg_is_named)
{
    assert_refused(train("digits/digits.data", "", 0, 0), "c.cfg: ", "no sections");
    assert_refused(train("digits/digits.data", "[net]\nbatch=1\nwidth=2\nheight=2\nchannels=1\n", 42, 0),
                   "c.cfg: ", "[net]: no layers follow");
    assert_refused(train("digits/digits.data", "\0\0\1[net]\n\0\n", 11, 0), "c.cfg: ", "not a text file");
}
END_TEST

static const struct {
    const char *from, *to, *message;
} odd_keys[] = {
    {"learning_rate", "learnin_rate", "c.cfg: [net]: unknown key learnin_rate; did you mean learning_rate?\n"},
    {"size=2", "sise=2", "c.cfg: layer 1 [maxpool]: unknown key sise; did you mean size?\n"},
    {"size=2", "quantum=2", "c.cfg: layer 1 [maxpool]: unknown key quantum\n"},
    {"filters=4", "filters=4\nfilters=5",
     "c.cfg: layer 0 [convolutional]: filters is given twice: the first value is used\n"},
    {"learning_rate=.01", "learning_rate=.01\npolicy=steps\nsteps=3,20,10\nscales=.1,.1,.1",
     "c.cfg: [net]: steps: 10 stands behind 20, so its scale counts from batch 20\n"},
};

START_TEST(an_unknown_or_repeated_key_is_a_warning_and_with_strict_an_error)
{
    char *cfg = replaced(cfg_text, odd_keys[_i].from, odd_keys[_i].to);
    run_result r = train("digits/digits.data", cfg, strlen(cfg), 0);
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_msg(strstr(r.err, odd_keys[_i].message) != 0, "%s", r.err);
    free_run(r);
    r = train("digits/digits.data", cfg, strlen(cfg), "-strict");
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, odd_keys[_i].message) != 0, "%s", r.err);
    free_run(r);
    free(cfg);
}
END_TEST

/* every line of text ends in \r\n and the first begins with a byte order mark; freed by the caller */
static char *dos_text(const char *text)
{
    char *dos = vd_calloc(2 * strlen(text) + 4, 1), *to = dos + sprintf(dos, "\xef\xbb\xbf");
    for (; *text; ++text) {
        if (*text == '\n') *to++ = '\r';
        *to++ = *text;
    }
    return dos;
}

START_TEST(carriage_returns_and_a_byte_order_mark_change_nothing)
{
    size_t n;
    char *cfg = dos_text(cfg_text), *weights = vd_format("%s/digits/backup/c.weights", folder);
    char *seeded = replaced(cfg, "[net]", "[net]\r\nseed=1"), *plain = replaced(cfg_text, "[net]", "[net]\nseed=1");
    run_result r = train("digits/digits.data", plain, strlen(plain), "-strict");
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    char *a = read_bytes(weights, &n);
    static const char *const names[] = {"train", "labels"};
    for (int i = 0; i < 2; ++i) {
        char *path = vd_format("%s/digits/%s.list", folder, names[i]), *text = read_bytes(path, &n),
             *dos = dos_text(text);
        char *other = vd_format("%s/dos-%s.list", folder, names[i]);
        write_text(other, dos);
        free(other), free(dos), free(text), free(path);
    }
    char *data_text = vd_format(
        "classes=10\ntrain=%s/dos-train.list\nlabels=%s/dos-labels.list\nbackup=%s/digits/backup\nshuffle=1\n", folder,
        folder, folder);
    char *dos = dos_text(data_text), *data_file = in_folder(folder, "dos.data");
    write_text(data_file, dos);
    r = train("dos.data", seeded, strlen(seeded), "-strict");
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    char *b = read_bytes(weights, &n);
    ck_assert_int_eq(memcmp(a, b, n), 0);
    free(a), free(b), free(dos), free(data_text), free(data_file);
    free(seeded), free(plain), free(cfg), free(weights);
}
END_TEST

static const struct {
    const char *keys, *file, *message;
} bad_data[] = {
    {"classes=20\ntrain=digits/train.list\nlabels=digits/labels.list\n", "labels.list", "10 lines for 20 classes"},
    {"classes=0\n", "bad.data", "classes=0 is not between"},
    {"classes=\n", "bad.data", "classes has no value"},
    {"classes=ten\n", "bad.data", "classes=ten is not an integer"},
    {"classes=10\ntrain=empty\nlabels=digits/labels.list\n", "empty",
     "empty list: expected a line for each picture or class"},
    {"classes=10\ntrain=digits\nlabels=digits/labels.list\n", "digits", "is a directory"},
    {"classes=10\ntrain=nowhere\nlabels=digits/labels.list\n", "nowhere", "No such file"},
    {"classes=10\ntrain=digits/train.list\nlabels=empty\n", "empty",
     "empty list: expected a line for each picture or class"},
    {"classes=10\ntrain=pictures\nlabels=digits/labels.list\n", "/nowhere/0.png", "Couldn't open file"},
    {"tree=nowhere\n", "bad.data", "tree=nowhere: No such file"},
};

START_TEST(a_bad_data_file_is_named)
{
    static const char *const lists[] = {"train=", "labels="};
    char *text = vd_format("%sbackup=%s/digits/backup\n", bad_data[_i].keys, folder);
    for (int i = 0; i < 2; ++i) { /* complete the paths of the lists */
        char *at = strstr(text, lists[i]);
        if (!at) continue;
        char *to = vd_format("%s%s/", lists[i], folder), *whole = replaced(text, lists[i], to);
        free(to), free(text);
        text = whole;
    }
    char *path = in_folder(folder, "bad.data"), *empty = in_folder(folder, "empty"),
         *list = in_folder(folder, "pictures");
    write_text(path, text);
    write_text(empty, "");
    write_text(list, "/nowhere/0.png\n");
    assert_refused(train("bad.data", cfg_text, strlen(cfg_text), 0), bad_data[_i].file, bad_data[_i].message);
    free(list), free(empty), free(path), free(text);
}
END_TEST

SUITE_OF(schema)
{
    TIMEOUT(240);
    ONCE(setup, remove_test_folder);
    LOOP(a_bad_value_is_named, COUNT_OF(bad_cfgs));
    TEST(a_file_that_is_no_cfg_is_named);
    LOOP(an_unknown_or_repeated_key_is_a_warning_and_with_strict_an_error, COUNT_OF(odd_keys));
    TEST(carriage_returns_and_a_byte_order_mark_change_nothing);
    LOOP(a_bad_data_file_is_named, COUNT_OF(bad_data));
}
