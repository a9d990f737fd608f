/* VD_VERSION (the file VERSION) and VD_DARKNET (the sources it is built from) are defined for this file alone, so that
 * another version compiles no other. */
#include "commands/version.h"
#include "base/fail.h"
#include "data/jpeg.h"
#include "kernels/kernels.h"

#include <stdio.h>
#include <string.h>

#ifdef VD_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

static const char usage[] =
    "usage: darknet vd version\n"
    "  prints the version, Darknet's, oneDNN's, the decoder of JPEGs, and the instruction set its kernels use here\n";

static void print_products(FILE *fp)
{
#ifdef VD_ONEDNN
    const dnnl_version_t *v = dnnl_version();
    fprintf(fp, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
#else
    fprintf(fp, "no oneDNN");
#endif
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
    printf(", JPEG by %s, kernels %s)\n", vd_jpeg_decoder(), vd_kernels_get()->name);
    return 0;
}
