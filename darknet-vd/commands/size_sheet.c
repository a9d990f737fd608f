#include "commands/size_sheet.h"
#include "base/json.h"

#include <math.h>

enum { WEIGHTS_HEADER = 20 }; /* of a .weights file: version, images seen */

static const char *format_name(vd_pack_format format)
{
    static const char *const name[] = {"dense", "fp32", "fp16", "int8"};
    return name[format];
}

static vd_pack_line sum(const vd_packed *p)
{
    vd_pack_line all = {.type = "all"};
    for (int i = 0; i < p->n; ++i) {
        all.weights += p->lines[i].weights;
        all.nonzero += p->lines[i].nonzero;
        all.bytes_dense += p->lines[i].bytes_dense;
        all.bytes_packed += p->lines[i].bytes_packed;
        all.multiply_adds += p->lines[i].multiply_adds;
        all.multiply_adds_left += p->lines[i].multiply_adds_left;
    }
    return all;
}

/* of a weight; infinite where none is left */
static double bits(vd_pack_line l)
{
    return l.nonzero ? 8. * l.bytes_packed / l.nonzero : INFINITY;
}

static void print_row(FILE *fp, vd_pack_line l)
{
    fprintf(fp, "%-18s %11zu %10zu %12zu %12zu ", l.type, l.weights, l.nonzero, l.bytes_dense, l.bytes_packed);
    if (l.nonzero) fprintf(fp, "%13.2f", bits(l));
    else fprintf(fp, "%13s", "-");
    fprintf(fp, " %13zu %11zu\n", l.multiply_adds, l.multiply_adds_left);
}

void vd_size_sheet_print_table(FILE *fp, const vd_packed *p, vd_pack_format format)
{
    vd_pack_line all = sum(p);
    size_t dense = all.bytes_dense + WEIGHTS_HEADER;
    fprintf(fp, "layer  type                   weights    nonzero  bytes dense       packed "
                "bits a weight multiply-adds        left\n");
    for (int i = 0; i < p->n; ++i) {
        fprintf(fp, "%5d  ", p->lines[i].index);
        print_row(fp, p->lines[i]);
    }
    fprintf(fp, "%5s  ", "");
    print_row(fp, all);
    fprintf(fp, "%s: %zu bytes, 1/%.1f of the %zu of a plain .weights file\n", format_name(format), p->file.n,
            (double)dense / p->file.n, dense);
}

static void print_members(FILE *fp, vd_pack_line l)
{
    fprintf(fp,
            "\"weights\":%zu,\"nonzero\":%zu,\"bytes_dense\":%zu,\"bytes_packed\":%zu,\"bits_per_weight\":", l.weights,
            l.nonzero, l.bytes_dense, l.bytes_packed);
    vd_json_number(fp, bits(l));
    fprintf(fp, ",\"multiply_adds\":%zu,\"multiply_adds_left\":%zu", l.multiply_adds, l.multiply_adds_left);
}

void vd_size_sheet_print_json(FILE *fp, const vd_packed *p, vd_pack_format format)
{
    vd_pack_line all = sum(p);
    size_t dense = all.bytes_dense + WEIGHTS_HEADER;
    fprintf(fp, "{\"format\":\"%s\",\"layers\":[", format_name(format));
    for (int i = 0; i < p->n; ++i) {
        fprintf(fp, "%s{\"index\":%d,\"type\":\"%s\",", i ? "," : "", p->lines[i].index, p->lines[i].type);
        print_members(fp, p->lines[i]);
        fprintf(fp, "}");
    }
    fprintf(fp, "],");
    print_members(fp, all);
    fprintf(fp, ",\"file_dense\":%zu,\"file_packed\":%zu,\"ratio\":%.9g}\n", dense, p->file.n,
            (double)dense / p->file.n);
}
