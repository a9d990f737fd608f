#include "commands/import.h"
#include "commands/words.h"
#include "import/import.h"
#include "base/fail.h"

#include <stdio.h>

static const char usage[] =
    "usage: darknet vd import MODEL.onnx OUT\n"
    "  writes OUT.cfg, its variational twin OUT-vd.cfg, and OUT.weights, which both load. Set samples= of\n"
    "  [vd_cost] to the number of training images\n"
    "  The network must give the model's outputs, to 1e-4 of the largest one; otherwise nothing is written\n"
    "  and the exit status is 1, as where the model has a node that Darknet has no layer for: it is named\n";

int vd_import_command(int argc, char **argv)
{
    static const double worth_a_line = .01; /* log_alpha prunes what is below 1/331 of the root mean square: 1e-3 */
    if (vd_words_help(argc, argv, usage)) return 0;
    for (int i = 1; i < argc; ++i)
        if (argv[i][0] == '-') vd_die("darknet vd import: unknown option %s", argv[i]);
    if (argc != 3) vd_die("darknet vd import: MODEL and OUT are needed; see -h");
    vd_import_result r = vd_import(argv[1], argv[2]);
    printf("%s.cfg, %s-vd.cfg: %d layers; %s.weights: %zu weights\n", argv[2], argv[2], r.layers, argv[2], r.weights);
    printf("largest difference on random inputs: %.3g of the largest output\n", r.difference);
    if (!(r.twin_difference <= worth_a_line))
        printf(
            "before a training %s-vd.cfg differs by %.3g: weights far below the others of their layer start pruned\n",
            argv[2], r.twin_difference);
    return 0;
}
