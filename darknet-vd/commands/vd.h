/* `darknet vd <verb> ...`; see commands/vd.c for the table of verbs. */
#ifndef VD_COMMAND_H
#define VD_COMMAND_H

/* called first by Darknet's main(): 1 when argv was a `vd` command and has been carried out (a failure ends the program
 * with status 1), 0 when it is for Darknet. Notes the commands that variational layers do not survive. */
int vd_command(int argc, char **argv);

#endif
