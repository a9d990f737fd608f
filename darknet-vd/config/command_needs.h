/* What a command expects of a network: objects found, or none, or so many inputs and outputs. Stock Darknet goes on
 * with any, finds nothing, compares what is not there, or writes over the heap. */
#ifndef VD_PURPOSE_H
#define VD_PURPOSE_H

#include "darknet.h"
#include "config/options.h"

/* the networks parsed from now on are for this command of darknet, which may expect nothing */
void vd_purpose_set(const char *command);

/* the last layer is made, those before it are in net: a network that does not do for the command ends the program */
void vd_purpose_check(vd_section s, const network *net, layer last);

/* a command that changes weights in a way variational layers do not survive: networks with such layers are refused from
 * now on, by the command's name; check: s is such a layer */
void vd_purpose_refuse_variational(const char *command);
void vd_purpose_check_variational(vd_section s);

#endif
