/* Checks the sections, keys and values of a cfg or a .data file against the table in keys.h, before Darknet's parser
 * reads them with atoi() and ignores unknown keys.
 *
 * A value that is not a number or is out of range, or a layer that does not exist, ends the program with one line. An
 * unknown or duplicate key produces a warning that names the nearest key, and an error after vd_be_strict(). The
 * plugin's keys are checked where they are read, by vd_key_number() and vd_key_integer(); in the plugin's sections,
 * unknown and duplicate keys are always errors, by vd_schema_all_known(). */
#ifndef VD_CONFIG_SCHEMA_H
#define VD_CONFIG_SCHEMA_H

#include "darknet.h"
#include "config/options.h"

/* check one section of a cfg; net has the layers before it (null for [net]). An unknown section is an error, too */
void vd_schema_check(vd_section s, const network *net);

/* a section of the plugin has been read: end the program when a key has not been read by anything, or is given twice */
void vd_schema_all_known(vd_section s);

/* check a .data file */
void vd_schema_check_data(const char *filename, list *options);

#endif
