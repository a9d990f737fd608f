/* Memory that runs out: --wrap leads malloc, calloc, realloc, aligned_alloc, getline and getdelim of everything the
 * test program is linked with to memory.c. */
#ifndef TEST_MEMORY_H
#define TEST_MEMORY_H

/* the n-th allocation from now on finds no memory, later ones do; 0: all do */
void memory_fail_at(long n);

/* how many there have been since */
long memory_asked(void);

#endif
