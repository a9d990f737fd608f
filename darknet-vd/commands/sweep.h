/* darknet vd sweep: the error of a trained network at thresholds of log alpha, and which of them to choose. */
#ifndef VD_COMMANDS_SWEEP_H
#define VD_COMMANDS_SWEEP_H

/* argv[0] is "sweep"; returns the exit status; vd_die() on bad input and bad arguments */
int vd_sweep_command(int argc, char **argv);

#endif
