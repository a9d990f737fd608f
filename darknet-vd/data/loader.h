/* The parts of a training batch, loaded by as few threads as keep up with the training. */
#ifndef VD_LOADER_H
#define VD_LOADER_H

/* run load(part) on each of n parts, in any order, and return when all are done
 *
 * The calling thread does it alone where that takes no longer than starting others would; else all cores help. What
 * a part gives must not depend on the thread it is loaded in. */
void loader_run(int n, void **parts, void *(*load)(void *part));

#endif
