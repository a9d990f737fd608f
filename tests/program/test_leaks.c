/* Under LeakSanitizer (`make leaks`) every command frees what it allocates; elsewhere each must end with status 0. */
#include "support/support.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char classifier_cfg[] =
    "[net]\nbatch=8\nsubdivisions=2\nheight=28\nwidth=28\nchannels=1\nlearning_rate=.001\nadam=1\nmax_batches=3\n"
    "max_crop=28\nseed=1\ncheckpoint=1\npolicy=steps\nsteps=1,2\nscales=.5,.5\n"
    "[vd_convolutional]\nfilters=4\nsize=5\nstride=2\nbatch_normalize=1\nactivation=relu\n"
    "[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=leaky\n[shortcut]\nfrom=-2\nactivation=linear\n"
    "[route]\nlayers=-1,-2\n[maxpool]\nsize=2\nstride=2\n[dropout]\nprobability=.2\n"
    "[vd_connected]\noutput=10\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=40\nfreeze_pruned=1\n";
static const char detector_cfg[] =
    "[net]\nbatch=4\nwidth=32\nheight=32\nchannels=1\nlearning_rate=.001\nmax_batches=3\nburn_in=2\n"
    "[vd_convolutional]\nfilters=4\nsize=3\nstride=4\npad=1\nbatch_normalize=1\nactivation=leaky\n"
    "[convolutional]\nfilters=12\nsize=1\nactivation=linear\n"
    "[yolo]\nclasses=1\nnum=3\nmask=0,1\nanchors=10,10,20,20,9,9\n[vd_cost]\nsamples=40\n";

static char *was; /* ASAN_OPTIONS before */

/* digits with labels, all of one class, for detectors, and a .data file for each kind of network */
static void setup(void)
{
    make_test_folder();
    was = getenv("ASAN_OPTIONS");
    was = was ? vd_format("%s", was) : 0;
    setenv("ASAN_OPTIONS", "detect_leaks=1", 1);
    draw_digits(folder, 40, 10);
    write_in_folder("c.cfg", classifier_cfg);
    write_in_folder("d.cfg", detector_cfg);
    write_in_folder("names", "digit\n");
    char *c = vd_format("classes=10\ntrain=%s/digits/train.list\nvalid=%s/digits/test.list\ntest=%s/digits/test.list\n"
                        "labels=%s/digits/labels.list\nbackup=%s\nshuffle=1\n",
                        folder, folder, folder, folder, folder);
    char *d = vd_format("classes=1\ntrain=%s/digits/train.list\nvalid=%s/digits/test.list\nnames=%s/names\nbackup=%s\n"
                        "results=%s\n",
                        folder, folder, folder, folder, folder);
    write_in_folder("c.data", c);
    write_in_folder("d.data", d);
    free(d), free(c);
    static const char *const lists[] = {"digits/train.list", "digits/test.list"};
    for (int i = 0; i < 2; ++i) {
        size_t n;
        char *path = in_folder(folder, lists[i]), *text = read_bytes(path, &n), *rest = text, *line;
        while ((line = strtok_r(rest, "\n", &rest))) {
            char *label = vd_format("%.*s.txt", (int)strlen(line) - 4, line);
            write_text(label, "0 .5 .5 .4 .6\n");
            free(label);
        }
        free(text), free(path);
    }
}

/* the fixture is not a process of its own: other suites follow */
static void teardown(void)
{
    if (was) setenv("ASAN_OPTIONS", was, 1);
    else unsetenv("ASAN_OPTIONS");
    free(was);
    remove_test_folder();
}

/* the commands, with F for the folder; in order, as later ones need what earlier ones write */
static const char *const commands[] = {
    "classifier train F/c.data F/c.cfg",
    "classifier train F/c.data F/c.cfg F/c.weights -clear -resume",
    "classifier train F/c.data F/c.cfg -topk",
    "classifier valid F/c.data F/c.cfg F/c.weights",
    "classifier valid10 F/c.data F/c.cfg F/c.weights",
    "classifier predict F/c.data F/c.cfg F/c.weights P",
    "classifier test F/c.data F/c.cfg F/c.weights",
    "vd report F/c.cfg F/c.weights -json",
    "vd pack F/c.cfg F/c.weights F/c.vdw -int8",
    "vd pack F/c.cfg F/c.weights F/tuned.vdw -rate 1 -tune F/c.data -epochs 1",
    "vd export F/c.cfg F/c.weights F/plain",
    "vd export F/c.cfg F/c.weights F/plain -calibrate F/c.data",
    "vd sweep F/c.data F/c.cfg F/c.weights -from 0 -to 1 -json",
    "vd split F/c.data 5 F/held-out.data",
    "classifier valid F/c.data F/c.cfg F/c.weights -calibration -samples 2",
    "vd bench F/c.cfg F/c.weights -seconds .01",
    "classifier valid F/c.data F/c.cfg F/c.vdw",
    "detector train F/d.data F/d.cfg",
    "detector train F/d.data F/d.cfg -map -mAP_epochs 2",
    "detector valid F/d.data F/d.cfg F/d_final.weights",
    "detector valid2 F/d.data F/d.cfg F/d_final.weights",
    "detector recall F/d.data F/d.cfg F/d_final.weights",
    "detector map F/d.data F/d.cfg F/d_final.weights",
    "detector test F/d.data F/d.cfg F/d_final.weights P -out F/boxes",
    "detector test F/d.data F/d.cfg F/d_final.weights P -ext_output -save_labels -thresh 0 -out F/",
};

static char *argument(const char *word)
{
    if (word[0] == 'F' && word[1] == '/') return in_folder(folder, word + 2);
    if (strcmp(word, "P") != 0) return vd_format("%s", word);
    size_t n;
    char *list = in_folder(folder, "digits/test.list"), *text = read_bytes(list, &n);
    text[strcspn(text, "\n")] = '\0';
    free(list);
    return text;
}

START_TEST(a_command_frees_all_it_has_asked_for)
{
    char *text = vd_format("%s", commands[_i]), *rest = text, *word;
    char *argv[16] = {"darknet"};
    int n = 1;
    while ((word = strtok_r(rest, " ", &rest))) argv[n++] = argument(word);
    run_result r = run((const char *const *)argv);
    ck_assert_msg(r.status == 0 && !strstr(r.err, "LeakSanitizer"), "%s: status %d\n%s", commands[_i], r.status, r.err);
    free_run(r);
    while (n > 1) free(argv[--n]);
    free(text);
}
END_TEST

/* only a program built with AddressSanitizer finds leaks; otherwise this shows that the commands end with status 0 */
SUITE_OF(leaks)
{
    ONCE(setup, teardown);
    LOOP(a_command_frees_all_it_has_asked_for, COUNT_OF(commands));
}
