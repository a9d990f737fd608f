#include "commands/version.h"
#include "commands/words.h"
#include "base/fail.h"
#include "base/version.h"
#include "data/jpeg.h"
#include "kernels/choice_file.h"
#include "layer/kernel_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: darknet vd version\n"
    "  prints the version, Darknet's, oneDNN's, the decoder of JPEGs, the kernels that this processor gets, and what\n"
    "  earlier trainings have timed\n";

/* what earlier trainings without a seed have timed */
static void print_kept(void)
{
    char *path = vd_choice_file();
    vd_choice_lines kept = vd_choice_read(path);
    for (int i = 0; i < kept.n; ++i)
        if (!strncmp(kept.lines[i].what, "kernels/", 8))
            printf("trainings without a seed: kernels %s for a network of %d variational layers\n", kept.lines[i].way,
                   (int)strtol(kept.lines[i].what + 8, 0, 10));
    if (kept.n) printf("%d choices are kept in %s\n", kept.n, path);
    free(kept.lines);
    free(path);
}

int vd_version_command(int argc, char **argv)
{
    if (vd_words_help(argc, argv, usage)) return 0;
    if (argc > 1) vd_die("darknet vd version: unexpected argument %s", argv[1]);
    char *products = vd_version_products();
    printf("darknet-vd %s (Darknet %s; %s, JPEG by %s, ", vd_version(), vd_version_darknet(), products,
           vd_jpeg_decoder());
    free(products);
    vd_kernel_choice_print(stdout);
    printf(")\n");
    print_kept();
    return 0;
}
