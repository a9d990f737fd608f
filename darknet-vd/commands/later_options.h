/* Options that `darknet detector` and `darknet classifier` have in AlexeyAB's Darknet. */
#ifndef VD_COMMANDS_LATER_OPTIONS_H
#define VD_COMMANDS_LATER_OPTIONS_H

/* -h or --help as the last word: print the usage and end the program. (-h with a number behind it is a height of
 * stock Darknet's demo.)
 *
 * Take those that are built or change nothing here out of argv, as find_arg() does, and act on them. One that would do
 * something else here ends the program with a line that names it. Nothing for other commands than these two */
void vd_later_options(int argc, char **argv);

#endif
