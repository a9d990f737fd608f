/* What `darknet detector test` writes: lines, pictures, and as AlexeyAB's Darknet a file of JSON and label files. */
#ifndef VD_COMMANDS_TEST_OUTPUT_H
#define VD_COMMANDS_TEST_OUTPUT_H

#include "darknet.h"

/* take -ext_output and -save_labels out of the command line */
void vd_test_output_options(int argc, char **argv);

/* before the first picture. out: of -out, null without it
 *
 *   NAME.json   the detections of all pictures are written there
 *   FOLDER/     each picture with its boxes becomes FOLDER/<its own name>.jpg; the second of one name <name>-2.jpg
 *   NAME        the latest picture becomes NAME.jpg; predictions.jpg without -out or with NAME.json */
void vd_test_output_begin(const char *out);

/* A picture has been looked at: print its detections, add them to the JSON file, write its labels, draw them into it
 * and save it
 *
 *   path     of the picture
 *   dets     [n], in shares of the picture's size; changed
 *   thresh   those with more confidence are printed and drawn
 *   names    [classes]; a class whose name begins with dont_show is neither printed nor drawn
 *   glyphs   to draw names with */
void vd_test_output_picture(image im, const char *path, detection *dets, int n, float thresh, char **names,
                            image **glyphs, int classes);

/* after the last one: the JSON file appears */
void vd_test_output_end(void);

#endif
