/* darknet vd split: holds out training pictures, to choose a setting on; test pictures are for the last figure. */
#ifndef VD_COMMANDS_SPLIT_H
#define VD_COMMANDS_SPLIT_H

/* argv[0] is "split"; returns the exit status; vd_die() on bad input and bad arguments */
int vd_split_command(int argc, char **argv);

#endif
