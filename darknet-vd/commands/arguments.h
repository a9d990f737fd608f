/* Checks the arguments of Darknet's own commands, which do not: they end silently at an unknown word, ignore a misspelt
 * option, read a non-number as 0, and crash at a missing argument. */
#ifndef VD_COMMANDS_ARGUMENTS_H
#define VD_COMMANDS_ARGUMENTS_H

/* check argv of main(): the first wrong argument ends the program with one line. Commands that are not Darknet's are
 * not checked. Options are accepted anywhere after the command, although some commands want theirs at the end. */
void vd_arguments_check(int argc, char **argv);

/* darknet -h: a line for each command */
void vd_arguments_list(void);

#endif
