/* The commands of `darknet detector` that are the plugin's own. */
#ifndef VD_COMMANDS_DETECTOR_H
#define VD_COMMANDS_DETECTOR_H

/* 1 when argv, of the whole program, is such a command */
int vd_detector_has(int argc, char **argv);

/* run it and end the program; returns when it is none */
void vd_detector_run(int argc, char **argv);

#endif
