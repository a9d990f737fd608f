/* What plan.c and plan_layers.c share. */
#ifndef VD_EXPORT_C_PLAN_PARTS_H
#define VD_EXPORT_C_PLAN_PARTS_H

#include "export/c/plan.h"

enum { NO_MAP = -1 };

typedef struct {
    vd_c_plan *p;
    const char *cfg;
    vd_c_view *views; /* [layers + 1] what each source of the model is; map NO_MAP: nothing that a layer could read */
} planning;

/* a map behind those there are; all of it as a view */
vd_c_view vd_c_add_map(planning *g, int layer, int channels, int h, int w);

/* the stage, the map and the view of layer i; ends the program with a line when there is none */
void vd_c_plan_layer(planning *g, int i);

/* the map of a source, which layer i reads, is a part of the output */
void vd_c_plan_answer(planning *g, int i, int source);

#endif
