/* darknet vd export: write a network for other programs: stock Darknet, C, ONNX. */
#ifndef VD_COMMANDS_EXPORT_H
#define VD_COMMANDS_EXPORT_H

/* darknet vd export CFG WEIGHTS OUT [-format darknet|c|onnx] ..., its options as -h lists them; argv[0] is "export";
 * returns the exit status */
int vd_export_command(int argc, char **argv);

#endif
