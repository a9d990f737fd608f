/* Where the labels of a picture are. Those of FOLDER/x.EXT are in x.txt, where EXT is the ending of a picture in upper
 * or lower case; a name without one of these endings is kept whole. Two places, the first that exists counts:
 *
 *   1. the last folder of the path that is called images, raw or JPEGImages, replaced by labels:
 *      set/images/train/x.jpg -> set/labels/train/x.txt
 *   2. the picture's own folder: set/images/train/x.txt
 *
 * Only whole folder names are replaced: car_images and strawberry stay. Masks have the same rule, with a folder mask.
 * Stock Darknet replaces the first "images", "raw", ".jpg" and so on anywhere in the path. detection_label_path(),
 * which ends the program when there are no labels, is declared in darknet.h. */
#ifndef VD_DATA_LABEL_PATH_H
#define VD_DATA_LABEL_PATH_H

/* both places, as fresh strings; the second is null when it is the first. folder: "labels" or "mask" */
void vd_label_places(const char *picture, const char *folder, char *places[2]);

/* the file that exists, as a fresh string; null and *fault, which names the places, when there is none. The caller
 * frees both */
char *vd_label_path(const char *picture, char **fault);

/* the same into room for 4096 bytes; an empty text when there is none */
void vd_optional_label_path(const char *picture, char *path);

/* the mask of a picture, into room for 4096 bytes; the program ends when there is none */
void vd_mask_path(const char *picture, char *path);

#endif
