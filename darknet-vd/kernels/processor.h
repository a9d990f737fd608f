/* The processor this program runs on: its name, and in which type its products are fastest. */
#ifndef VD_KERNELS_PROCESSOR_H
#define VD_KERNELS_PROCESSOR_H

#include "kernels/type.h"

enum { VD_TYPES = 3 }; /* of type.h */

/* a row of the table of processors: the types in which the variance path may run, the fastest first. A type that the
 * table does not give is slower there than those it gives, though the processor may have it */
typedef struct {
    const char *name;
    vd_type order[VD_TYPES];
    int n;
} vd_processor;

/* one word that no other kind of processor has: its brand, family, model and stepping, without spaces and tabs */
const char *vd_processor_name(void);

/* the row of this processor */
const vd_processor *vd_processor_here(void);

/* the row of a processor of x86 by its CPUID: vendor "GenuineIntel", "AuthenticAMD" ..., family and model as CPUID's
 * leaf 1 gives them, extended parts added; never null: a processor that the table does not know has the last row */
const vd_processor *vd_processor_of(const char *vendor, int family, int model);

/* "float", "bf16", "fp16" */
const char *vd_type_name(vd_type type);

#endif
