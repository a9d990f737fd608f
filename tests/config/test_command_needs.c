/* config/command_needs.c: a network is refused by a command that it is not made for. */
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

static void setup(void)
{
    enter_test_folder();
    draw_digits(folder, 20, 10);
    write_text("c.cfg", "[net]\nbatch=1\nwidth=8\nheight=8\nchannels=1\n[connected]\noutput=10\n[softmax]\n");
    write_text("d.cfg", "[net]\nbatch=1\nwidth=8\nheight=8\nchannels=1\n[convolutional]\nfilters=15\nsize=1\n"
                        "[yolo]\nanchors=8,8\nmask=0\nclasses=10\nnum=1\n");
    write_text("vd.cfg", "[net]\nbatch=1\nwidth=8\nheight=8\nchannels=1\n[vd_convolutional]\nfilters=15\nsize=1\n"
                         "[yolo]\nanchors=8,8\nmask=0\nclasses=10\nnum=1\n[vd_cost]\nsamples=20\n");
}

#define DATA "digits/digits.data"
static const struct {
    const char *argv[7], *said;
} misfits[] = {
    {{"detector", "valid", DATA, "c.cfg"}, "c.cfg: 'darknet detector' needs a layer that detects objects"},
    {{"detector", "recall", DATA, "c.cfg"}, "c.cfg: 'darknet detector' needs a layer that detects objects"},
    {{"detector", "map", DATA, "c.cfg", "c.weights"}, "c.cfg: 'darknet detector' needs a layer that detects objects"},
    {{"detector", "test", DATA, "c.cfg", "c.weights", "x.png"},
     "c.cfg: 'darknet detector' needs a layer that detects objects"},
    {{"detector", "train", DATA, "c.cfg"}, "c.cfg: 'darknet detector' needs a layer that detects objects"},
    {{"yolo", "test", "c.cfg"}, "'darknet yolo' needs a layer that detects objects"},
    {{"classifier", "valid", DATA, "d.cfg"}, "d.cfg: layer 1 [yolo]: detects objects"},
    {{"classifier", "predict", DATA, "vd.cfg"}, "vd.cfg: layer 1 [yolo]: detects objects"},
    {{"classifier", "train", DATA, "vd.cfg"}, "vd.cfg: layer 1 [yolo]: detects objects"},
    {{"rnn", "generate", "c.cfg"},
     "c.cfg: 64 inputs and 10 outputs, but 'darknet rnn' needs 256 inputs and at least 256 outputs"},
    {{"rnn", "valid", "c.cfg"}, "'darknet rnn' needs 256 inputs and at least 256 outputs"},
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
    TEST(other_commands_take_any_network);
}
