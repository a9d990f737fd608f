#include "config/command_needs.h"
#include "base/fail.h"

#include <string.h>

#include "network.h"

typedef enum { ANY, OBJECTS, NO_OBJECTS } kind;

enum { SYMBOLS = 256, BOARD = 19 * 19 };

typedef struct {
    const char *command;
    kind finds;
    int least, most; /* inputs of an image; 0: any */
    int outputs;     /* at least */
} purpose;

static const purpose purposes[] = {
    {"classifier", NO_OBJECTS, 0, 0, 0},
    {"classify", NO_OBJECTS, 0, 0, 0},
    {"detector", OBJECTS, 0, 0, 0},
    {"detect", OBJECTS, 0, 0, 0},
    {"yolo", OBJECTS, 0, 0, 0},
    {"coco", OBJECTS, 0, 0, 0},
    {"rnn", ANY, SYMBOLS, SYMBOLS, SYMBOLS},
    /* inputs: own stones, the other's, whose turn it is; outputs: a move, or none */
    {"go", ANY, 1, 3 * BOARD, BOARD + 1},
};

static const purpose *expected;
static const char *refused_by;

void vd_purpose_set(const char *command)
{
    expected = 0;
    for (size_t i = 0; i < sizeof(purposes) / sizeof(*purposes); ++i)
        if (!strcmp(command, purposes[i].command)) expected = purposes + i;
}

void vd_purpose_check(vd_section s, const network *net, layer last)
{
    if (!expected) return;
    int found = -1, outputs = last.type == COST && s.index ? net->layers[s.index - 1].outputs : last.outputs;
    LAYER_TYPE type = BLANK;
    for (int i = 0; i <= s.index; ++i) {
        LAYER_TYPE t = i == s.index ? last.type : net->layers[i].type;
        if (t == YOLO || t == REGION || t == DETECTION) found = i, type = t;
    }
    if (expected->finds == NO_OBJECTS && found >= 0)
        vd_die("%s: layer %d [%s]: detects objects: the network is for 'darknet detector', not 'darknet %s'",
               s.filename, found, get_layer_string(type), expected->command);
    if (expected->finds == OBJECTS && found < 0)
        vd_die("%s: 'darknet %s' needs a layer that detects objects: [yolo], [region] or [detection]", s.filename,
               expected->command);
    int least = expected->least, most = expected->most;
    if (most && (net->inputs > most || net->inputs < least || outputs < expected->outputs))
        vd_die("%s: %d inputs and %d outputs, but 'darknet %s' needs %s%d inputs and at least %d outputs", s.filename,
               net->inputs, outputs, expected->command, most > least ? "at most " : "", most, expected->outputs);
}

void vd_purpose_refuse_variational(const char *command)
{
    refused_by = command;
}

void vd_purpose_check_variational(vd_section s)
{
    if (refused_by) vd_section_die(s, "'darknet %s' does not support variational layers", refused_by);
}
