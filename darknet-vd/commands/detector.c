#include "commands/detector.h"
#include "commands/anchors.h"
#include "commands/map.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the name; returns the exit status */
} commands[] = {{"map", vd_map_command}, {"calc_anchors", vd_anchors_command}};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

/* its place in the table, COMMANDS when it is none of them */
static int find(int argc, char **argv)
{
    int i = 0;
    if (argc < 3 || !argv[2] || strcmp(argv[1], "detector")) return COMMANDS;
    while (i < COMMANDS && strcmp(argv[2], commands[i].name)) ++i;
    return i;
}

int vd_detector_has(int argc, char **argv)
{
    return find(argc, argv) < COMMANDS;
}

void vd_detector_run(int argc, char **argv)
{
    int i = find(argc, argv);
    if (i < COMMANDS) exit(commands[i].run(argc - 2, argv + 2));
}
