/* `darknet vd <verb> ...`; see commands/vd.c for the table of verbs. */
#ifndef VD_COMMANDS_VD_H
#define VD_COMMANDS_VD_H

/* Darknet's main() calls it first. It prepares every command: signals, environment, the options that are not Darknet's,
 * checks of the arguments, and what the command needs of a network (config/command_needs.h). Returns 1 when argv was a
 * `vd` command, which has been run, 0 when it is for Darknet. A failure ends the program with status 1. */
int vd_command(int argc, char **argv);

#endif
