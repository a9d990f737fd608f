/* All that patched Darknet sees of this project: the Makefile puts this file in front of each of Darknet's sources. Its
 * patches include nothing of ours, and this is the one list of what they call. */
#ifndef VD_HOOKS_HOOKS_H
#define VD_HOOKS_HOOKS_H

#include "darknet.h"

#include "base/fail.h"
#include "base/files.h"
#include "base/float_mode.h"
#include "base/seed.h"
#include "base/text.h"
#include "commands/detector.h"
#include "commands/test_output.h"
#include "commands/vd.h"
#include "config/lines.h"
#include "config/random_size.h"
#include "data/crop.h"
#include "data/image_cache.h"
#include "data/label_path.h"
#include "data/loader.h"
#include "data/mosaic.h"
#include "data/picture.h"
#include "data/placement.h"
#include "data/results.h"
#include "data/skip_broken.h"
#include "data/text_files.h"
#include "hooks/layer_plugin.h"

/* last: from here on fopen() and its like are ours */
#include "base/stock_names.h"

#endif
