/* The pictures that all readers get, and how they write what they answer. */
#ifndef TEST_READERS_PICTURE_H
#define TEST_READERS_PICTURE_H

#include <stdio.h>
#include <stdlib.h>

enum { PICTURES = 4 };

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

#endif
