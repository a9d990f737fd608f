/* The pictures that all readers get, and how they write what they answer. */
#ifndef TEST_READERS_PICTURE_H
#define TEST_READERS_PICTURE_H

#include <stdio.h>
#include <stdlib.h>

enum { PICTURES = 4, MOST = 10 };

/* numbers in [0, 1), the same in every program: Knuth's MMIX generator, its upper bits */
static void fill_picture(float *x, int n)
{
    static unsigned long long state = 1;
    for (int i = 0; i < n; ++i) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        x[i] = (float)(state >> 40) / (1 << 24);
    }
}

static void write_numbers(FILE *fp, const float *x, int n)
{
    if (fp && (int)fwrite(x, sizeof(float), (size_t)n, fp) == n) return;
    fprintf(stderr, "outputs cannot be written\n");
    exit(1);
}

/* a candidate of a head: middle and size as shares of the picture's, and the score of each class where it is above
 * OpenCV's threshold, which the cfg does not set. Sizes are exponentials: untrained networks have endless ones. The
 * confidence is left out: OpenCV 4.6.0 does not write it with new_coords=1 */
static void write_candidate(FILE *fp, const float *box, int classes, const float *scores)
{
    for (int k = 0; k < 4; ++k) {
        float x = box[k] < MOST ? box[k] : MOST;
        write_numbers(fp, &x, 1);
    }
    for (int k = 0; k < classes; ++k) {
        float score = scores[k] > .2f ? scores[k] : 0;
        write_numbers(fp, &score, 1);
    }
}

#endif
