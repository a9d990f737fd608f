/* Files: opened for reading with the reason of a failure, and written so that they appear whole or not at all. */
#ifndef VD_BASE_FILES_H
#define VD_BASE_FILES_H

#include <stdio.h>

/* a file to read; null, and *fault a line of text the caller frees, when it cannot be opened or is a directory */
FILE *vd_input_open(const char *path, const char *mode, char **fault);

/* all bytes from where a file stands to its end, and a null behind them that *n does not count; the caller frees them.
 * Where ferror(fp) is set then, reading failed before the end, for the reason in errno */
unsigned char *vd_input_rest(FILE *fp, size_t *n);

/* the same of a file by its name: vd_die() where it cannot be opened or read */
unsigned char *vd_input_bytes(const char *path, size_t *n);

/* an output file that appears whole or not at all: written beside its target as PATH.tmp-PID, then
 * flushed, synced and renamed
 *
 * An exit of the program before the close removes the temporary file. Where two threads write to one path, each file
 * is whole, and that of the last close stays.
 *
 *   vd_output_open    vd_die() when the temporary file cannot be made
 *                     (a symbolic link is followed; a device or a pipe is written directly)
 *   vd_output_close   vd_die() when a byte could not be written; the temporary file is then removed and
 *                     the earlier file at path is untouched
 *   vd_output_close_unsynced   the same without the sync, for thousands of files: a crash of the machine may
 *                     leave them empty until the caller has synced them all at once (syncfs) */
typedef struct {
    FILE *fp;
    char *path;
    char *temporary;
} vd_output;

vd_output vd_output_open(const char *path);
void vd_output_close(vd_output *out);
void vd_output_close_unsynced(vd_output *out);

/* what has been written so far is on the disk, to be read back at .temporary: vd_die() where it is not */
void vd_output_sync(const vd_output *out);

/* close n outputs that belong together: all of them appear, the first one first, once the last byte of the last one is
 * on the disk. Or vd_die(): none of them is there, and where one could not be written all earlier files are untouched.
 * Only where a file cannot get its name, though it could be written beside it, are those before it removed with what
 * they replaced */
void vd_output_close_all(int n, vd_output *const *out);

/* the same where the program goes on without the file: *fault is null, or the line that would end the program, for the
 * caller to free; nothing is open then. vd_output_finish() closes, synced or not, and returns such a line or null */
vd_output vd_output_try(const char *path, char **fault);
char *vd_output_finish(vd_output *out, int sync);

/* vd_die() where a path has no last part that an ending could follow: "", "a/", "." and ".." */
void vd_check_stem(const char *path);

/* 1 when both exist and are one file */
int vd_same_file(const char *a, const char *b);

/* from here on SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE and SIGXCPU, where they end the program, remove the temporary
 * files of open outputs first. For a program; a library leaves its program's handlers alone */
void vd_output_remove_at_signals(void);

/* a write over the limit of a file's size is an error of that write, not a signal that ends the program, unless the
 * program has a handler of its own; vd_output_open() does it too */
void vd_survive_size_limit(void);

#endif
