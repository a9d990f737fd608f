/* darknet vd import: an ONNX model as a network of Darknet. */
#ifndef VD_COMMANDS_IMPORT_H
#define VD_COMMANDS_IMPORT_H

/* argv[0] is "import"; returns the exit status */
int vd_import_command(int argc, char **argv);

#endif
