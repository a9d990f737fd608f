/* What a command expects of a network: that it finds objects, that it does not, that it takes pictures, or a number of
 * inputs, outputs and classes. Stock Darknet runs any network, and then finds nothing, compares numbers that do not
 * exist, or writes past the heap.
 */
#ifndef VD_CONFIG_COMMAND_NEEDS_H
#define VD_CONFIG_COMMAND_NEEDS_H

#include "darknet.h"
#include "config/options.h"

/* networks parsed from now on are for this darknet command, which may expect nothing; word is its first argument, or
 * null */
void vd_command_needs_set(const char *command, const char *word);

/* of a network that has all its layers: one unsuitable for the command ends the program */
void vd_command_needs_check(const network *net);

/* refuse networks with variational layers from now on, for a command that would leave log_sigma2 wrong; the check,
 * called for such a layer, ends the program with the command's name */
void vd_command_needs_refuse_variational(const char *command);
void vd_command_needs_check_variational(vd_section s);

#endif
