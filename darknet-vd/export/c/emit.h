/* Writes a plan as C99: NAME.c and NAME.h. */
#ifndef VD_EXPORT_C_EMIT_H
#define VD_EXPORT_C_EMIT_H

#include "export/c/plan.h"

#include <stdio.h>

typedef struct {
    const char *file;          /* OUT's last part: of OUT.c and OUT.h */
    const char *name;          /* the same as an identifier */
    const char *big;           /* the same in capitals */
    const char *cfg, *weights; /* names of the files it is made from */
    const char *note;          /* a line about the calibration, or "" */
    const void *input;         /* [inputs] of the self test, uint8_t or float; null: vd_c_test_input() */
    const void *output;        /* [outputs] to the input of the self test, int32_t or float */
} vd_c_about;

void vd_c_emit_source(const vd_c_plan *p, const vd_c_about *a, FILE *fp);
void vd_c_emit_header(const vd_c_plan *p, const vd_c_about *a, FILE *fp);

/* 1 when a function within the file has the name NAME_row(), so that the network cannot be called NAME */
int vd_c_is_taken(const char *name);

/* const data; static data; both in bytes, on a machine with pointers and integers of 32 bits */
size_t vd_c_flash_bytes(const vd_c_plan *p);
size_t vd_c_ram_bytes(const vd_c_plan *p);

/* int8: what an output's integer is multiplied by */
double vd_c_output_step(const vd_c_plan *p);

/* the input of the self test where a stored one would be too long: [inputs], uint8_t or float */
void *vd_c_test_input(const vd_c_plan *p);

#endif
