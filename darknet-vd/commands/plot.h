/* darknet vd plot: trainings compared by their logs. */
#ifndef VD_COMMANDS_PLOT_H
#define VD_COMMANDS_PLOT_H

/* darknet vd plot RUN.csv [RUN2.csv ...] OUT.svg|OUT.png; argv[0] is "plot"; returns the exit status */
int vd_plot_command(int argc, char **argv);

#endif
