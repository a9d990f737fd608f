/* Random numbers of the stock code. Its sources are compiled with rand and srand renamed to these two, so that
 * [net] seed=N reaches weight initialisation, dropout and the loader threads. Without a seed both behave as in libc. */
#ifndef VD_SEED_H
#define VD_SEED_H

#include <stdint.h>

int darknet_rand(void);
void darknet_srand(unsigned seed);

/* from now on every darknet_srand() starts the sequence of this seed, whatever its argument; starts it too */
void rand_seed(uint64_t seed);
/* the same from an image on: a resumed training must not see the pictures of its first epoch again */
void rand_continue(uint64_t image);
void rand_unseed(void);
int rand_is_seeded(void);

/* a thread that draws between begin and end draws from a sequence of its own that starts at *state; a state of 0 stands
 * for "not seeded" and leaves the thread with the shared sequence. next() derives another state from one */
void rand_stream_begin(unsigned *state);
void rand_stream_end(void);
unsigned rand_stream_next(unsigned state);

#endif
