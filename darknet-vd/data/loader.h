/* Loads the parts of a training batch with no more threads than it needs to keep up with training. */
#ifndef VD_DATA_LOADER_H
#define VD_DATA_LOADER_H

/* run load(part) on each of n parts, in any order, and return when all are done
 *
 * The calling thread does all of them when that is faster than starting threads; otherwise all cores help. The result
 * of a part must not depend on the thread that loads it. */
void loader_run(int n, void **parts, void *(*load)(void *part));

#endif
