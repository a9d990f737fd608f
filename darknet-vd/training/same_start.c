#include "training/same_start.h"
#include "training/teacher.h"
#include "config/options.h"
#include "ranks/ranks.h"
#include "layer/layer_state.h"
#include "layer/vd_layer.h"
#include "kernels/kernels.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    char *file, *list; /* null: none was read */
} read_from;

void vd_same_start_data(const char *filename, list *options)
{
    vd_section s = {filename, 0, -1, options};
    free(read_from.file);
    free(read_from.list);
    read_from.file = vd_format("%s", filename);
    read_from.list = vd_option_text(s, "train");
}

static uint64_t sum_of_text(const char *text)
{
    return vd_fnv64(VD_FNV64_START, text, strlen(text));
}

/* of the bytes of a file; one that cannot be read is an error elsewhere */
static uint64_t sum_of_file(const char *path)
{
    char buffer[1 << 14];
    uint64_t sum = VD_FNV64_START;
    FILE *fp = fopen(path, "rb");
    for (size_t n; fp && (n = fread(buffer, 1, sizeof(buffer), fp));) sum = vd_fnv64(sum, buffer, n);
    if (fp) fclose(fp);
    return sum;
}

static uint64_t sum_of_arrays(uint64_t sum, const vd_array *arrays, int n)
{
    for (int i = 0; i < n; ++i)
        if (*arrays[i].at) sum = vd_fnv64(sum, *arrays[i].at, arrays[i].n * arrays[i].bytes);
    return sum;
}

/* of all that training changes */
static uint64_t sum_of_state(const network *net)
{
    uint64_t sum = vd_fnv64(VD_FNV64_START, net->seen, sizeof(*net->seen));
    for (int i = 0; i < net->n; ++i) {
        vd_array arrays[VD_LAYER_ARRAYS];
        int n = vd_layer_arrays(net->layers + i, arrays);
        sum = sum_of_arrays(sum, arrays, n);
        n = vd_layer_of(net->layers[i]) ? vd_layer_state(net->layers[i], arrays) : 0;
        sum = sum_of_arrays(sum, arrays, n);
    }
    return sum;
}

static void compare_file(const char *what, const char *path)
{
    char *named = path ? vd_format("%s %s", what, path) : 0;
    if (path) vd_ranks_compare(sum_of_file(path), named);
    free(named);
}

void vd_same_start(network *net)
{
    if (vd_ranks() < 2) return;
    vd_ranks_compare(sum_of_text(vd_version()), "version of this program");
    compare_file("cfg", net->cfg_file);
    compare_file(".data file", read_from.file);
    compare_file("training list", read_from.list);
    compare_file("weights of the teacher,", vd_teacher_weights());
    vd_ranks_compare(sum_of_state(net), "network to start from, weights or pictures seen,");
    vd_ranks_compare(sum_of_text(vd_kernels_get()->name),
                     "set of kernels (DARKNET_KERNELS=name chooses one that all processors have)");
}
