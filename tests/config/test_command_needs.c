/* config/command_needs.c: a network is refused by a command that it is not made for. */
#include "support/support.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void setup(void)
{
    enter_test_folder();
    draw_digits(folder, 20, 10);
    write_text("c.cfg", "[net]\nbatch=1\nwidth=8\nheight=8\nchannels=1\n[connected]\noutput=10\n[softmax]\n");
    write_text("d.cfg", "[net]\nbatch=1\nwidth=8\nheight=8\nchannels=1\n[convolutional]\nfilters=15\nsize=1\n"
                        "[yolo]\nanchors=8,8\nmask=0\nclasses=10\nnum=1\n");
    ck_assert_int_eq(mkdir("cfg", 0700), 0);
    write_text("cfg/coco.data", "names=names\n"); /* of darknet detect */
    write_text("i.cfg", "[net]\nbatch=1\ninputs=3\n[connected]\noutput=3\n");
    write_text("vd.cfg", "[net]\nbatch=1\nwidth=8\nheight=8\nchannels=1\n[vd_convolutional]\nfilters=15\nsize=1\n"
                         "[yolo]\nanchors=8,8\nmask=0\nclasses=10\nnum=1\n[vd_cost]\nsamples=20\n");
}

#define DATA "digits/digits.data"
#define WORDS_OF_DETECTOR "train test valid valid2 recall map"
#define WORDS_OF_CLASSIFIER "train predict fout try test csv label valid validmulti valid10 validcrop validfull"

static const struct {
    const char *argv[7], *said;
} misfits[] = {
    {{"detector", "valid", DATA, "c.cfg"}, "c.cfg: 'darknet detector' needs a layer that detects objects"},
    {{"detector", "recall", DATA, "c.cfg"}, "c.cfg: 'darknet detector' needs a layer that detects objects"},
    {{"detector", "map", DATA, "c.cfg", "c.weights"}, "c.cfg: 'darknet detector' needs a layer that detects objects"},
    {{"detector", "test", DATA, "c.cfg", "c.weights", "x.png"},
     "c.cfg: 'darknet detector' needs a layer that detects objects"},
    {{"detector", "train", DATA, "c.cfg"}, "c.cfg: 'darknet detector' needs a layer that detects objects"},
    {{"yolo", "test", "c.cfg"}, "c.cfg: 'darknet yolo' needs a [detection] layer"},
    {{"yolo", "test", "d.cfg"},
     "d.cfg: layer 1 [yolo]: 'darknet yolo' reads the boxes of [detection] alone: use 'darknet detector'"},
    {{"coco", "valid", "d.cfg"}, "d.cfg: layer 1 [yolo]: 'darknet coco' reads the boxes of [detection] alone"},
    {{"classifier", "valid", DATA, "d.cfg"}, "d.cfg: layer 1 [yolo]: detects objects"},
    {{"classifier", "predict", DATA, "vd.cfg"}, "vd.cfg: layer 1 [yolo]: detects objects"},
    {{"classifier", "train", DATA, "vd.cfg"}, "vd.cfg: layer 1 [yolo]: detects objects"},
    {{"rnn", "generate", "c.cfg"},
     "c.cfg: 64 inputs and 10 outputs, but 'darknet rnn' needs 256 inputs and at least 256 outputs"},
    {{"rnn", "valid", "c.cfg"}, "'darknet rnn' needs 256 inputs and at least 256 outputs"},
    {{"cifar", "test", "c.cfg"},
     "c.cfg: 64 inputs and 10 outputs, but 'darknet cifar' needs 3072 inputs and at least 10 outputs"},
    {{"lsd", "gan", "i.cfg"}, "i.cfg: [net]: inputs=3, but 'darknet lsd' gives width x height x channels, 0x0x0"},
    {{"go", "test", "c.cfg"},
     "c.cfg: 64 inputs and 10 outputs, but 'darknet go' needs at most 1083 inputs and at least 362 outputs"},
};

START_TEST(a_network_of_another_kind_is_refused)
{
    const char *argv[9] = {"darknet"};
    for (int i = 0; i < 7; ++i) argv[i + 1] = misfits[_i].argv[i];
    run_result r = run(argv);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, misfits[_i].said) != 0, "'%s': %s", misfits[_i].said, r.err);
    free_run(r);
}
END_TEST

/* every command that reads pictures, and those of its words that do; DATA stands for a .data file */
static const struct {
    const char *command, *words, *data;
    int finds;
} readers[] = {
    {"detector", WORDS_OF_DETECTOR, DATA, 1},
    {"yolo", "train test valid recall", 0, 1},
    {"coco", "train test valid recall", 0, 1},
    {"detect", 0, 0, 1},
    {"classifier", WORDS_OF_CLASSIFIER, DATA, 0},
    {"classify", 0, 0, 0},
    {"regressor", "train", DATA, 0},
    {"segmenter", "train test", DATA, 0},
    {"isegmenter", "train test", DATA, 0},
    {"super", "train test", 0, 0},
    {"tag", "train test", 0, 0},
    {"lsd", "test color", 0, 0},
    {"nightmare", 0, 0, 0},
};

static void refuses(const char *const *argv, const char *said)
{
    run_result r = run(argv);
    ck_assert_msg(r.status == 1 && strstr(r.err, said), "%s %s: status %d, '%s' is not in: %s", argv[1], argv[2],
                  r.status, said, r.err);
    free_run(r);
}

/* darknet COMMAND [WORD] [DATA] m.cfg m.weights x.png 1 */
static void command_refuses(int reader, const char *word, const char *said)
{
    const char *argv[9] = {"darknet", readers[reader].command};
    int n = 2;
    if (word) argv[n++] = word;
    if (readers[reader].data) argv[n++] = readers[reader].data;
    argv[n++] = "m.cfg", argv[n++] = "m.weights";
    if (!word || strcmp(word, "map")) argv[n++] = "x.png", argv[n++] = "1";
    if (!strcmp(readers[reader].command, "classify")) argv[n - 1] = 0;
    refuses(argv, said);
}

START_TEST(pictures_need_a_network_of_their_channels)
{
    static const struct {
        const char *net, *said;
    } nets[] = {
        {"channels=2", "m.cfg: [net]: channels=2, but pictures of"},
        {"channels=4", "m.cfg: [net]: channels=4, but pictures of"},
        {"channels=6", "have 1 or 3"},
        {"channels=3\ninputs=100", "m.cfg: [net]: inputs=100, but"},
    };
    for (int i = 0; i < COUNT_OF(nets); ++i) {
        const char *body = readers[_i].finds
                               ? "[connected]\noutput=90\n[detection]\nclasses=5\ncoords=4\nside=3\nnum=1\n"
                               : "[connected]\noutput=10\n[softmax]\n";
        char *text = vd_format("[net]\nbatch=1\nwidth=8\nheight=8\n%s\n%s", nets[i].net, body);
        char *words = vd_format("%s", readers[_i].words ? readers[_i].words : "");
        write_text("m.cfg", text);
        if (!*words) command_refuses(_i, 0, nets[i].said);
        for (char *w = strtok(words, " "); w; w = strtok(0, " ")) command_refuses(_i, w, nets[i].said);
        free(text), free(words);
    }
}
END_TEST

START_TEST(names_inside_the_program_are_for_so_many_classes)
{
    static const struct {
        const char *command;
        int classes;
    } most[] = {{"yolo", 20}, {"coco", 80}};
    for (int more = 0; more < 2; ++more) {
        int classes = most[_i].classes + more, outputs = 9 * (classes + 5);
        char *said = vd_format("m.cfg: layer 1 [detection]: classes=%d, but 'darknet %s' has names for %d", classes,
                               most[_i].command, most[_i].classes);
        char *text = vd_format("[net]\nbatch=2\nwidth=8\nheight=8\nchannels=1\n[connected]\noutput=%d\n"
                               "[detection]\nclasses=%d\ncoords=4\nside=3\nnum=1\n",
                               outputs, classes);
        write_text("m.cfg", text);
        const char *argv[] = {"darknet", most[_i].command, "test", "m.cfg", "", "no.png", 0};
        refuses(argv, more ? said : "no.png");
        argv[2] = "train"; /* has no use for the names */
        if (more) refuses(argv, _i ? "coco.trainval.txt" : "train.txt");
        free(said), free(text);
    }
}
END_TEST

START_TEST(other_commands_take_any_network)
{
    free_run(darknet(0, "ops", "c.cfg", NULL));
    free_run(darknet(0, "ops", "d.cfg", NULL));
    /* as many symbols as the file of tokens has */
    write_text("t.cfg", "[net]\nbatch=1\ninputs=3\n[connected]\noutput=3\n[softmax]\n");
    write_text("tokens", "one\ntwo\nthree\n");
    free_run(darknet(0, "rnn", "generate", "t.cfg", "-tokens", "tokens", "-len", "2", "-seed", "", NULL));
}
END_TEST

SUITE_OF(command_needs)
{
    EACH(setup, leave_test_folder);
    LOOP(a_network_of_another_kind_is_refused, COUNT_OF(misfits));
    LOOP(pictures_need_a_network_of_their_channels, COUNT_OF(readers));
    LOOP(names_inside_the_program_are_for_so_many_classes, 2);
    TEST(other_commands_take_any_network);
}
