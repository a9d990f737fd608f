#include "config/command_needs.h"
#include "base/fail.h"
#include "base/text.h"
#include "config/heads.h"

#include <string.h>

#include "network.h"

/* OBJECTS: any layer that detects them; OBJECTS_OF_GRID: [detection] */
typedef enum { ANY, OBJECTS, OBJECTS_OF_GRID, NO_OBJECTS } kind;

/* what a command puts into the network: anything, planes of width x height, or pictures,
 * which have one plane or three */
typedef enum { NUMBERS, PLANES, PICTURES } input;

enum { SYMBOLS = 256, BOARD = 19 * 19, CIFAR_PICTURE = 32 * 32 * 3, CIFAR_CLASSES = 10, COCO = 80, VOC = 20 };

typedef struct {
    const char *command;
    const char *words; /* those of the command it is about; null: all */
    kind finds;
    input reads;
    int least, most; /* inputs of an image; 0: any */
    int outputs;     /* at least */
    int classes;     /* at most; 0: any */
} needs;

/* the first that suits command and word counts */
static const needs known[] = {
    {"classifier", 0, NO_OBJECTS, PICTURES, 0, 0, 0, 0},
    {"classify", 0, NO_OBJECTS, PICTURES, 0, 0, 0, 0},
    {"detector", 0, OBJECTS, PICTURES, 0, 0, 0, 0},
    {"detect", 0, OBJECTS, PICTURES, 0, 0, 0, 0},
    /* but for a training, the names of the classes are in the program */
    {"yolo", "train", OBJECTS_OF_GRID, PICTURES, 0, 0, 0, 0},
    {"yolo", 0, OBJECTS_OF_GRID, PICTURES, 0, 0, 0, VOC},
    {"coco", "train", OBJECTS_OF_GRID, PICTURES, 0, 0, 0, 0},
    {"coco", 0, OBJECTS_OF_GRID, PICTURES, 0, 0, 0, COCO},
    {"rnn", 0, ANY, NUMBERS, SYMBOLS, SYMBOLS, SYMBOLS, 0},
    /* inputs: own stones, the other's, whose turn it is; outputs: a move, or none */
    {"go", 0, ANY, NUMBERS, 1, 3 * BOARD, BOARD + 1, 0},
    {"cifar", 0, ANY, NUMBERS, CIFAR_PICTURE, CIFAR_PICTURE, CIFAR_CLASSES, 0},
    {"regressor", 0, ANY, PICTURES, 0, 0, 0, 0},
    {"segmenter", 0, ANY, PICTURES, 0, 0, 0, 0},
    {"isegmenter", 0, ANY, PICTURES, 0, 0, 0, 0},
    {"super", 0, ANY, PICTURES, 0, 0, 0, 0},
    {"tag", 0, ANY, PICTURES, 0, 0, 0, 0},
    {"nightmare", 0, ANY, PICTURES, 0, 0, 0, 0},
    {"lsd", "test color", ANY, PICTURES, 0, 0, 0, 0},
    {"lsd", 0, ANY, PLANES, 0, 0, 0, 0}, /* of noise */
};

static const needs *expected;
static const char *refused_by;

void vd_command_needs_set(const char *command, const char *word)
{
    expected = 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known) && !expected; ++i) {
        const needs *p = known + i;
        if (!strcmp(command, p->command) && (!p->words || (word && vd_after_word(p->words, word)))) expected = p;
    }
}

static void check_input(const char *filename, const network *net)
{
    if (expected->reads == NUMBERS) return;
    if ((double)net->w * net->h * net->c != net->inputs)
        vd_die("%s: [net]: inputs=%d, but 'darknet %s' gives width x height x channels, %dx%dx%d", filename,
               net->inputs, expected->command, net->w, net->h, net->c);
    if (expected->reads == PICTURES && net->c != 1 && net->c != 3)
        vd_die("%s: [net]: channels=%d, but pictures of 'darknet %s' have 1 or 3", filename, net->c, expected->command);
}

static void check_objects(const char *filename, int index, layer head)
{
    const char *type = get_layer_string(head.type), *command = expected->command;
    if (expected->finds == NO_OBJECTS)
        vd_die("%s: layer %d [%s]: detects objects: the network is for 'darknet detector', not 'darknet %s'", filename,
               index, type, command);
    if (expected->finds == OBJECTS_OF_GRID && head.type != DETECTION)
        vd_die("%s: layer %d [%s]: 'darknet %s' reads the boxes of [detection] alone: use 'darknet detector'", filename,
               index, type, command);
    if (expected->classes && head.classes > expected->classes)
        vd_die("%s: layer %d [%s]: classes=%d, but 'darknet %s' has names for %d: use 'darknet detector'", filename,
               index, type, head.classes, command, expected->classes);
}

void vd_command_needs_check(const network *net)
{
    if (!expected) return;
    const char *filename = net->cfg_file;
    int found = 0, outputs = net->layers[vd_last_layer(net)].outputs;
    check_input(filename, net);
    for (int i = 0; i < net->n; ++i) {
        if (!vd_is_head(net->layers[i].type)) continue;
        check_objects(filename, i, net->layers[i]);
        found = 1;
    }
    if (expected->finds == OBJECTS && !found)
        vd_die("%s: 'darknet %s' needs a layer that detects objects: [yolo], [region] or [detection]", filename,
               expected->command);
    if (expected->finds == OBJECTS_OF_GRID && !found)
        vd_die("%s: 'darknet %s' needs a [detection] layer", filename, expected->command);
    int least = expected->least, most = expected->most;
    if (most && (net->inputs > most || net->inputs < least || outputs < expected->outputs))
        vd_die("%s: %d inputs and %d outputs, but 'darknet %s' needs %s%d inputs and at least %d outputs", filename,
               net->inputs, outputs, expected->command, most > least ? "at most " : "", most, expected->outputs);
}

void vd_command_needs_refuse_variational(const char *command)
{
    refused_by = command;
}

void vd_command_needs_check_variational(vd_section s)
{
    if (refused_by) vd_section_die(s, "'darknet %s' does not support variational layers", refused_by);
}
