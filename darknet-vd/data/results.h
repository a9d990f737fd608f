/* What `detector valid` and `coco valid` write: which classes a format has, the id of a picture, and files that none
 * may share. All of it is checked before the first picture. */
#ifndef VD_DATA_RESULTS_H
#define VD_DATA_RESULTS_H

#include "darknet.h"

/* COCO's number of a picture: the digits its file name ends in, COCO_val2014_000000000139.jpg: 139. A name that does
 * not end in digits, or in a number over INT_MAX, ends the program */
int vd_coco_id(const char *path);

/* end the program where results cannot be written as data_file asks
 *
 *   options      of data_file: eval= is voc, coco or imagenet; for a head with a tree, map= has ImageNet's 200 lines
 *   head         of the network: 200 classes for imagenet without such a map, up to 80 for coco
 *   names        [head.classes]; voc writes a file for each
 *   paths        [m], the pictures, checked by vd_result_ids_check()
 *   out          the name of -out, or null */
void vd_results_check(const char *data_file, list *options, layer head, char **names, char **paths, int m,
                      const char *out);

/* results name a picture by its id alone, COCO's number or the name without its last ending: two pictures of one id are
 * reported, with -strict an error */
void vd_result_ids_check(char **paths, int m, int coco);

/* draw_detections() prints a line for each detection it draws, unless this has been called with 1 */
void vd_drawing_is_silent(int silent);
int vd_drawing_prints(void);

#endif
