#include "report.h"
#include "util.h"
#include "layer/vd_cost_layer.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>

vd_report vd_report_network(const network *net)
{
    vd_report r = {.layers = vd_calloc(net->n, sizeof(vd_report_layer))};
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        const vd_layer *vd = vd_layer_of(l);
        if (!vd) continue;
        vd_report_layer *line = r.layers + r.n++;
        float *masked = vd_calloc(vd->n, sizeof(float));
        line->index = i;
        line->type = vd_layer_type(l);
        line->weights = vd->n;
        line->threshold = vd->threshold;
        line->nonzero = vd_kernels_get()->mask(vd->n, l.weights, vd->log_sigma2, vd->threshold, masked);
        r.weights += line->weights;
        r.nonzero += line->nonzero;
        free(masked);
    }
    return r;
}

double vd_report_sparsity(size_t weights, size_t nonzero)
{
    return weights ? 1 - (double)nonzero / weights : 0;
}

double vd_report_compression(size_t weights, size_t nonzero)
{
    return nonzero ? (double)weights / nonzero : INFINITY;
}

static void print_row(FILE *fp, const char *type, size_t weights, size_t nonzero, const char *threshold)
{
    fprintf(fp, "%-18s %11zu %11zu   %8.3f %%   ", type, weights, nonzero, 100 * vd_report_sparsity(weights, nonzero));
    if (nonzero) fprintf(fp, "%10.1f x", vd_report_compression(weights, nonzero));
    else fprintf(fp, "%12s", "all pruned");
    fprintf(fp, "   %9s\n", threshold);
}

void vd_report_print_table(FILE *fp, const vd_report *r)
{
    fprintf(fp, "layer  type                   weights     nonzero     sparsity    compression   threshold\n");
    for (int i = 0; i < r->n; ++i) {
        const vd_report_layer *l = r->layers + i;
        char *threshold = vd_format("%g", l->threshold);
        fprintf(fp, "%5d  ", l->index);
        print_row(fp, l->type, l->weights, l->nonzero, threshold);
        free(threshold);
    }
    fprintf(fp, "%5s  ", "");
    print_row(fp, "all", r->weights, r->nonzero, "");
}

static void print_compression_json(FILE *fp, size_t weights, size_t nonzero)
{
    if (nonzero) fprintf(fp, "%.9g", vd_report_compression(weights, nonzero));
    else fprintf(fp, "null"); /* JSON has no infinity */
}

void vd_report_print_json(FILE *fp, const vd_report *r)
{
    fprintf(fp, "{\"layers\":[");
    for (int i = 0; i < r->n; ++i) {
        const vd_report_layer *l = r->layers + i;
        fprintf(fp,
                "%s{\"index\":%d,\"type\":\"%s\",\"weights\":%zu,\"nonzero\":%zu,\"sparsity\":%.9g,\"threshold\":%g}",
                i ? "," : "", l->index, l->type, l->weights, l->nonzero, vd_report_sparsity(l->weights, l->nonzero),
                l->threshold);
    }
    fprintf(fp, "],\"weights\":%zu,\"nonzero\":%zu,\"sparsity\":%.9g,\"compression\":", r->weights, r->nonzero,
            vd_report_sparsity(r->weights, r->nonzero));
    print_compression_json(fp, r->weights, r->nonzero);
    fprintf(fp, "}\n");
}

void vd_report_training_line(FILE *fp, const network *net, double cost, double kl)
{
    const vd_cost *c = vd_cost_of(net);
    vd_report r = vd_report_network(net);
    double weight = vd_cost_kl_weight(net), part = weight / c->samples * kl;
    fprintf(fp, "vd: epoch %.2f, batch %ld: loss %.5f = cost %.5f + KL %.5f (w %.3g, KL %.6g nats), sparsity",
            *net->seen / c->samples, vd_cost_batch(net), cost + part, cost, part, weight, kl);
    for (int i = 0; i < r.n; ++i)
        fprintf(fp, "%s%.1f", i ? "-" : " ", 100 * vd_report_sparsity(r.layers[i].weights, r.layers[i].nonzero));
    fprintf(fp, " %%, all %.2f %%\n", 100 * vd_report_sparsity(r.weights, r.nonzero));
    fflush(fp);
    free(r.layers);
}
