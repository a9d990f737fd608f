/* darknet classifier valid ... -calibration: whether a classifier's probabilities can be trusted. */
#ifndef VD_COMMANDS_CALIBRATION_H
#define VD_COMMANDS_CALIBRATION_H

/* 1 when argv, of the whole program, is `classifier valid` with an option of this command */
int vd_calibration_has(int argc, char **argv);

/* run it; vd_die() on bad input and bad arguments */
void vd_calibration_run(int argc, char **argv);

#endif
