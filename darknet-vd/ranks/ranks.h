/* Several processes that train one network, each on its share of every batch: `mpirun -n R darknet classifier train`.
 * Rank 0 alone prints, writes files and validates. A program that runs by itself is rank 0 of 1, and all of this does
 * nothing. */
#ifndef VD_RANKS_RANKS_H
#define VD_RANKS_RANKS_H

#include <stddef.h>
#include <stdio.h>

/* The program begins: meets the other processes, if a launcher has started several.
 *
 * Ends the program, with a line by rank 0: when the launcher is that of another MPI, the program was built without MPI,
 * the number of processes is no power of two, or the command is another than `classifier train` and `detector train`.
 * The others write to /dev/null from here on; an error of theirs is printed with rank and host in front of it. At the
 * end of the program they wait for each other; where one fails, the others end, too. */
void vd_ranks_begin(int argc, char **argv);

int vd_rank(void);
int vd_ranks(void);

/* 1 where this process is the first of those that were started together, or the only one; before vd_ranks_begin(),
 * too */
int vd_ranks_is_first(void);

/* the other ranks are not needed any more: waits until rank 0, too, is here. At the end of a program that ends with
 * status 0 this happens by itself */
void vd_ranks_end(void);

/* this rank's share of n things that lie in a row; the number of ranks divides n, or the last of a share is cut off */
typedef struct {
    int first, n;
} vd_share;
vd_share vd_share_of(int n);

/* collect.h's, for all ranks; with one rank they do nothing */
void vd_ranks_sum(float *x, size_t n, float *room);
int vd_ranks_part(void);
void vd_ranks_scatter(float *x, const size_t *from, float *room);
void vd_ranks_assemble(void *all, const size_t *from);
void vd_ranks_gather(void *all, size_t bytes);
void vd_ranks_broadcast(void *data, size_t bytes);

/* A file as rank 0 reads it: for rank 0 fp itself, which may be null; for the others an unnamed temporary file with the
 * same bytes, or null where rank 0 has null. */
FILE *vd_ranks_share_file(FILE *fp);

/* Ends the program when `sum` is not the same on all ranks, with a line that names the first that differs from rank 0
 *
 *   what   "the cfg lenet5.cfg", as the line names it */
void vd_ranks_compare(unsigned long long sum, const char *what);

/* For a signal handler: with several ranks, what this one writes to stdout from now on is lost. The mpirun of Open MPI
 * stops to read it when a signal ends the training; a rank whose pipe is full would wait for ever */
void vd_ranks_drop_output(void);

/* the training goes on, though no step ends: to be called in long work of one rank */
void vd_ranks_tick(void);

/* how much this rank has sent, and how long it has waited for others */
size_t vd_ranks_sent(void);
double vd_ranks_waited(void);

/* rank 0: one line on stderr, "4 ranks on 2 hosts, 8 threads each, by Open MPI v4.1.4", and others where ranks share
 * cores. By all ranks */
void vd_ranks_print(void);

#endif
