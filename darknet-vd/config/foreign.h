/* Keys, sections and activations that other Darknets read, AlexeyAB's and hank-ai's, and that are not built
 * here. A key that changes shapes or numbers is an error that says what it would change: without it, another network
 * would be trained than the cfg asks for. When one is built, its row goes and keys.h gets one. */
#ifndef VD_CONFIG_FOREIGN_H
#define VD_CONFIG_FOREIGN_H

#include "config/options.h"

typedef struct {
    const char *section; /* its long name; "" for every layer */
    const char *name;
    const char *harmless; /* the value that changes nothing here; null: none */
    const char *effect;   /* what it would change; null: it draws, logs, schedules, or needs a key that is an error */
    int training;         /* 1: of trainings alone; a network with it can be used, but not trained */
} vd_foreign_key;

typedef struct {
    const char *name, *effect;
} vd_foreign_name;

extern const vd_foreign_key vd_foreign_keys[]; /* the last has no name */
extern const vd_foreign_name vd_foreign_sections[];
extern const vd_foreign_name vd_foreign_activations[];

/* the row of a list, null when there is none */
const vd_foreign_name *vd_foreign_find(const vd_foreign_name *list, const char *name);

/* go through the keys of a section that keys.h does not have: ends the program at one that changes shapes or numbers,
 * and marks those that change nothing, or nothing but trainings, as used */
void vd_foreign_check(vd_section s);

/* all sections of a cfg have been checked: why the network must not be trained, the caller's to free;
 * null when it may */
char *vd_foreign_no_training(void);

/* 1 when other Darknets read the key in this section; 0 for null, a .data file */
int vd_foreign_has(const char *section, const char *name);

#endif
