/* darknet detector calc_anchors: anchors for the objects of a data set. */
#ifndef VD_COMMANDS_ANCHORS_H
#define VD_COMMANDS_ANCHORS_H

/* darknet detector calc_anchors DATA -width W -height H [-num_of_clusters 5] [-keep_shape]; argv[0] is "calc_anchors";
 * returns the exit status */
int vd_anchors_command(int argc, char **argv);

#endif
