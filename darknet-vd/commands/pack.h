/* darknet vd pack: write a network to a small file for inference. */
#ifndef VD_COMMANDS_PACK_H
#define VD_COMMANDS_PACK_H

/* darknet vd pack CFG WEIGHTS OUT.vdw ..., its options as -h lists them; argv[0] is "pack"; returns the exit status */
int vd_pack_command(int argc, char **argv);

#endif
