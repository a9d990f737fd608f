#include "training/csv.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const vd_csv_names[VD_CSV_COLUMNS] = {"batch", "epoch", "images",   "seconds", "rate",  "loss", "cost",
                                                  "kl",    "w",     "sparsity", "nonzero", "error", "map"};

/* counts are whole */
static int is_count(int column)
{
    return column == VD_CSV_BATCH || column == VD_CSV_IMAGES || column == VD_CSV_NONZERO;
}

void vd_csv_print_cell(FILE *fp, int column, double value)
{
    if (!isfinite(value)) return;
    if (is_count(column)) fprintf(fp, "%.0f", value);
    else if (column == VD_CSV_RATE) fprintf(fp, "%.7g", value); /* a float */
    else fprintf(fp, "%.9g", value);
}

static void print_header(FILE *fp)
{
    for (int i = 0; i < VD_CSV_COLUMNS; ++i) fprintf(fp, "%s%s", i ? "," : "", vd_csv_names[i]);
    fputc('\n', fp);
}

static void print_row(FILE *fp, const vd_csv_row *row)
{
    for (int i = 0; i < VD_CSV_COLUMNS; ++i) {
        if (i) fputc(',', fp);
        vd_csv_print_cell(fp, i, row->at[i]);
    }
    fputc('\n', fp);
}

vd_csv_row vd_csv_row_empty(void)
{
    vd_csv_row row;
    for (int i = 0; i < VD_CSV_COLUMNS; ++i) row.at[i] = NAN;
    return row;
}

static double batch_of(const vd_csv *c, size_t i)
{
    return c->rows[i].at[VD_CSV_BATCH];
}

/* rows from this batch on go */
static void drop_from(vd_csv *c, double batch)
{
    while (c->n && batch_of(c, c->n - 1) >= batch) --c->n;
    if (c->written > c->n) c->replace = 1;
}

void vd_csv_add(vd_csv *c, vd_csv_row row)
{
    drop_from(c, row.at[VD_CSV_BATCH]);
    if (c->n == c->room) {
        c->room = c->room ? 2 * c->room : 64;
        c->rows = vd_realloc(c->rows, c->room * sizeof(*c->rows));
    }
    c->rows[c->n++] = row;
}

void vd_csv_drop_after(vd_csv *c, double batch)
{
    drop_from(c, nextafter(batch, INFINITY));
}

void vd_csv_free(vd_csv *c)
{
    free(c->path);
    free(c->rows);
    *c = (vd_csv){0};
}

/* ---- reading ---- */

/* the cells of a line, cut at its commas; returns how many there are, at most one more than there should be */
static int cut(char *line, char *cells[VD_CSV_COLUMNS + 1])
{
    int n = 0;
    for (char *at = line, *comma; n <= VD_CSV_COLUMNS; at = comma + 1) {
        cells[n++] = at;
        comma = strchr(at, ',');
        if (!comma) break;
        *comma = 0;
    }
    return n;
}

/* null, or what is wrong with the line */
static char *parse_row(char *line, vd_csv_row *row)
{
    char *cells[VD_CSV_COLUMNS + 1];
    int n = cut(line, cells);
    if (n != VD_CSV_COLUMNS)
        return vd_format("%s%d columns, expected %d", n > VD_CSV_COLUMNS ? "more than " : "",
                         n > VD_CSV_COLUMNS ? VD_CSV_COLUMNS : n, VD_CSV_COLUMNS);
    *row = vd_csv_row_empty();
    for (int i = 0; i < VD_CSV_COLUMNS; ++i) {
        if (!*cells[i] && i != VD_CSV_BATCH) continue;
        if (!vd_parse_double(cells[i], row->at + i))
            return vd_format("column %d, %s: '%.40s' is not a number", i + 1, vd_csv_names[i], cells[i]);
        if (is_count(i) && (row->at[i] < 0 || row->at[i] != floor(row->at[i])))
            return vd_format("column %d, %s: '%.40s' is not a count", i + 1, vd_csv_names[i], cells[i]);
    }
    return 0;
}

static char *check_header(const char *line)
{
    char *expected = 0;
    size_t size;
    FILE *fp = open_memstream(&expected, &size);
    if (!fp) vd_die("out of memory");
    print_header(fp);
    fclose(fp);
    expected[size - 1] = 0;
    char *fault = strcmp(line, expected) ? vd_format("expected the columns %s", expected) : 0;
    free(expected);
    return fault;
}

/* line `number`, from 1, without its newline */
static char *parse_line(vd_csv *c, char *line, long number)
{
    vd_csv_row row = {.at = {0}};
    char *fault = number == 1 ? check_header(line) : parse_row(line, &row);
    if (fault || number == 1) return fault;
    double batch = row.at[VD_CSV_BATCH], last = c->n ? batch_of(c, c->n - 1) : -1;
    if (batch <= last)
        return vd_format("column 1, batch: %.0f is not greater than %.0f in the line before", batch, last);
    vd_csv_add(c, row);
    return 0;
}

vd_csv vd_csv_read(const char *path, char **fault)
{
    vd_csv c = {.path = vd_format("%s", path), .replace = 1};
    FILE *fp = vd_input_open(path, "r", fault);
    char *line = 0, *wrong = 0;
    size_t room = 0;
    ssize_t n = 0;
    long number = 0;
    if (!fp) return c;
    while (!wrong && (n = getline(&line, &room, fp)) > 0 && line[n - 1] == '\n') {
        line[--n] = 0;
        if (n && line[n - 1] == '\r') line[--n] = 0; /* saved by a spreadsheet, which may begin it with a mark, too */
        int mark = number++ ? 0 : vd_byte_order_mark(line);
        wrong = strlen(line) == (size_t)n ? parse_line(&c, line + mark, number) : vd_format("a byte 0");
    }
    if (n < 0 && !feof(fp)) vd_die("%s: line %ld: cannot be read: %s", path, number + 1, strerror(errno));
    if (wrong) *fault = vd_format("%s: line %ld: %s", path, number, wrong);
    else if (!number) *fault = vd_format("%s: line 1: the line of column names is missing", path);
    free(wrong);
    free(line);
    fclose(fp);
    return c;
}

/* ---- writing ---- */

static char *not_written(const vd_csv *c)
{
    return vd_format("%s: not written: %s", c->path, strerror(errno));
}

/* the rows that the file lacks as text, for the caller to free */
static char *missing(const vd_csv *c, size_t *bytes)
{
    char *text = 0;
    FILE *fp = open_memstream(&text, bytes);
    if (!fp) vd_die("out of memory");
    for (size_t i = c->written; i < c->n; ++i) print_row(fp, c->rows + i);
    if (fclose(fp)) vd_die("out of memory");
    return text;
}

/* one write(): a program that is killed leaves all of it or nothing */
static char *append(vd_csv *c, int fd)
{
    size_t bytes;
    char *text = missing(c, &bytes), *fault = 0;
    errno = ENOSPC; /* of a write that took a part */
    if (write(fd, text, bytes) == (ssize_t)bytes) {
        c->written = c->n;
        c->bytes += (long long)bytes;
    } else {
        fault = not_written(c);
        if (ftruncate(fd, c->bytes)) c->replace = 1;
    }
    free(text);
    return fault;
}

static char *replace(vd_csv *c)
{
    char *fault;
    vd_output out = vd_output_try(c->path, &fault);
    if (fault) return fault;
    print_header(out.fp);
    for (size_t i = 0; i < c->n; ++i) print_row(out.fp, c->rows + i);
    long long bytes = ftell(out.fp);
    fault = vd_output_finish(&out, 1);
    c->replace = fault != 0;
    if (fault) return fault;
    c->written = c->n;
    c->bytes = bytes;
    return 0;
}

char *vd_csv_write(vd_csv *c)
{
    struct stat s;
    if (!c->replace && c->written == c->n) return 0;
    vd_survive_size_limit();
    int fd = c->replace ? -1 : open(c->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    /* gone, or written by another program meanwhile: all of it anew */
    int is_ours = fd >= 0 && !fstat(fd, &s) && S_ISREG(s.st_mode) && s.st_size == c->bytes;
    char *fault = is_ours ? append(c, fd) : replace(c);
    if (fd >= 0) close(fd);
    return fault;
}
