/* darknet detector map: average precision of a detector. */
#ifndef VD_COMMANDS_MAP_H
#define VD_COMMANDS_MAP_H

/* darknet detector map DATA CFG WEIGHTS [-iou_thresh 0.5] [-thresh 0.25] [-points 0|11|101] [-least 0.005]; argv[0] is
 * "map"; returns the exit status */
int vd_map_command(int argc, char **argv);

#endif
