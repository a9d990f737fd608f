/* Option -skip-broken: pictures that cannot be decoded, and a detector's pictures whose labels cannot be read, are
 * skipped instead of ending the program. Each is named once on stderr, and a program that ends with status 0, or is
 * stopped during training, reports how many there were.
 *
 * Training uses the next sound picture of its list instead; the choice depends only on the list. Validation simply
 * skips the picture. A list without a sound picture ends the program. vd_sound_picture() may be called by any thread,
 * the others by the main one. */
#ifndef VD_DATA_SKIP_BROKEN_H
#define VD_DATA_SKIP_BROKEN_H

/* turn the option on; with_labels: training pictures must have a label file */
void vd_skip_broken(int with_labels);

/* report how many were skipped, if the option is on, by all ranks (ranks/ranks.h), which all call it; exit() with
 * status 0 does so by itself */
void vd_say_skipped(void);

/* from now on a detector's label with a class of this number or more is broken */
void vd_skip_broken_classes(int classes);

/* paths[index]; with the option, the first sound picture from there on, continuing at the start of paths [m]. It has
 * been decoded then, and this thread's next image_cache_load() of it returns those pixels */
char *vd_sound_picture(char **paths, int m, int index);

/* move the sound pictures of paths [n] to the front, the others after them; returns how many are sound, n without the
 * option */
int vd_keep_sound(char **paths, int n, int with_labels);

/* the name of the first of paths [n] that cannot be decoded, and why, as a fresh string the caller frees; null when all
 * can. With or without the option */
char *vd_first_broken(char **paths, int n);

/* the next path of a picture on standard input, valid until the next call; with the option, the next sound one. Null at
 * the end */
char *vd_next_picture(void);

#endif
