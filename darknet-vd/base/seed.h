/* Random numbers of the stock code. Its sources are compiled with rand and srand renamed to these two, so that
 * [net] seed=N reaches weight initialisation, dropout and the loader threads. Without a seed both behave as in libc. */
#ifndef VD_BASE_SEED_H
#define VD_BASE_SEED_H

#include <stddef.h>
#include <stdint.h>

int darknet_rand(void);
void darknet_srand(unsigned seed);

/* start the sequence of this seed; from now on every darknet_srand() starts it again, whatever its argument */
void rand_seed(uint64_t seed);
/* the same from an image on: training that continues from weights must not repeat the numbers of its first epoch */
void rand_continue(uint64_t image);
void rand_unseed(void);
int rand_is_seeded(void);

/* the state of the sequence, for another run to continue from; without a seed 0, and restoring does nothing */
uint64_t rand_state(void);
void rand_restore(uint64_t state);

/* All that the functions above set, for work between keep and put_back that starts sequences of its own: a second
 * network that is read while one is trained. By the thread that trains, while no loader thread draws without a sequence
 * of its own */
typedef struct {
    int seeded, spare;
    uint64_t given_seed, first_image, sequence;
} rand_kept;
rand_kept rand_keep(void);
void rand_put_back(rand_kept kept);

/* A thread that draws between begin and end draws from a sequence of its own; 0 stands for "not seeded" and leaves the
 * thread with the shared sequence.
 *
 *   rand_stream_of     the sequence of a batch of pictures, by the number of its first; 0 without a seed
 *   rand_stream_next   another sequence, derived from one */
size_t rand_stream_of(size_t image);
size_t rand_stream_next(size_t stream);
void rand_stream_begin(size_t stream);
void rand_stream_end(void);

/* the sequence of what layers draw, [dropout], in a sub-batch that begins with this image; never 0 */
size_t rand_stream_of_layers(size_t image);

/* which of m pictures this thread takes next: any, or, between rand_order_begin(1, first) and rand_stream_end(),
 * picture number `first` and those after it of a training that takes all m, in another order each epoch */
void rand_order_begin(int shuffle, size_t first);
int rand_index(int m);

#endif
