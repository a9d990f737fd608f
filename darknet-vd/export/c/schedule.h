/* How many rows of each map must be kept, and where. */
#ifndef VD_EXPORT_C_SCHEDULE_H
#define VD_EXPORT_C_SCHEDULE_H

#include "export/c/plan.h"

/* Run the plan without its arithmetic, counting moments, and set room, first, last, read_open and at of all maps, and
 * p->memory. A map needs room for all rows from the first that a stage reads to the newest there is at that moment.
 * Maps of which one is out of use before the other begins share memory. */
void vd_c_schedule(vd_c_plan *p);

/* 1 when a stage has a turn left, and all rows that it reads for it are there
 *
 *   turn   turns it has had
 *   made   [n_maps] rows of each map so far, with those of zeros */
int vd_c_can_run(const vd_c_plan *p, const vd_c_stage *s, int turn, const int *made);

#endif
