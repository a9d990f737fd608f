/* Every file the program writes, while the disk is full, a file may not grow, or its place is taken. */
#include "support/drawings.h"
#include "support/faulty_run.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* in the folder, where all paths below are relative */
#define CLASSIFIER                                                                               \
    "[net]\nbatch=20\nheight=28\nwidth=28\nchannels=1\nmax_crop=28\nflip=0\nseed=3\nadam=1\n"    \
    "max_batches=4\ncheckpoint=1\ncheckpoint_keep=3\n"                                           \
    "[vd_connected]\noutput=30\nactivation=relu\n[vd_connected]\noutput=10\nactivation=linear\n" \
    "[softmax]\n[vd_cost]\nsamples=40\n"
#define LONG_TRAINING                                                                         \
    "[net]\nbatch=1\nheight=4\nwidth=4\nchannels=1\nmax_crop=4\nflip=0\nseed=3\nmax_batches=" \
    "1000\ncheckpoint_minutes=0\n[connected]\noutput=10\nactivation=linear\n[softmax]\n"
#define DETECTOR                                                                                              \
    "[net]\nbatch=1\nwidth=32\nheight=32\nchannels=3\nmax_batches=2\nseed=1\n[vd_convolutional]\nfilters=7\n" \
    "size=8\nstride=8\nactivation=linear\n[yolo]\nanchors=8,8\nmask=0\nclasses=2\nnum=1\njitter=0\n"          \
    "ignore_thresh=.6\ntruth_thresh=1\n[vd_cost]\nsamples=24\n"

static void data_with(const char *name, const char *line)
{
    size_t n;
    char *data = read_bytes("set.data", &n), *text = vd_format("%s%s\n", data, line);
    write_text(name, text);
    free(data);
    free(text);
}

static void setup(void)
{
    enter_test_folder();
    draw_pictures(folder);
    draw_digits(folder, 40, 10);
    write_text("c.cfg", CLASSIFIER);
    write_text("l.cfg", LONG_TRAINING);
    write_text("d.cfg", DETECTOR);
    data_with("coco.data", "eval=coco");
    data_with("best.data", "validate=1\n");
    free_run(darknet(0, "classifier", "train", "digits/digits.data", "c.cfg", NULL));
    ck_assert_int_eq(rename("digits/backup/c.weights", "c.weights"), 0);
    ck_assert_int_eq(rename("digits/backup/c.csv", "runs.csv"), 0);
    free_run(darknet(0, "vd", "export", "c.cfg", "c.weights", "c", "-format", "onnx", NULL));
    free_run(darknet(0, "detector", "train", "set.data", "d.cfg", NULL));
    free_run(darknet(0, "partial", "d.cfg", "d_final.weights", "d.weights", "2", NULL));
}

enum { OUTPUTS = 4 };

/* a command and the files it writes */
static const struct {
    const char *argv[12];
    const char *outputs[OUTPUTS];
} writers[] = {
    {{"darknet", "classifier", "train", "digits/digits.data", "c.cfg"},
     {"digits/backup/c.weights", "digits/backup/c_1.weights", "digits/backup/c.checkpoint",
      "digits/backup/c.checkpoint.1"}},
    {{"darknet", "classifier", "train", "digits/digits.data", "l.cfg"},
     {"digits/backup/l.weights", "digits/backup/l.backup", "digits/backup/l_3.weights"}},
    {{"darknet", "detector", "train", "set.data", "d.cfg"}, {"d_final.weights"}},
    {{"darknet", "vd", "pack", "c.cfg", "c.weights", "c.vdw"}, {"c.vdw"}},
    {{"darknet", "vd", "pack", "c.cfg", "c.weights", "c.vdw", "-int8"}, {"c.vdw"}},
    {{"darknet", "vd", "export", "c.cfg", "c.weights", "small"}, {"small.weights", "small.cfg"}},
    {{"darknet", "vd", "export", "c.cfg", "c.weights", "small", "-format", "onnx"}, {"small.onnx"}},
    {{"darknet", "vd", "import", "c.onnx", "i"}, {"i.weights", "i-vd.cfg", "i.cfg"}},
    {{"darknet", "partial", "c.cfg", "c.weights", "p.weights", "1"}, {"p.weights"}},
    {{"darknet", "detector", "valid", "set.data", "d.cfg", "d.weights"},
     {"results/comp4_det_test_full.txt", "results/comp4_det_test_frame.txt"}},
    {{"darknet", "detector", "valid", "coco.data", "d.cfg", "d.weights"}, {"results/coco_results.json"}},
    {{"darknet", "detector", "test", "set.data", "d.cfg", "d.weights", "p0.png"}, {"predictions.jpg"}},
    {{"darknet", "detector", "test", "set.data", "d.cfg", "d.weights", "p0.png", "-out", "o"}, {"o.jpg"}},
    {{"darknet", "detector", "test", "set.data", "d.cfg", "d.weights", "p0.png", "-save_labels", "-out", "o.json"},
     {"o.json", "p0.txt", "predictions.jpg"}},
    {{"darknet", "detector", "calc_anchors", "set.data", "-width", "32", "-height", "32"},
     {"anchors.txt", "counters_per_class.txt"}},
    {{"darknet", "detector", "train", "best.data", "d.cfg"}, {"d_final.weights", "d_best.weights", "d_last.weights"}},
    {{"darknet", "vd", "split", "digits/digits.data", "10", "out.data"}, {"out.data", "out.train", "out.valid"}},
    {{"darknet", "vd", "plot", "runs.csv", "o.svg"}, {"o.svg"}},
    {{"darknet", "vd", "plot", "runs.csv", "o.png"}, {"o.png"}},
    {{"darknet", "vd", "sweep", "digits/digits.data", "c.cfg", "c.weights", "-step", "4", "-plot", "s.svg"}, {"s.svg"}},
    {{"darknet", "vd", "dataset", "digits", "drawn", "-train", "20", "-test", "20"},
     {"drawn/train.list", "drawn/labels.list", "drawn/digits.data", "drawn/test.list"}},
};

enum { WRITERS = COUNT_OF(writers) };

static const char old[] = "what stood here before\n";

/* put the old text in the place of every output; the complete ones go to new */
static void put_old(int w, char *new[OUTPUTS], size_t n[OUTPUTS])
{
    for (int i = 0; i < OUTPUTS && writers[w].outputs[i]; ++i) {
        if (!new[i]) new[i] = read_bytes(writers[w].outputs[i], n + i);
        ck_assert_msg(new[i] != 0, "%s is missing", writers[w].outputs[i]);
        remove(writers[w].outputs[i]);
        write_text(writers[w].outputs[i], old);
    }
}

/* every output is the old one or a complete new one, and no other file is left */
static void check_outputs(int w, char *new[OUTPUTS], const size_t n[OUTPUTS], const char *what)
{
    size_t m;
    for (int i = 0; i < OUTPUTS && writers[w].outputs[i]; ++i) {
        char *now = read_bytes(writers[w].outputs[i], &m);
        /* a new data set first removes the old .data file */
        if (!now && strstr(writers[w].outputs[i], "drawn/digits.data")) continue;
        /* the old checkpoint is renamed to .checkpoint.1, which leaves its place free */
        ck_assert_msg(now != 0, "%s: %s is gone", what, writers[w].outputs[i]);
        int is_checkpoint = strstr(writers[w].outputs[i], ".checkpoint") != 0;
        int is_complete =
            (m == strlen(old) && !memcmp(now, old, m)) || (m == n[i] && (is_checkpoint || !memcmp(now, new[i], m)));
        ck_assert_msg(is_complete, "%s: %s has %zu bytes of %zu", what, writers[w].outputs[i], m, n[i]);
        free(now);
    }
    ck_assert_msg(files_named(".", ".tmp-") == 0, "%s: a temporary file is left", what);
}

static void check_refusal(int w, run_result r, const char *what)
{
    const char *line = last_line(r);
    int named = 0;
    for (int i = 0; i < OUTPUTS && writers[w].outputs[i]; ++i) named |= strstr(line, writers[w].outputs[i]) != 0;
    named |= strstr(line, "drawn/") || strstr(line, "digits/backup/l_");
    ck_assert_msg(r.status == 1, "%s: status %d: %s", what, r.status, r.err);
    ck_assert_msg(named && (strstr(line, "not written") || strstr(line, "cannot write")), "%s: %s", what, r.err);
}

START_TEST(a_file_that_may_not_grow_leaves_the_old_one_and_is_named)
{
    char *new[OUTPUTS] = {0};
    size_t n[OUTPUTS], largest = 0;
    int injected = 0;
    free_run(run_with((fault){.file_limit = -1}, writers[_i].argv, 0));
    put_old(_i, new, n);
    for (int i = 0; i < OUTPUTS && writers[_i].outputs[i]; ++i)
        if (n[i] > largest) largest = n[i];
    const long limits[] = {0, 1, 20, (long)largest / 3, (long)largest / 2, (long)largest - 1};
    for (size_t k = 0; k < COUNT_OF(limits); ++k) {
        char *what = vd_format("%s %s, at most %ld bytes", writers[_i].argv[1], writers[_i].argv[2], limits[k]);
        run_result r = run_with((fault){.file_limit = limits[k], .ignores_limit = (int)k & 1}, writers[_i].argv, 0);
        check_refusal(_i, r, what);
        check_outputs(_i, new, n, what);
        put_old(_i, new, n);
        ++injected;
        free_run(r);
        free(what);
    }
    for (int i = 0; i < OUTPUTS && writers[_i].outputs[i]; ++i) free(new[i]);
    printf("faults: %d file size limits, %s %s\n", injected, writers[_i].argv[1], writers[_i].argv[2]);
}
END_TEST

/* the first output is a folder, or leads to a device that is full */
START_TEST(a_place_that_cannot_be_written_is_named)
{
    const char *place = writers[_i].outputs[0];
    run_result r = run_with((fault){.file_limit = -1}, writers[_i].argv, 0);
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    ck_assert_int_eq(remove(place), 0);
    ck_assert_int_eq(mkdir(place, 0700), 0);
    r = run_with((fault){.file_limit = -1}, writers[_i].argv, 0);
    int is_export = !strcmp(writers[_i].argv[2], "export");
    ck_assert_msg(r.status == 1 && strstr(last_line(r), place) &&
                      strstr(last_line(r), is_export ? "exists but is not a regular file" : "is a directory"),
                  "%d: %s", r.status, r.err);
    ck_assert_int_eq(files_named(".", ".tmp-"), 0);
    free_run(r);
    ck_assert_int_eq(rmdir(place), 0);

    ck_assert_int_eq(symlink("/dev/full", place), 0);
    r = run_with((fault){.file_limit = -1}, writers[_i].argv, 0);
    ck_assert_msg(r.status == 1 &&
                      strstr(last_line(r), is_export ? "exists but is not a regular file" : "No space left"),
                  "%d: %s", r.status, r.err);
    ck_assert_int_eq(files_named(".", ".tmp-"), 0);
    free_run(r);
    ck_assert_int_eq(remove(place), 0);

    printf("faults: 2 places that cannot be written, %s %s\n", writers[_i].argv[1], writers[_i].argv[2]);
}
END_TEST

/* a file system with room for the old files and a part of the new ones */
START_TEST(a_full_disk_leaves_the_last_good_files)
{
    enum { KIB = 4 };
    static const int sizes[] = {24, 96, 160, 280, 400, 560};
    size_t n;
    ck_assert_int_eq(mkdir("disk", 0700), 0);
    if (mount("tmpfs", "disk", "tmpfs", 0, "size=4k")) {
        skipped(1, vd_format("full file systems (mount: %s)", strerror(errno)));
        return;
    }
    umount("disk");
    write_text("full.data", "classes=10\ntrain=digits/train.list\nlabels=digits/labels.list\nbackup=disk\n");
    for (size_t k = 0; k < COUNT_OF(sizes); ++k) {
        char *options = vd_format("size=%dk", sizes[k]);
        ck_assert_int_eq(mount("tmpfs", "disk", "tmpfs", 0, options), 0);
        write_text("disk/c.weights", old);
        const char *const argv[] = {"darknet", "classifier", "train", "full.data", "c.cfg", 0};
        run_result r = run_with((fault){.file_limit = -1}, argv, 0);
        char *weights = read_bytes("disk/c.weights", &n);
        int full = r.status == 1 && strstr(last_line(r), "disk/c") && strstr(last_line(r), "No space left");
        int left = files_named("disk", ".tmp-");
        umount("disk");
        ck_assert_msg(full && n == strlen(old) && !memcmp(weights, old, n), "%s: status %d, %zu bytes: %s", options,
                      r.status, n, r.err);
        ck_assert_int_eq(left, 0);
        free_run(r);
        free(weights);
        free(options);
    }
    printf("faults: %d full file systems\n", COUNT_OF(sizes));
}
END_TEST

static const char *const talkers[][9] = {
    {"darknet", "vd", "report", "c.cfg", "c.weights"},
    {"darknet", "vd", "report", "c.cfg", "c.weights", "-json"},
    {"darknet", "vd", "bench", "c.cfg", "c.weights", "-seconds", "0.01"},
    {"darknet", "vd", "pack", "c.cfg", "c.weights", "c.vdw"},
    {"darknet", "vd", "export", "c.cfg", "c.weights", "small"},
    {"darknet", "vd", "dataset", "digits", "drawn", "-train", "20"},
    {"darknet", "vd", "-h"},
    {"darknet", "detector", "map", "set.data", "d.cfg", "d.weights"},
    {"darknet", "classifier", "valid", "digits/digits.data", "c.cfg", "c.weights"},
    {"darknet", "classifier", "predict", "digits/digits.data", "c.cfg", "c.weights", "p0.png"},
    {"darknet", "classifier", "train", "digits/digits.data", "c.cfg"},
    {"darknet", "ops", "c.cfg"},
};

START_TEST(an_output_that_goes_nowhere_ends_with_status_1)
{
    run_result r = run_with((fault){.file_limit = -1, .out = "/dev/full"}, talkers[_i], 0);
    ck_assert_msg(r.status == 1 && strstr(last_line(r), "standard output: cannot be written"), "%s %s: status %d: %s",
                  talkers[_i][1], talkers[_i][2], r.status, r.err);
    free_run(r);
    printf("faults: 1 full standard output, %s %s\n", talkers[_i][1], talkers[_i][2]);
}
END_TEST

SUITE_OF(faults)
{
    TIMEOUT(240);
    EACH(setup, leave_test_folder);
    LOOP(a_file_that_may_not_grow_leaves_the_old_one_and_is_named, WRITERS);
    LOOP(a_place_that_cannot_be_written_is_named, WRITERS);
    TEST(a_full_disk_leaves_the_last_good_files);
    LOOP(an_output_that_goes_nowhere_ends_with_status_1, COUNT_OF(talkers));
}
