/* Every section of a cfg and every key in it, and the keys of a .data file: the one table that the check (schema.h),
 * the readers below, the exporter and `darknet vd keys` use. docs/cfg.md is made from it: `make docs-cfg`. */
#ifndef VD_CONFIG_KEYS_H
#define VD_CONFIG_KEYS_H

#include "config/options.h"

typedef enum {
    VD_INTEGER,
    VD_NUMBER,
    VD_FLAG,       /* 0 or 1 */
    VD_INTEGERS,   /* a list with commas */
    VD_NUMBERS,    /* a list with commas */
    VD_LAYERS,     /* a list with commas: layers, counted from 0, or backwards from this one with a minus */
    VD_ACTIVATION, /* the name of one of Darknet's activations */
    VD_POLICY,     /* one of vd_policies */
    VD_TEXT,
    VD_INPUT_FILE /* the path of a file that can be read */
} vd_key_type;

/* who gives a key its meaning */
typedef enum {
    VD_STOCK,  /* Darknet's parser */
    VD_PATCH,  /* a parser or command of Darknet, changed by a patch */
    VD_PLUGIN, /* the plugin: exported networks do not have the key */
    VD_LATER, /* Darknets after stock's, and the plugin: exported networks have it, but for those of [net]'s training */
    VD_NOBODY /* stands in cfgs of others, and is ignored */
} vd_key_owner;

typedef struct {
    const char *name;
    vd_key_type type;
    double min, max;  /* of a number, or of each number in a list */
    const char *def;  /* the value of a section without the key; null: there is none, or computed is set */
    const char *help; /* one line */
    vd_key_owner owner;
    const char *computed; /* what the default depends on, in words */
    int required;         /* a section without the key is an error */
} vd_key;

typedef enum { VD_PLAIN, VD_CONVOLUTIONAL, VD_CONNECTED, VD_COST } vd_section_kind;

typedef struct {
    const char *name, *alias; /* "[convolutional]", "[conv]"; alias may be null */
    const vd_key *keys;       /* of this section only; the last has no name */
    const char *help;         /* one line */
    int needs_layer;          /* must not be the first layer */

    /* sections of the plugin */
    vd_section_kind kind;
    const char *base;        /* the stock section whose parser builds the layer */
    const vd_key *base_keys; /* its keys, null where they are refused */
    const char *but;         /* those that are refused all the same, in words; may be null */

    const char *parser; /* the stock section whose parser builds the layer, where that is not base; null: it is */
} vd_cfg_section;

extern const vd_cfg_section vd_cfg_sections[]; /* the last has no name */
extern const vd_key vd_every_layer_keys[];     /* keys that every layer has */
extern const vd_key vd_data_keys[];            /* keys of a .data file */
extern const char *const vd_policies[];        /* null after the last */

/* name number i of an activation, as a cfg may say it: revleaky is another one of leaky. Null after the last */
const char *vd_activation_name(int i);

/* the section with this name or alias, null when there is none */
const vd_cfg_section *vd_section_find(const char *name);

/* the stock section's name in full: "[convolutional]" for "[conv]" and "[vd_conv]"; null when there is none */
const char *vd_section_base(const char *name);

/* the key of a list, null when it is not there */
const vd_key *vd_key_find(const vd_key *keys, const char *name);

/* the key where it may stand in this section (null: a .data file), null when it may not */
const vd_key *vd_key_in(const char *section, const char *name);

/* 1 when exported networks do not have the key: it is of training or without effect, stock Darknet would not understand
 * it, or it must not be seen there */
int vd_key_is_unexported(const vd_key *k);

/* min and max of an integer: those of long where a double has no room for them */
long vd_key_min(const vd_key *k);
long vd_key_max(const vd_key *k);

/* the value of a key of the table, its default where the section does not have it. A value that is no number, or out of
 * the key's range, ends the program. A key without a numeric default must be given. */
double vd_key_number(vd_section s, const char *name);
long vd_key_integer(vd_section s, const char *name);

/* of a classifier's .data file: the number of its classes, and the file with their labels */
int vd_data_classes(vd_section data);
char *vd_data_labels(vd_section data);

/* of a key that is one of some words, which end with a null: the number of its value, or of its default. Any other
 * value ends the program */
int vd_key_choice(vd_section s, const char *name, const char *const *words);

#endif
