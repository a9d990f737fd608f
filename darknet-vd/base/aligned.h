/* Memory for arrays that vectors work on. */
#ifndef VD_BASE_ALIGNED_H
#define VD_BASE_ALIGNED_H

#include <stddef.h>

/* Not cleared; free() frees it; null when there is none. It begins at a cache line: a register of 64 bytes that lies
 * across two lines takes twice as long to load or store, and malloc()'s large arrays all begin 16 bytes into one. Where
 * the system gives huge pages on request, the whole ones inside of the array are huge: large arrays that are read line
 * by line, channel by channel, else miss the table of pages. */
void *vd_aligned_alloc(size_t bytes);

#endif
