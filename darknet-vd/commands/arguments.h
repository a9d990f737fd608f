/* Darknet's own commands take what they are given without a look at it: a word they do not know ends them in silence,
 * an option misspelt is passed over, a number that is none is 0, and an argument too few is a crash. */
#ifndef VD_COMMANDS_ARGUMENTS_H
#define VD_COMMANDS_ARGUMENTS_H

/* the arguments of darknet, those of a command that is not Darknet's included: these are left alone. The first that
 * does not fit ends the program with one line. Options may stand anywhere behind the command here; some commands want
 * theirs at the end. */
void vd_arguments_check(int argc, char **argv);

#endif
