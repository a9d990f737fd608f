/* darknet vd report: sparsity and compression of a network. */
#ifndef VD_COMMANDS_REPORT_H
#define VD_COMMANDS_REPORT_H

/* darknet vd report CFG WEIGHTS [-json]; argv[0] is "report"; returns the exit status */
int vd_report_command(int argc, char **argv);

#endif
