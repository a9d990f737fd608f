#include "kernels/sparse/form.h"

#include <stdlib.h>

void *vd_sparse_array(vd_sparse_form *f, size_t n, size_t size)
{
    if (f->n_arrays < 0) return 0;
    void *array = calloc(n ? n : 1, size);
    if (array) f->arrays[f->n_arrays++] = array;
    if (array) return array;
    for (int i = 0; i < f->n_arrays; ++i) free(f->arrays[i]);
    f->n_arrays = -1;
    return 0;
}
