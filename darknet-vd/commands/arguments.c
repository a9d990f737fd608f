#include "commands/arguments.h"
#include "commands/detector.h"
#include "base/fail.h"
#include "base/text.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* the value after an option's name: =i an integer, =n one from 0, =p one from 1, =f a finite number, =s anything;
 * without any of these the option has no value */
static const char everywhere[] = "-i=i -nogpu -strict";
#define CAMERA "-c=n -s=n -avg=p -prefix=s "

static const struct {
    const char *name, *usage;
    int least;           /* arguments needed, options not counted */
    const char *words;   /* allowed as the first argument; null: any */
    const char *options; /* besides those of `everywhere` */
    const char *numbers; /* the kind of each argument, as after =; a blank: anything */
} commands[] = {
    {"average", "CFG OUT WEIGHTS ...", 3, 0, "", 0},
    {"classify", "CFG WEIGHTS IMAGE", 3, 0, "", 0},
    {"denormalize", "CFG WEIGHTS OUT", 3, 0, "", 0},
    {"detect", "CFG WEIGHTS [IMAGE]", 2, 0, "-thresh=f -out=s -fullscreen", 0},
    {"3d", "IMAGE IMAGE OUT [MILLIMETRES]", 3, 0, "", "   f"},
    {"imtest", "IMAGE", 1, 0, "", 0},
    {"mkimg", "CFG WEIGHTS HEIGHT WIDTH NUMBER PREFIX", 6, 0, "", "  ppp"},
    {"nightmare", "CFG WEIGHTS IMAGE LAYER", 4, 0,
     "-range=p -norm=n -rounds=n -iters=n -octaves=n -zoom=f -rate=f -thresh=f -rotate=f -momentum=f -lambda=f "
     "-prefix=s -reconstruct -smooth=n",
     "   n"},
    {"normalize", "CFG WEIGHTS OUT", 3, 0, "", 0},
    {"oneoff", "CFG WEIGHTS OUT", 3, 0, "", 0},
    {"oneoff2", "CFG WEIGHTS OUT LAYERS", 4, 0, "", "   n"},
    {"ops", "CFG", 1, 0, "", 0},
    {"partial", "CFG WEIGHTS OUT LAYERS", 4, 0, "", "   n"},
    {"print", "CFG WEIGHTS LAYER", 3, 0, "", "  n"},
    {"rescale", "CFG WEIGHTS OUT", 3, 0, "", 0},
    {"reset", "CFG WEIGHTS OUT", 3, 0, "", 0},
    {"rgbgr", "CFG WEIGHTS OUT", 3, 0, "", 0},
    {"speed", "CFG [TICKS]", 1, 0, "", " n"},
    {"statistics", "CFG WEIGHTS", 2, 0, "", 0},
    {"test", "IMAGE", 1, 0, "", 0},
    {"visualize", "CFG [WEIGHTS]", 1, 0, "", 0},
    {"cifar", "COMMAND CFG [WEIGHTS]", 2, "train extract distill test multi csv csvtrain eval", "-resume", 0},
    {"classifier", "COMMAND DATA CFG [WEIGHTS]", 3,
     "predict fout try train test csv label valid validmulti valid10 validcrop validfull",
     "-gpus=s -c=n -t=n -clear -resume -skip-broken", 0},
    {"coco", "COMMAND CFG [WEIGHTS]", 2, "test train valid recall", CAMERA "-thresh=f", 0},
    {"detector", "COMMAND DATA CFG [WEIGHTS]", 3, "test train valid valid2 recall map calc_anchors",
     CAMERA "-thresh=f -hier=f -out=s -gpus=s -clear -resume -skip-broken -fullscreen -w=n -h=n -fps=n -class=n", 0},
    {"go", "COMMAND CFG [WEIGHTS]", 2, "train valid self test engine",
     "-gpus=s -clear -multi -anon -iters=n -resign=i -cpuct=f -temp=f -time=f", 0},
    {"isegmenter", "COMMAND DATA CFG [WEIGHTS]", 3, "test train", "-gpus=s -c=n -clear -display", 0},
    {"lsd", "COMMAND CFG [WEIGHTS]", 2, "gan inter test color", "-clear -display -b=n -file=s", 0},
    {"regressor", "COMMAND DATA CFG [WEIGHTS]", 3, "test train", "-gpus=s -c=n -clear", 0},
    {"rnn", "COMMAND CFG [WEIGHTS]", 2, "train valid validtactic vec generate generatetactic",
     "-file=s -seed=s -len=n -temp=f -srand=i -clear -tokenized -tokens=s", 0},
    {"segmenter", "COMMAND DATA CFG [WEIGHTS]", 3, "test train", "-gpus=s -c=n -clear -display", 0},
    {"super", "COMMAND CFG [WEIGHTS]", 2, "train test", "-clear", 0},
    {"tag", "COMMAND CFG [WEIGHTS]", 2, "train test", "-clear", 0},
    {"yolo", "COMMAND CFG [WEIGHTS]", 2, "test train valid recall", CAMERA "-thresh=f", 0},
};

/* commands that do nothing without OpenCV or CUDA */
static const char not_here[] = "art demo gun threat traingan trainprog traincolor";

/* the text after a word in a list of words, "" at its end; null when the list does not have the word */
static const char *after(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = words; n && (at = strstr(at, word)); at += n)
        if ((at == words || at[-1] == ' ') && (!at[n] || at[n] == ' ' || at[n] == '=')) return at + n;
    return 0;
}

static void check_value(const char *command, const char *what, const char *text, char kind)
{
    double x;
    long n = 0, least = kind == 'i' ? INT_MIN : kind == 'p';
    if (kind == 's' || kind == ' ') return;
    if (kind == 'f') {
        if (!vd_parse_double(text, &x)) vd_die("darknet %s: %s%s is not a number", command, what, text);
        return;
    }
    if (!vd_parse_long(text, &n) || n < INT_MIN || n > INT_MAX)
        vd_die("darknet %s: %s%s is not an integer", command, what, text);
    if (n < least) vd_die("darknet %s: %s%s is less than %ld", command, what, text, least);
}

/* a list of options without their kinds; the caller frees */
static char *names_of(const char *options)
{
    char *names = vd_format("%s", options), *to = names;
    for (const char *from = options; *from; from += *from == '=' ? 2 : 1)
        if (*from != '=') *to++ = *from;
    *to = 0;
    return names;
}

/* check the option at argv[i]; returns how many words it takes */
static int check_option(const char *command, const char *options, int argc, char **argv, int i)
{
    const char *kind = after(options, argv[i]);
    if (!kind) kind = after(everywhere, argv[i]);
    if (!kind)
        vd_die("darknet %s: unknown option %s; options are %s %s; for a file of this name write ./%s", command, argv[i],
               names_of(everywhere), names_of(options), argv[i]);
    if (*kind != '=') return 1;
    if (i + 1 == argc) vd_die("darknet %s: %s: a value is missing", command, argv[i]);
    char *what = vd_format("%s ", argv[i]);
    check_value(command, what, argv[i + 1], kind[1]);
    free(what);
    return 2;
}

static void check_is_here(const char *word)
{
    if (after(not_here, word)) vd_die("%s needs OpenCV or CUDA, but this program was built without them", word);
}

static void check_word(const char *command, const char *words, const char *word)
{
    check_is_here(word);
    if (!after(words, word)) vd_die("darknet %s: unknown command %s; commands are %s", command, word, words);
}

void vd_arguments_check(int argc, char **argv)
{
    const char *command = argv[1];
    int c = 0, given = 0, count = (int)(sizeof(commands) / sizeof(*commands));
    check_is_here(command);
    while (c < count && strcmp(command, commands[c].name)) ++c;
    if (c == count || vd_detector_has(argc, argv)) return;
    const char *numbers = commands[c].numbers;
    for (int i = 2; i < argc;) {
        if (argv[i][0] == '-' && isalpha((unsigned char)argv[i][1])) {
            i += check_option(command, commands[c].options, argc, argv, i);
            continue;
        }
        if (!given && commands[c].words) check_word(command, commands[c].words, argv[i]);
        if (numbers && given < (int)strlen(numbers)) check_value(command, "", argv[i], numbers[given]);
        ++given, ++i;
    }
    if (given < commands[c].least) vd_die("usage: darknet %s %s", command, commands[c].usage);
}
