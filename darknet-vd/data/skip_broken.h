/* Option -skip-broken: pictures that cannot be decoded, and those of a detector whose labels cannot be read, are left
 * out instead of ending the program. Each is named once on stderr, and a program that ends well, or is stopped in a
 * training, says how many there were.
 *
 * A training takes the next sound picture of its list instead: which one, is a function of the list. A validation goes
 * on without. A list with no sound picture ends the program. All but the first two may be called from any thread. */
#ifndef VD_BROKEN_H
#define VD_BROKEN_H

/* the option is given; with_labels: the pictures of a training need a label file */
void vd_skip_broken(int with_labels);

/* say how many there were, with the option; exit() with status 0 does it by itself */
void vd_say_skipped(void);

/* a detector's labels are numbers of fewer classes than this */
void vd_skip_broken_classes(int classes);

/* paths[index], or, with the option, the first picture from there on that is sound; pictures [m] go round. It has been
 * decoded then, and this thread's next image_cache_load() of it finds it so */
char *vd_sound_picture(char **paths, int m, int index);

/* move the sound ones of paths [n] to the front, the others behind them, and return how many there are; n without the
 * option */
int vd_keep_sound(char **paths, int n, int with_labels);

/* the same for one picture of a detector, which is to be loaded next: 1 when it can be used. A picture without a label
 * file can */
int vd_is_sound(char *path);

#endif
