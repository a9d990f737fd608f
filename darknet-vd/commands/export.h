/* darknet vd export: write a network for stock Darknet. */
#ifndef VD_COMMANDS_EXPORT_H
#define VD_COMMANDS_EXPORT_H

/* darknet vd export CFG WEIGHTS OUT [-fuse | -no-fuse] [-compact] [IMAGE ...]; argv[0] is "export"; returns the exit
 * status */
int vd_export_command(int argc, char **argv);

#endif
