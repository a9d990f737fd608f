/* The layers that a section reads have the sizes it needs: a head that before it, as many numbers as its boxes and
 * classes take; [shortcut], [scale_channels] and [sam] that before it and those of from=. */
#ifndef VD_CONFIG_INPUTS_H
#define VD_CONFIG_INPUTS_H

#include "darknet.h"
#include "config/options.h"

/* a step of vd_schema_check(): the values of the section's keys have been checked; net has the layers before it. One
 * that does not fit, or is not given, ends the program with a line that has both sizes */
void vd_inputs_check(vd_section s, const network *net);

#endif
