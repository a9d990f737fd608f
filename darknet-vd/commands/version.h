/* darknet vd version: what this program is, and what it was built with. */
#ifndef VD_COMMANDS_VERSION_H
#define VD_COMMANDS_VERSION_H

/* darknet vd version; argv[0] is "version"; returns the exit status */
int vd_version_command(int argc, char **argv);

#endif
