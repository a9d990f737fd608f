#include "training/page.h"
#include "training/page_network.h"
#include "base/c_locale.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/json.h"
#include "base/version.h"
#include "data/jpeg.h"
#include "layer/kernel_choice.h"
#include "layer/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* page_text.S, texts that end in a byte 0 */
extern const char vd_page_template[], vd_page_licence[], vd_page_chart[];

/* the line after which a page lists vd_layer_history, a line a report */
static const char history_line[] = "\"layer_rows\":[\n";

/* ---- sparsity by layer ---- */

void vd_layer_history_drop_after(vd_layer_history *h, double batch)
{
    while (h->n && h->at[(h->n - 1) * (1 + (size_t)h->layers)] > batch) --h->n;
}

void vd_layer_history_add(vd_layer_history *h, double batch, const double *sparsity)
{
    size_t width = 1 + (size_t)h->layers;
    vd_layer_history_drop_after(h, nextafter(batch, 0)); /* one of this batch goes */
    if (h->n == h->room) {
        h->room = h->room ? 2 * h->room : 64;
        h->at = vd_realloc(h->at, h->room * width * sizeof(*h->at));
    }
    double *row = h->at + h->n++ * width;
    row[0] = batch;
    memcpy(row + 1, sparsity, (size_t)h->layers * sizeof(*row));
}

void vd_layer_history_free(vd_layer_history *h)
{
    free(h->at);
    *h = (vd_layer_history){0};
}

/* "[batch,share,share,...]" with a share for each layer: 1 when it is one */
static int parse_history(const char *line, double *row, int width)
{
    if (*line != '[') return 0;
    for (int i = 0; i < width; ++i) {
        char *end;
        row[i] = strtod_l(line + 1, &end, vd_c_locale());
        if (end == line + 1 || *end != (i + 1 < width ? ',' : ']') || !isfinite(row[i])) return 0;
        line = end;
    }
    return 1;
}

void vd_layer_history_read(vd_layer_history *h, const char *page, double last_batch)
{
    char *line = 0, *fault;
    size_t room = 0;
    int inside = 0;
    double *row = vd_calloc(1 + (size_t)h->layers, sizeof(*row));
    FILE *fp = vd_input_open(page, "r", &fault);
    while (fp && getline(&line, &room, fp) > 0) {
        if (inside && (!parse_history(line, row, 1 + h->layers) || row[0] > last_batch)) break;
        if (inside) vd_layer_history_add(h, row[0], row + 1);
        else inside = !strcmp(line, history_line);
    }
    if (fp) fclose(fp);
    free(fault);
    free(line);
    free(row);
}

static void print_history(FILE *fp, const vd_layer_history *h)
{
    const double *at = h->at;
    fputs(history_line, fp);
    for (size_t i = 0; i < h->n; ++i) {
        fputc('[', fp);
        for (int k = 0; k <= h->layers; ++k) fprintf(fp, "%s%.6g", k ? "," : "", *at++);
        fprintf(fp, "]%s\n", i + 1 < h->n ? "," : "");
    }
    fputs("]", fp);
}

/* ---- the data ---- */

static void print_member(FILE *fp, const char *name, const char *value)
{
    fprintf(fp, ",\n\"%s\":", name);
    vd_json_string(fp, value);
}

static void print_time(FILE *fp)
{
    char text[64];
    struct tm here;
    time_t now = time(0);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &here));
    print_member(fp, "written", text);
}

static void print_rows(FILE *fp, const vd_csv *c)
{
    fputs(",\n\"columns\":[", fp);
    for (int i = 0; i < VD_CSV_COLUMNS; ++i) fprintf(fp, "%s\"%s\"", i ? "," : "", vd_csv_names[i]);
    fputs("],\n\"rows\":[", fp);
    for (size_t i = 0; i < c->n; ++i) {
        fputs(i ? ",\n[" : "\n[", fp);
        for (int k = 0; k < VD_CSV_COLUMNS; ++k) {
            if (k) fputc(',', fp);
            if (isfinite(c->rows[i].at[k])) vd_csv_print_cell(fp, k, c->rows[i].at[k]);
            else fputs("null", fp);
        }
        fputc(']', fp);
    }
    fputs("]", fp);
}

static void print_keys(FILE *fp, const vd_page *p)
{
    fputs(",\n\"keys\":[", fp);
    for (int i = 0; i < p->n_keys; ++i) {
        fputs(i ? ",\n[" : "\n[", fp);
        vd_json_string(fp, p->keys[i].section);
        fputc(',', fp);
        vd_json_string(fp, p->keys[i].key);
        fputc(',', fp);
        vd_json_string(fp, p->keys[i].value);
        fputc(']', fp);
    }
    fputs("]", fp);
}

static void print_version(FILE *fp, const char *what, const char *version, int last)
{
    fputc('[', fp);
    vd_json_string(fp, what);
    fputc(',', fp);
    vd_json_string(fp, version);
    fputs(last ? "]" : "],", fp);
}

static void print_versions(FILE *fp)
{
    char *kernels = 0, *products = vd_version_products();
    size_t size;
    FILE *text = open_memstream(&kernels, &size);
    if (!text) vd_die("out of memory");
    vd_kernel_choice_print(text);
    fclose(text);
    fputs(",\n\"versions\":[", fp);
    print_version(fp, "darknet-vd", vd_version(), 0);
    print_version(fp, "Darknet", vd_version_darknet(), 0);
    print_version(fp, "matrix products", products, 0);
    print_version(fp, "JPEG", vd_jpeg_decoder(), 0);
    print_version(fp, "arithmetic", kernels, 1);
    fputs("]", fp);
    free(kernels);
    free(products);
}

/* what page.html's script reads */
static void print_data(FILE *fp, const vd_page *p)
{
    const vd_cost *c = vd_cost_of(p->net);
    fputs("{\"base\":", fp);
    vd_json_string(fp, p->base);
    print_member(fp, "cfg", p->net->cfg_file ? p->net->cfg_file : "");
    print_member(fp, "state", p->state);
    print_time(fp);
    fprintf(fp, ",\n\"batch\":%zu,\"max_batches\":%d,\"seen\":%zu,\"samples\":", get_current_batch((network *)p->net),
            p->net->max_batches, *p->net->seen);
    vd_json_number(fp, c ? c->samples : NAN);
    fputs(",\"epoch\":", fp);
    vd_json_number(fp, p->epoch);
    fprintf(fp, ",\"input\":\"%dx%dx%d\"", p->net->w, p->net->h, p->net->c);
    print_keys(fp, p);
    print_versions(fp);
    fputs(",\n", fp);
    vd_page_network(fp, p->net);
    print_rows(fp, p->csv);
    fprintf(fp, ",\n\"history_layers\":%d,\n", p->history->layers);
    print_history(fp, p->history);
    fputs("}\n", fp);
}

static void print_chart(FILE *fp)
{
#ifdef VD_CHART
    fprintf(fp, "<script>\n/*\n%s*/\n", vd_page_licence);
    fputs(vd_page_chart, fp);
    fputs("\n</script>\n", fp);
#else
    fputs("<!-- built without Chart.js -->\n", fp);
#endif
}

static void print_refresh(FILE *fp, const vd_page *p)
{
    if (p->refresh) fprintf(fp, "<meta http-equiv=\"refresh\" content=\"%d\">\n", p->refresh);
}

/* what stands in the place of one of the template's lines; 0 when the line is its own text */
static int fill(FILE *fp, const char *line, size_t n, const vd_page *p)
{
    static const char refresh[] = "<!--REFRESH-->", chart[] = "<!--CHART-->", data[] = "<!--DATA-->";
    if (n == strlen(refresh) && !memcmp(line, refresh, n)) print_refresh(fp, p);
    else if (n == strlen(chart) && !memcmp(line, chart, n)) print_chart(fp);
    else if (n == strlen(data) && !memcmp(line, data, n)) print_data(fp, p);
    else return 0;
    return 1;
}

char *vd_page_write(const vd_page *p)
{
    char *fault;
    vd_output out = vd_output_try(p->path, &fault);
    if (fault) return fault;
    for (const char *line = vd_page_template, *end; (end = strchr(line, '\n')); line = end + 1)
        if (!fill(out.fp, line, (size_t)(end - line), p)) fwrite(line, 1, (size_t)(end - line) + 1, out.fp);
    return vd_output_finish(&out, 0); /* made anew soon */
}
