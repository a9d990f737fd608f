/* darknet vd pack: write a network to a small file for inference. */
#ifndef VD_COMMANDS_PACK_H
#define VD_COMMANDS_PACK_H

/* darknet vd pack CFG WEIGHTS OUT.vdw [-fp16 | -int8 | -rate R | -bytes N] [-tune DATA] [-json]; argv[0] is "pack";
 * returns the exit status */
int vd_pack_command(int argc, char **argv);

#endif
