#include "commands/pack.h"
#include "commands/size_sheet.h"
#include "weights/vdw.h"
#include "base/fail.h"
#include "base/files.h"

#include <stdlib.h>
#include <string.h>

#include "darknet.h"

static const char usage[] =
    "usage: darknet vd pack CFG WEIGHTS OUT.vdw [-fp16 | -int8] [-json]\n"
    "  writes the network as it is at test time, without its pruned weights, to OUT.vdw, which loads wherever a\n"
    "  .weights file does, for inference; prints the size of each layer before and after; -json: as one JSON object\n"
    "  The remaining weights are packed unchanged, or\n"
    "    -fp16   as half floats\n"
    "    -int8   as integer multiples of a step; a filter's step is half the posterior standard deviation of its\n"
    "            weights\n";

typedef struct {
    const char *cfg, *weights, *out;
    vd_pack_format format;
    int json;
} arguments;

static void set_format(arguments *a, vd_pack_format format)
{
    if (a->format != VD_PACK_FP32 && a->format != format) vd_die("darknet vd pack: -fp16 or -int8, not both");
    a->format = format;
}

static arguments parse(int argc, char **argv)
{
    arguments a = {.format = VD_PACK_FP32};
    const char **const files[] = {&a.cfg, &a.weights, &a.out};
    int n = 0;
    for (int i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "-json")) a.json = 1;
        else if (!strcmp(argv[i], "-fp16")) set_format(&a, VD_PACK_FP16);
        else if (!strcmp(argv[i], "-int8")) set_format(&a, VD_PACK_INT8);
        else if (argv[i][0] == '-') vd_die("darknet vd pack: unknown option %s", argv[i]);
        else if (n == 3) vd_die("darknet vd pack: unexpected argument %s", argv[i]);
        else *files[n++] = argv[i];
    }
    if (n < 3) vd_die("darknet vd pack: CFG, WEIGHTS and OUT.vdw are needed; see -h");
    return a;
}

static int is_variational(const vd_packed *p)
{
    for (int i = 0; i < p->n; ++i)
        if (!strncmp(p->lines[i].type, "vd_", 3)) return 1;
    return 0;
}

static vd_packed pack(const arguments *a)
{
    char *fault;
    network *net = load_network((char *)a->cfg, (char *)a->weights, 0);
    if (net->packed_from) vd_die("%s: is already packed: pack the .weights file it was made from", a->weights);
    vd_packed p = vd_pack_network(net, a->format, &fault);
    if (fault) vd_die("%s: %s", a->weights, fault);
    if (!is_variational(&p)) vd_die("%s: no variational layer, so nothing is pruned", a->cfg);
    free_network(net);
    return p;
}

int vd_pack_command(int argc, char **argv)
{
    for (int i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help")) {
            fputs(usage, stdout);
            return 0;
        }
    }
    arguments a = parse(argc, argv);
    if (vd_same_file(a.out, a.weights) || vd_same_file(a.out, a.cfg))
        vd_die("%s: would overwrite the file to pack: choose another name", a.out);
    vd_packed p = pack(&a);
    vd_output out = vd_output_open(a.out);
    fwrite(p.file.bytes, 1, p.file.n, out.fp);
    vd_output_close(&out);
    if (a.json) vd_size_sheet_print_json(stdout, &p, a.format);
    else vd_size_sheet_print_table(stdout, &p, a.format);
    vd_packed_free(&p);
    return 0;
}
