/* What may stand in a cfg or a .data file: the keys of every section, and the values that make sense. Stock Darknet
 * reads values with atoi() and takes unknown keys in silence; both are looked at here before it does.
 *
 * A value that is no number or out of range, or a layer that does not exist, ends the program with one line. A key that
 * nobody knows, or that stands twice, is a warning that names the nearest key; an error after vd_schema_strict(), and
 * always in a section of ours. */
#ifndef VD_SCHEMA_H
#define VD_SCHEMA_H

#include "darknet.h"
#include "config/options.h"

void vd_schema_strict(void);
int vd_schema_is_strict(void);

/* one section of a cfg; those before it are in net (null for [net]). A section that is not known is an error, too
 */
void vd_schema_check(vd_section s, const network *net);

/* a .data file */
void vd_schema_check_data(const char *filename, list *options);

#endif
