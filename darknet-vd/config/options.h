/* Keys of one section, read with a check of type and range; errors name the file, the section, the key and the value.
 * keys.h reads those of the table. */
#ifndef VD_CONFIG_OPTIONS_H
#define VD_CONFIG_OPTIONS_H

#include "darknet.h"

/* the section a key is in, for messages: "lenet5-vd.cfg: layer 3 [vd_connected]: threshold=abc is not a number" */
typedef struct {
    const char *filename;
    const char *type; /* "[vd_connected]"; null in a .data file */
    int index;        /* layer number, -1 for [net] */
    list *options;
} vd_section;

/* end the program with "FILE: layer N [type]: " and the message */
void vd_section_die(vd_section s, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));

/* the same line, for the caller to free */
char *vd_section_message(vd_section s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* the same line as a warning */
void vd_section_warn(vd_section s, const char *message);

/* the value of a key, or def when the section does not have it; a value that is not a number, or outside [min, max],
 * ends the program */
double vd_option_number(vd_section s, const char *key, double def, double min, double max);
long vd_option_integer(vd_section s, const char *key, long def, long min, long max);

/* how many parts a list with commas has, which may end with one; 0 without the key */
int vd_option_length(vd_section s, const char *key);

/* the layers that a key names, "-1,-4" or "12", as numbers in the network; returns how many, 0 without the key. The key
 * has been checked, and the caller frees *layers */
int vd_option_layers(vd_section s, const char *key, int **layers);

/* a copy of the key's value, for the caller to free; null without the key */
char *vd_option_text(vd_section s, const char *key);

/* 1 when the section has the key */
int vd_option_given(vd_section s, const char *key);

/* end the program when a key has no value: option_find() would treat it as absent */
void vd_options_have_values(vd_section s);

#endif
