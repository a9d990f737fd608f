/* The parts of a generated file, in their order. */
#ifndef VD_EXPORT_C_EMIT_PARTS_H
#define VD_EXPORT_C_EMIT_PARTS_H

#include "export/c/emit.h"

/* the files *.inc beside this one, as text (text.S) */
extern const char vd_c_fetch_text[], vd_c_int8_text[], vd_c_float_text[], vd_c_kernels_text[], vd_c_decode_text[];

void vd_c_emit_functions(const vd_c_plan *p, FILE *fp); /* those that the plan uses */
void vd_c_emit_tables(const vd_c_plan *p, FILE *fp);    /* const data */
void vd_c_emit_layers(const vd_c_plan *p, FILE *fp);    /* static data, a function for each stage */
void vd_c_emit_interface(const vd_c_plan *p, const vd_c_about *a, FILE *fp); /* NAME_predict() and others */
void vd_c_emit_self_test(const vd_c_plan *p, const vd_c_about *a, FILE *fp);
void vd_c_emit_decode(const vd_c_plan *p, const vd_c_about *a, FILE *fp); /* boxes of [yolo] */

/* "layer 2 [convolutional]" or "layers 2 [convolutional] and 3 [maxpool]"; a fresh string the caller frees */
char *vd_c_stage_title(const vd_c_plan *p, const vd_c_stage *s);
/* "map3", "input" of a map; "layer2", "output" of a stage: names in the file; of an answer behind the first with its
 * number. The caller frees them */
char *vd_c_map_name(const vd_c_plan *p, int map);
char *vd_c_stage_name(const vd_c_stage *s);

/* a float constant, with its f */
void vd_c_emit_float(double x, FILE *fp);

/* bytes of a stage's tables and of a map's rows */
size_t vd_c_stage_bytes(const vd_c_plan *p, const vd_c_stage *s);
size_t vd_c_map_bytes(const vd_c_plan *p, const vd_c_map *m);

/* the types of what all tables of the file hold: bytes of a count of entries, 1, 2 or 4; 1 where 16 bits are enough for
 * an offset */
int vd_c_count_bytes(const vd_c_plan *p);
int vd_c_offsets_are_short(const vd_c_plan *p);

/* 1 when an activation needs <math.h> */
int vd_c_needs_math(const vd_c_plan *p);

#endif
