/* darknet vd bench: a network's times at test time, with dense and with sparse weights. */
#ifndef VD_COMMANDS_BENCH_H
#define VD_COMMANDS_BENCH_H

/* darknet vd bench CFG WEIGHTS [-batch N] [-threads N] [-seconds S] [-json]; argv[0] is "bench"; returns the exit
 * status */
int vd_bench_command(int argc, char **argv);

#endif
