/* The weights of a product as the generated C walks through them. */
#ifndef VD_EXPORT_C_ENTRIES_H
#define VD_EXPORT_C_ENTRIES_H

#include "export/c/plan.h"

/* Fill in the entries of all products of a scheduled plan: sparse, or dense where that takes fewer bytes. */
void vd_c_make_entries(vd_c_plan *p);
void free_vd_c_entries(vd_c_entries *e);

/* int8: choose again, by the integers alone: weights that are rounded to 0 are left out
 *
 *   integers   [filters][columns] in the model's order */
void vd_c_make_integer_entries(const vd_c_plan *p, vd_c_stage *s, const int8_t *integers);

/* bytes of the weights and of where they belong, in flash */
size_t vd_c_entries_bytes(const vd_c_plan *p, const vd_c_stage *s);

#endif
