/* VD_VERSION (the file VERSION) and VD_DARKNET (the sources it is built from) are defined for this file alone, so that
 * another version compiles no other. */
#include "commands/version.h"
#include "base/fail.h"
#include "data/jpeg.h"
#include "kernels/choice_file.h"
#include "layer/kernel_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef VD_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

static const char usage[] =
    "usage: darknet vd version\n"
    "  prints the version, Darknet's, oneDNN's, the decoder of JPEGs, and the kernels that this processor gets\n";

static void print_products(FILE *fp)
{
#ifdef VD_ONEDNN
    const dnnl_version_t *v = dnnl_version();
    fprintf(fp, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
#else
    fprintf(fp, "no oneDNN");
#endif
}

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
    if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc > 1) vd_die("darknet vd version: unexpected argument %s", argv[1]);
    printf("darknet-vd %s (Darknet %s; ", VD_VERSION, VD_DARKNET);
    print_products(stdout);
    printf(", JPEG by %s, ", vd_jpeg_decoder());
    vd_kernel_choice_print(stdout);
    printf(")\n");
    print_kept();
    return 0;
}
