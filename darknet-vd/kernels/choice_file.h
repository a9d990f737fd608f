/* The file of the ways that were timed: $XDG_CACHE_HOME/darknet-vd/choices, or that in ~/.cache.
 *
 * It is text:
 *
 *     darknet-vd choices 1
 *     PROCESSOR BUILD WHAT WAY,WAY,... WAY        one line a choice: what was chosen among which ways
 *
 * PROCESSOR is vd_processor_name() and the fastest table it has; BUILD one word for these kernels: version, checksum of
 * their sources and flags, oneDNN's version. Lines of others are kept and not used. A file that holds anything else is
 * as good as none; one that cannot be read or written is left as it is: nothing here fails. It is replaced as a whole,
 * so that of two programs that write at once the later one's file remains. */
#ifndef VD_KERNELS_CHOICE_FILE_H
#define VD_KERNELS_CHOICE_FILE_H

/* words; ways are joined by commas */
typedef struct {
    char what[96], ways[128], way[24];
} vd_choice_line;

typedef struct {
    vd_choice_line *lines;
    int n;
} vd_choice_lines;

/* the path of the file; null when the user has no folder for it. The caller frees it */
char *vd_choice_file(void);

/* the lines of this processor and build; none when path is null or there is no such file. The caller frees .lines */
vd_choice_lines vd_choice_read(const char *path);

/* add lines to the file, in place of those of the same processor, build and `what` */
void vd_choice_write(const char *path, vd_choice_lines added);

#endif
