#include "commands/later_options.h"
#include "commands/words.h"
#include "commands/calibration.h"
#include "commands/detector.h"
#include "commands/test_output.h"
#include "training/validation.h"
#include "base/fail.h"
#include "base/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "darknet.h"

#define SHOWS "shows windows, which needs OpenCV"
#define SERVES "sends results over the network, which this program does not"
#define OF_DEMO "of `detector demo`, which needs OpenCV"
#define TIMES "times layers: see darknet vd bench"

static const char detector_usage[] =
    "usage: darknet detector COMMAND DATA CFG [WEIGHTS] [options]\n"
    "  train         [-clear] [-resume] [-map [-mAP_epochs 1] [-iou_thresh 0.5]] [-skip-broken]\n"
    "      -clear    begin at batch 0 with these weights\n"
    "      -resume   go on from the checkpoint\n"
    "      -map      where the data file has no validate=: print the mAP on its valid= list every -mAP_epochs epochs,\n"
    "                and keep the weights with the best one\n"
    "  test          WEIGHTS [PICTURE] [-thresh 0.5] [-ext_output] [-save_labels] [-out NAME] [-hier 0.5]\n"
    "                [-skip-broken]\n"
    "      PICTURE       without one, paths on standard input, one a line\n"
    "      -ext_output   print the place of each box, in pixels\n"
    "      -save_labels  write what is found as label files, where train looks for them\n"
    "      -out          NAME.json: detections as JSON; FOLDER/: each picture with its boxes; NAME: the last one\n"
    "  valid, valid2 [-out NAME] [-skip-broken]   write detections for VOC, COCO or ImageNet\n"
    "  recall        [-skip-broken]\n"
    "  map           see darknet detector map -h\n"
    "  calc_anchors  see darknet detector calc_anchors -h\n"
    "  -dont_show, -chart NAME, -dontuse_opencv change nothing; -strict makes warnings errors\n";
static const char classifier_usage[] =
    "usage: darknet classifier COMMAND DATA CFG [WEIGHTS] [options]\n"
    "  train    [-clear] [-resume] [-topk] [-skip-broken]\n"
    "      -clear    begin at batch 0 with these weights\n"
    "      -resume   go on from the checkpoint\n"
    "      -topk     where the data file has no validate=: print the error on its valid= list every epoch, also among\n"
    "                the first top= (5 without it), and keep the weights with the lowest error\n"
    "  predict  WEIGHTS [PICTURE] [-t N] [-skip-broken]; without PICTURE, paths on standard input, one a line\n"
    "  valid, validmulti, valid10, validcrop, validfull   [-skip-broken]\n"
    "      valid -calibration   NLL, Brier score, calibration error: see darknet classifier valid -calibration -h\n"
    "  test, label, csv, fout, try\n"
    "  -dont_show, -chart NAME, -dontuse_opencv change nothing; -strict makes warnings errors\n";

/* not built, and why */
static const struct {
    const char *name, *why;
} refused[] = {
    {"-mjpeg_port", SERVES},
    {"-json_port", SERVES},
    {"-http_post_host", SERVES},
    {"-show_imgs", SHOWS},
    {"-show", SHOWS},
    {"-benchmark", TIMES},
    {"-benchmark_layers", TIMES},
    {"-letter_box", "pictures keep their shape with letter_box=1 in [net]"},
    {"-avgframes", OF_DEMO},
    {"-dontdraw_bbox", OF_DEMO},
    {"-time_limit_sec", OF_DEMO},
    {"-out_filename", OF_DEMO},
    {"-json_file_output", OF_DEMO},
};

/* the number after an option that is there, which is taken out; `otherwise` where it is not there */
static double number_after(int argc, char **argv, const char *name, double otherwise, double least, double most)
{
    double value;
    const char *text = find_char_arg(argc, argv, (char *)name, 0);
    if (!text) return otherwise;
    if (!vd_parse_double(text, &value) || value < least || value > most)
        vd_die("darknet %s: %s %s is not a number from %g to %g", argv[1], name, text, least, most);
    return value;
}

static long integer_after(int argc, char **argv, const char *name, long otherwise)
{
    long value;
    const char *text = find_char_arg(argc, argv, (char *)name, 0);
    if (!text) return otherwise;
    if (!vd_parse_long(text, &value) || value < 1 || value > INT_MAX)
        vd_die("darknet %s: %s %s is not an integer from 1 to %d", argv[1], name, text, INT_MAX);
    return value;
}

/* find_char_arg() of a name that ends the line takes no value */
static void check_values(int argc, char **argv)
{
    static const char *const with_value[] = {"-mAP_epochs", "-iou_thresh", "-chart"};
    int n = vd_words_count(argc, argv);
    for (int i = 0; i < 3; ++i)
        if (!strcmp(argv[n - 1], with_value[i])) vd_die("darknet %s: %s: a value is missing", argv[1], with_value[i]);
}

static void refuse(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); ++i)
        if (vd_words_have(argc, argv, refused[i].name))
            vd_die("darknet %s: %s is not built here: %s", argv[1], refused[i].name, refused[i].why);
}

static void help(int argc, char **argv, int detector)
{
    if (!vd_word_is_help(argv[vd_words_count(argc, argv) - 1])) return;
    fputs(detector ? detector_usage : classifier_usage, stdout);
    exit(0);
}

void vd_later_options(int argc, char **argv)
{
    int detector = !strcmp(argv[1], "detector");
    if (!detector && strcmp(argv[1], "classifier")) return;
    refuse(argc, argv);
    if (vd_detector_has(argc, argv) || vd_calibration_has(argc, argv)) return; /* they read their own */
    help(argc, argv, detector);
    find_arg(argc, argv, "-dont_show"); /* nothing is shown */
    find_arg(argc, argv, "-dontuse_opencv");
    int topk = !detector && find_arg(argc, argv, "-topk"), map = detector && find_arg(argc, argv, "-map");
    if (detector) vd_test_output_options(argc, argv);
    check_values(argc, argv); /* of what is left: the word behind an option may have been one of those above */
    find_char_arg(argc, argv, "-chart", 0); /* nor drawn */
    if (!detector) {
        vd_validation_ask(topk, 0, topk);
        return;
    }
    long epochs = integer_after(argc, argv, "-mAP_epochs", 1);
    vd_validation_ask(map ? epochs : 0, number_after(argc, argv, "-iou_thresh", 0, 1e-6, 1), 0);
}
