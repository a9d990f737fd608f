/* One binary for every processor: the table of kernels is chosen at run time. */
#include "kernels.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

int vd_kernels_list(const vd_kernels **tables, int max)
{
    int n = 0;
    if (n < max) tables[n++] = &vd_kernels_c;
    return n;
}

static const vd_kernels *chosen;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose(void)
{
    enum { MAX = 8 };
    const vd_kernels *tables[MAX];
    int n = vd_kernels_list(tables, MAX);
    const char *wanted = getenv("DARKNET_KERNELS");
    chosen = tables[n - 1];
    for (int i = 0; wanted && i < n; ++i)
        if (!strcmp(wanted, tables[i]->name)) chosen = tables[i];
}

const vd_kernels *vd_kernels_get(void)
{
    pthread_once(&once, choose);
    return chosen;
}
