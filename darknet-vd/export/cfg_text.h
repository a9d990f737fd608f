/* The cfg of an exported network: the user's text, line by line, with only the changes that its readers need. */
#ifndef VD_EXPORT_CFG_TEXT_H
#define VD_EXPORT_CFG_TEXT_H

/* what changes in the section of one layer, besides its name and the keys that are not exported (config/keys.h) */
typedef struct {
    char *set;        /* "key=value\n" for each value that the section must have; null: none */
    const char *drop; /* " key key " that are left out; null: none */
    const char *put;  /* sections put in front of this one; null: none */
} vd_cfg_change;

/* the text of the exported cfg:
 *
 *   sections   have their long stock names, the only ones that every program knows; [vd_cost] is gone
 *   keys       those an exported network has, the first of each name. A value of `set` replaces the line's, unless both
 *              are the same numbers; a key of `set` that the section lacks comes right after its name
 *   comments   stay, those of [vd_cost] too; from the end of a line they go to one of their own above it, as readers
 *              take them for a part of the value. All begin with #
 *
 *   text      0-terminated; lines may end in \n or \r\n; a byte order mark is left out, as few readers know it
 *   changes   [n] of the layers
 *
 * Returns a string the caller frees. Blank lines, order, spacing and other lines stay as they are. */
char *vd_cfg_text_export(const char *text, int n, const vd_cfg_change *changes);

/* 1 when two values are the same text or lists of the same numbers */
int vd_cfg_same_value(const char *a, const char *b);

#endif
