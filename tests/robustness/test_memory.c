/* Memory runs out at the first allocation, at the second, and so on, in everything that reads, trains and writes. */
#include "support/memory.h"
#include "support/drawings.h"
#include "hooks/layer_plugin.h"
#include "training/checkpoint.h"
#include "data/picture.h"
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"
#include "commands/export.h"
#include "commands/pack.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* every allocation up to ONE_BY_ONE fails once; of the later ones SAMPLE, in equal steps */
enum { ONE_BY_ONE = 1000, SAMPLE = 100 };

static char *cfg, *weights, *packed, *data_file;
static network *net;

/* what a run tells its parent */
static struct {
    long asked;
    double sum; /* of what it has made */
} * told;

static const char text[] =
    "[net]\nbatch=2\nsubdivisions=2\nwidth=16\nheight=16\nchannels=3\nlearning_rate=.001\nseed=1\ncheckpoint=1\n"
    "adam=1\npolicy=steps\nsteps=10,20\nscales=.1,.1\n"
    "[vd_convolutional]\nfilters=3\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n[maxpool]\nsize=2\nstride=2\n"
    "[convolutional]\nfilters=4\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n[route]\nlayers=-1,-2\n"
    "[vd_convolutional]\nfilters=14\nsize=1\nactivation=linear\n"
    "[yolo]\nmask=0,1\nanchors=4,4,8,8\nclasses=2\nnum=2\njitter=.1\nignore_thresh=.6\ntruth_thresh=1\n"
    "[vd_cost]\nsamples=24\n";

static void setup(void)
{
    make_test_folder();
    draw_pictures(folder);
    cfg = in_folder(folder, "net.cfg");
    weights = in_folder(folder, "net.weights");
    packed = in_folder(folder, "net.vdw");
    data_file = in_folder(folder, "set.data");
    write_text(cfg, text);
    net = network_of(text, 0);
    fill_random(net->layers[0].weights, 81, 1);
    int talk = dup(2);
    silence_stderr();
    save_weights(net, weights);
    fflush(stderr);
    dup2(talk, 2);
    close(talk);
    free_run(darknet(0, "vd", "pack", cfg, weights, packed, NULL));
}

static void teardown(void)
{
    remove_test_folder();
    free_network(net);
    free(cfg), free(weights), free(packed), free(data_file);
}

/* ---- the cases; each runs in its own process ---- */

static void tell_sum(const float *x, size_t n)
{
    for (size_t i = 0; i < n; ++i) told->sum += x[i] * (double)(i % 7 + 1);
}

static void tell_weights(const network *of)
{
    for (int i = 0; i < of->n; ++i)
        if (of->layers[i].type == CONVOLUTIONAL) tell_sum(of->layers[i].weights, of->layers[i].nweights);
}

static void load_from(char *path)
{
    network *loaded = load_network(cfg, path, 0);
    tell_weights(loaded);
    free_network(loaded);
}

static void load(void)
{
    load_from(weights);
}

static void load_packed(void)
{
    load_from(packed);
}

static void train_step(void)
{
    data d = {.X = make_matrix(4, net->inputs), .y = make_matrix(4, net->truths)};
    for (int i = 0; i < 4; ++i) fill_random(d.X.vals[i], net->inputs, i + 1);
    train_network(net, d);
    tell_weights(net);
    free_data(d);
}

/* in threads, as a training does; -skip-broken checks labels and pictures first */
static void load_pictures(void)
{
    data d;
    list *options = read_data_cfg(data_file), *paths = get_paths(option_find_str(options, "train", 0));
    load_args args = get_base_args(net);
    args.paths = (char **)list_to_array(paths);
    args.n = 8;
    args.m = paths->size;
    args.classes = 2;
    args.num_boxes = 10;
    args.d = &d;
    args.threads = 4;
    args.type = DETECTION_DATA;
    pthread_join(load_data(args), 0);
    for (int i = 0; i < d.X.rows; ++i) tell_sum(d.X.vals[i], d.X.cols);
    free_data(d);
}

static char *out_path(void)
{
    return in_folder(folder, "out/net.weights");
}

static void save(void)
{
    char *path = out_path();
    save_weights(net, path);
    free(path);
}

static void write_checkpoint(void)
{
    float avg = 1;
    int count = 0;
    char *out = in_folder(folder, "out");
    layer_plugin_train_begin(net, out, "net", &avg, &count);
    *net->seen += 4;
    layer_plugin_train_batch(net);
    layer_plugin_train_end(net);
    free(out);
}

static void resume(void)
{
    float avg = 1;
    int count = 0;
    vd_checkpoint_resume();
    layer_plugin_train_begin(net, folder, "net", &avg, &count);
    tell_weights(net);
    layer_plugin_train_end(net);
}

static void pack(void)
{
    char *out = in_folder(folder, "out/net.vdw");
    char *argv[] = {"pack", cfg, weights, out, "-int8", 0};
    vd_pack_command(5, argv);
    free(out);
}

static void export(void)
{
    char *out = in_folder(folder, "out/net");
    char *argv[] = {"export", cfg, weights, out, "-fuse", "-compact", 0};
    vd_export_command(6, argv);
    free(out);
}

static const struct {
    const char *name;
    void (*run)(void);
    const char *files[4]; /* written to folder/out */
} cases[] = {{"load of cfg and weights", load, {0}},
             {"load of packed weights", load_packed, {0}},
             {"training step", train_step, {0}},
             {"load of pictures", load_pictures, {0}},
             {"save of weights", save, {"net.weights"}},
             {"save of a checkpoint", write_checkpoint, {"net.checkpoint"}},
             {"load of a checkpoint", resume, {0}},
             {"pack", pack, {"net.vdw"}},
             {"export", export, {"net.cfg", "net.weights"}}};

/* ---- the folder of outputs ---- */

static const char before[] = "what was there before";

static void put_old_files(int c)
{
    char *out = in_folder(folder, "out");
    if (mkdir(out, 0700)) ck_assert_int_eq(access(out, W_OK), 0);
    for (int i = 0; cases[c].files[i]; ++i) {
        char *path = in_folder(out, cases[c].files[i]);
        write_text(path, before);
        free(path);
    }
    free(out);
}

/* of a training, which goes on when it cannot be written */
static int is_log(const char *name)
{
    const char *ending = strrchr(name, '.');
    return ending && (!strcmp(ending, ".csv") || !strcmp(ending, ".html"));
}

/* each file is the old one or a complete new one; returns how many are new */
static int check_files(int c, const char *what, char *const *whole, const size_t *length)
{
    int expected = 0, found = 0, new = 0;
    char *out = in_folder(folder, "out");
    for (; cases[c].files[expected]; ++expected) {
        size_t n;
        char *path = in_folder(out, cases[c].files[expected]), *now = read_bytes(path, &n);
        ck_assert_msg(now != 0, "%s: %s is gone", what, path);
        int is_old = !strcmp(now, before);
        if (!is_old && whole) {
            ck_assert_msg(n == length[expected] && !memcmp(now, whole[expected], n), "%s: %s is not whole", what, path);
        }
        new += !is_old;
        free(now), free(path);
    }
    DIR *d = opendir(out);
    for (struct dirent *e; (e = readdir(d));) found += e->d_name[0] != '.' && !is_log(e->d_name);
    closedir(d);
    ck_assert_msg(found == expected, "%s: %d files in the folder instead of %d", what, found, expected);
    free(out);
    return new;
}

/* ---- a run ---- */

typedef struct {
    int status;
    long asked;
    double sum;
    char *err;
} outcome;

static outcome try(int c, long failing)
{
    if (!told) told = mmap(0, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    told->asked = 0;
    told->sum = 0;
    char *err = in_folder(folder, "err");
    int status;
    size_t n;
    fflush(0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        if (!freopen("/dev/null", "w", stdout) || !freopen(err, "w", stderr)) _exit(127);
        memory_fail_at(failing);
        cases[c].run();
        told->asked = memory_asked();
        memory_fail_at(0);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    outcome o = {.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), .asked = told->asked};
    o.sum = told->sum;
    o.err = read_bytes(err, &n);
    free(err);
    return o;
}

/* the last line has the size asked for; the lines before it are those of a command that succeeds */
static void check_words(const char *what, const char *err)
{
    size_t n = strlen(err);
    ck_assert_msg(n > 0 && err[n - 1] == '\n', "%s: %s", what, err);
    const char *last = err + n - 1;
    while (last > err && last[-1] != '\n') --last;
    const char *size = strstr(err, "out of memory: cannot allocate ");
    ck_assert_msg((size >= last && strstr(size, " bytes\n")) || strstr(last, "Cannot allocate memory\n"), "%s: %s",
                  what, err);
    ck_assert_msg(!size || !strstr(size + 1, "out of memory: cannot allocate "), "%s: %s", what, err);
}

START_TEST(an_allocation_that_fails_ends_with_one_line_and_leaves_files_alone)
{
    char what[128], *whole[4] = {0};
    size_t length[4] = {0};
    int failed = 0, went_on = 0;
    put_old_files(_i);
    if (cases[_i].run == resume) {
        char *from = in_folder(folder, "out/net.checkpoint"), *to = in_folder(folder, "net.checkpoint");
        outcome o = try(5, 0);
        ck_assert_msg(!o.status && !rename(from, to), "%s", o.err);
        free(o.err), free(from), free(to);
    }
    outcome good = try(_i, 0);
    ck_assert_msg(good.status == 0, "%s: status %d: %s", cases[_i].name, good.status, good.err);
    for (int i = 0; cases[_i].files[i]; ++i) {
        char *name = vd_format("out/%s", cases[_i].files[i]), *path = in_folder(folder, name);
        whole[i] = read_bytes(path, length + i);
        free(name), free(path);
    }
    ck_assert_int_eq(check_files(_i, cases[_i].name, whole, length) > 0, cases[_i].files[0] != 0);
    long step = good.asked > ONE_BY_ONE ? (good.asked - ONE_BY_ONE) / SAMPLE + 1 : 1;
    for (long k = 1; k <= good.asked; k += k < ONE_BY_ONE ? 1 : step) {
        snprintf(what, sizeof(what), "%s: allocation %ld of %ld", cases[_i].name, k, good.asked);
        put_old_files(_i);
        outcome o = try(_i, k);
        ck_assert_msg(o.status == 0 || o.status == 1, "%s: status %d: %s", what, o.status, o.err);
        if (o.status) check_words(what, o.err);
        else ck_assert_msg(o.sum == good.sum, "%s: %.17g instead of %.17g", what, o.sum, good.sum);
        int new = check_files(_i, what, whole, length);
        ck_assert_msg(o.status || !cases[_i].files[0] || new, "%s: nothing was written", what);
        o.status ? ++failed : ++went_on;
        free(o.err);
    }
    ck_assert_int_gt(failed, 0);
    printf("faults: %d allocations that fail, in %s, of %ld; the program continued in %d cases\n", failed + went_on,
           cases[_i].name, good.asked, went_on);
    for (int i = 0; i < 4; ++i) free(whole[i]);
    free(good.err);
}
END_TEST

static jmp_buf left;
static char said[512];

static void leave(const char *message)
{
    memory_fail_at(0);
    snprintf(said, sizeof(said), "%s", message);
    longjmp(left, 1);
}

START_TEST(a_picture_for_which_there_is_no_memory_is_named)
{
    char *path = in_folder(folder, "p3.png");
    static volatile long k, failed;
    volatile long asked = 1;
    vd_on_die(leave);
    for (k = 1; k <= asked; ++k) {
        memory_fail_at(k);
        if (setjmp(left)) {
            ++failed;
            asked = k + 1;
            ck_assert_msg(strstr(said, "p3.png") != 0, "allocation %ld: %s", k, said);
            ck_assert_msg(strstr(said, "out of memory: cannot allocate ") != 0, "allocation %ld: %s", k, said);
            continue;
        }
        image im = vd_picture(path, 3);
        asked = memory_asked();
        memory_fail_at(0);
        free_image(im);
    }
    vd_on_die(0);
    ck_assert_int_gt(failed, 1);
    free(path);
}
END_TEST

SUITE_OF(memory)
{
    TIMEOUT(240);
    EACH(setup, teardown);
    TEST(a_picture_for_which_there_is_no_memory_is_named);
    LOOP(an_allocation_that_fails_ends_with_one_line_and_leaves_files_alone, COUNT_OF(cases));
}
