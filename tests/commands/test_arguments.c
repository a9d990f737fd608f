/* commands/arguments.c: arguments of Darknet's own commands that are misspelt, missing or too many are named. */
#include "support/support.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *argv[10], *said;
} bad[] = {
    {{"classifier", "train", "d", "c", "w", "-resum"},
     "darknet classifier: unknown option -resum; see darknet classifier -h; for a file "},
    {{"classifier", "train", "-resum", "d", "c", "w"}, "unknown option -resum"},
    {{"classifier", "train", "d", "c", "-Clear"}, "unknown option -Clear"},
    {{"yolo", "train", "c", "-resume"}, "darknet yolo: unknown option -resume; options are -i "},
    {{"detector", "test", "d", "c", "w", "p", "-thresh", "x"}, "darknet detector: -thresh x is not a number"},
    {{"detector", "test", "d", "c", "w", "p", "-thresh", "nan"}, "darknet detector: -thresh nan is not a number"},
    {{"detector", "test", "d", "c", "w", "p", "-thresh", ""}, "darknet detector: -thresh  is not a number"},
    {{"detector", "test", "d", "c", "w", "p", "-thresh"}, "darknet detector: -thresh: a value is missing"},
    {{"classifier", "predict", "d", "c", "w", "p", "-t", "-5"}, "darknet classifier: -t -5 is less than 0"},
    {{"classifier", "predict", "d", "c", "w", "p", "-t", "5x"}, "darknet classifier: -t 5x is not an integer"},
    {{"detector", "test", "d", "-thresh", ".5"}, "usage: darknet detector COMMAND DATA CFG [WEIGHTS]"},
    {{"rnn", "generate", "c", "-len", "99999999999"}, "darknet rnn: -len 99999999999 is not an integer"},
    {{"partial", "c", "w", "out", "x"}, "darknet partial: x is not an integer"},
    {{"partial", "c", "w", "out", "-1"}, "darknet partial: -1 is less than 0"},
    {{"partial", "c", "w", "out"}, "usage: darknet partial CFG WEIGHTS OUT LAYERS"},
    {{"print", "c", "w", "2x"}, "darknet print: 2x is not an integer"},
    {{"nightmare", "c", "w", "p", "1", "-range", "0"}, "darknet nightmare: -range 0 is less than 1"},
    {{"mkimg", "c", "w", "0", "5", "1", "p"}, "darknet mkimg: 0 is less than 1"},
    {{"speed", "c", "often"}, "darknet speed: often is not an integer"},
    {{"classifier", "train", "d"}, "usage: darknet classifier COMMAND DATA CFG [WEIGHTS]"},
    {{"classifier", "train", "d", "-gpus", "0"}, "usage: darknet classifier COMMAND DATA CFG [WEIGHTS]"},
    {{"ops"}, "usage: darknet ops CFG"},
    {{"-i", "0"}, "usage: darknet COMMAND ..."},
    {{"-nogpu"}, "usage: darknet COMMAND ..."},
    {{"-strict"}, "usage: darknet COMMAND ..."},
    {{"vd", "nonsense", "-strict"}, "unknown verb nonsense"},
    {{"classifier", "-resume"}, "usage: darknet classifier COMMAND DATA CFG [WEIGHTS]"},
    {{"art", "c", "w"}, "art needs OpenCV or CUDA, but this program was built without them"},
    {{"-strict", "classifier", "train", "d", "c", "w", "resume"}, "darknet classifier: resume is not used; usage: "},
    {{"-strict", "classifier", "predict", "d", "c", "w", "p", "q"}, "darknet classifier: q is not used; usage: "},
    {{"-strict", "detector", "valid", "d", "c", "w", "p"}, "darknet detector: p is not used; usage: "},
    {{"nightmare", "c", "w", "p", "1", "-zoom", "0"}, "darknet nightmare: -zoom 0 is not above 0"},
    {{"nightmare", "c", "w", "p", "1", "-octaves", "0"}, "darknet nightmare: -octaves 0 is less than 1"},
    {{"classifier", "demo", "d", "c", "w"}, "demo needs OpenCV or CUDA, but this program was built without them"},
    {{"classifier", "gun", "d", "c", "w"}, "gun needs OpenCV or CUDA, but this program was built without them"},
    {{"detector", "test train", "x", "y"}, "darknet detector: unknown command test train; commands are test train "},
    {{"detector", "test", "d", "c", "-i=i"}, "darknet detector: unknown option -i=i; see darknet detector -h; "},
    {{"lsd", "traingan", "c", "w"}, "traingan needs OpenCV or CUDA, but this program was built without them"},
};

START_TEST(an_argument_that_does_not_fit_is_named)
{
    const char *argv[12] = {"darknet"};
    for (int i = 0; i < 10; ++i) argv[i + 1] = bad[_i].argv[i];
    run_result r = run(argv);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, bad[_i].said) != 0, "'%s': %s", bad[_i].said, r.err);
    ck_assert_ptr_eq(strchr(r.err, '\n'), r.err + strlen(r.err) - 1);
    free_run(r);
}
END_TEST

/* stock Darknet ends without a message, with status 0 */
START_TEST(a_word_no_command_knows_is_an_error)
{
    static const char *const commands[] = {"cifar", "classifier", "coco",      "detector", "go",  "isegmenter", "lsd",
                                           "rnn",   "regressor",  "segmenter", "super",    "tag", "yolo"};
    for (size_t i = 0; i < COUNT_OF(commands); ++i) {
        run_result r = darknet(1, commands[i], "tran", "d", "c", "w", NULL);
        char *said = vd_format("darknet %s: unknown command tran; commands are ", commands[i]);
        ck_assert_msg(!strncmp(r.err, said, strlen(said)) && strstr(r.err, " t"), "%s", r.err);
        free(said);
        free_run(r);
        free_run(darknet(1, commands[i], "", "d", "c", "w", NULL));
    }
}
END_TEST

START_TEST(options_may_stand_anywhere_and_numbers_be_negative)
{
    static const char *const good[][9] = {
        {"darknet", "detector", "-thresh", "-.5", "test", "no.data", "c", "w"},
        {"darknet", "detector", "test", "-gpus", "0", "no.data", "c", "w"},
        {"darknet", "detector", "test", "no.data", "c", "w", "-i", "-1"},
        {"darknet", "classifier", "predict", "no.data", "c", "w", "./-p.png", "-t", "3"},
    };
    for (size_t i = 0; i < COUNT_OF(good); ++i) {
        const char *argv[10] = {0};
        for (int k = 0; k < 9; ++k) argv[k] = good[i][k];
        run_result r = run(argv);
        ck_assert_msg(r.status == 1 && strstr(r.err, "No such file or directory"), "%s",
                      r.err); /* so the options were accepted */
        free_run(r);
    }
}
END_TEST

START_TEST(a_variable_that_says_nothing_is_named)
{
    static const char *const variables[][3] = {
        {"DARKNET_THREADS", "x", "DARKNET_THREADS=x is not an integer from 1 to"},
        {"DARKNET_THREADS", "0", "DARKNET_THREADS=0 is not an integer from 1 to"},
        {"DARKNET_IMAGE_CACHE", "-1", "DARKNET_IMAGE_CACHE=-1 is not an integer"},
        {"DARKNET_SPARSE", "2", "DARKNET_SPARSE=2 is not an integer from 0 to 1"},
        {"DARKNET_KERNELS", "mmx", "DARKNET_KERNELS=mmx: not available: this processor has c"}};
    for (size_t i = 0; i < COUNT_OF(variables); ++i) {
        char *before = getenv(variables[i][0]), *was = before ? vd_format("%s", before) : 0;
        setenv(variables[i][0], variables[i][1], 1);
        int ends = !strcmp(variables[i][0], "DARKNET_KERNELS"); /* the others are reported and ignored */
        run_result r = darknet(ends, "vd", "-h", NULL);
        ck_assert_msg(strstr(r.err, variables[i][2]) != 0, "%s: %s", variables[i][0], r.err);
        free_run(r);
        if (was) setenv(variables[i][0], was, 1);
        else unsetenv(variables[i][0]);
        free(was);
    }
}
END_TEST

START_TEST(help_lists_the_commands)
{
    run_result r = darknet(0, "-h", NULL), same = darknet(0, "--help", NULL), word = darknet(0, "help", NULL);
    static const char *const lines[] = {"\n  darknet vd VERB ... ", "\n  darknet detector COMMAND DATA CFG [WEIGHTS] ",
                                        "\n  darknet partial CFG WEIGHTS OUT LAYERS ", "man darknet-vd\n",
                                        " that give numbers; test has no DATA\n"};
    for (int i = 0; i < COUNT_OF(lines); ++i) ck_assert_msg(strstr(r.out, lines[i]) != 0, "%s: %s", lines[i], r.out);
    ck_assert_int_eq(count_of(r.out, "\n"), count_of(r.out, "  darknet ") + 2);
    ck_assert_str_eq(r.out, same.out);
    ck_assert_str_eq(r.out, word.out);
    ck_assert_str_eq(r.err, "");
    free_run(r), free_run(same), free_run(word);
}
END_TEST

SUITE_OF(arguments)
{
    TEST(help_lists_the_commands);
    LOOP(an_argument_that_does_not_fit_is_named, COUNT_OF(bad));
    TEST(a_word_no_command_knows_is_an_error);
    TEST(options_may_stand_anywhere_and_numbers_be_negative);
    TEST(a_variable_that_says_nothing_is_named);
}
