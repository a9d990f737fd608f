/* onnx_score classes A HERE LIST LABELS: the error of answers A to the pictures of LIST, in %, and how many of them
 * have another class in HERE. The class of a picture is the line of LABELS that its path contains.
 *
 * onnx_score boxes A HERE CLASSES WIDTH HEIGHT: the largest difference of boxes, in pixels of the network's input,
 * among those with a score of .1 or more in HERE; and of scores
 *
 * onnx_score selected A HERE WIDTH HEIGHT: how many boxes of A stay after suppression, and of HERE; the largest
 * difference of the boxes, in pixels, where picture and class of all are the same */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 10 }; /* of a box's sides: see picture.h */

static float *read_floats(const char *path, size_t *n)
{
    FILE *fp = fopen(path, "rb");
    float *x = 0;
    if (!fp) exit(2);
    fseek(fp, 0, SEEK_END);
    *n = (size_t)ftell(fp) / sizeof(float);
    rewind(fp);
    x = malloc(*n * sizeof(float) + 1);
    if (!x || fread(x, sizeof(float), *n, fp) != *n) exit(2);
    fclose(fp);
    return x;
}

static int read_lines(const char *path, char lines[][512], int most)
{
    FILE *fp = fopen(path, "r");
    int n = 0;
    while (fp && n < most && fgets(lines[n], 512, fp)) {
        lines[n][strcspn(lines[n], "\n")] = 0;
        n += *lines[n] != 0;
    }
    return n;
}

static int best_of(const float *x, int n)
{
    int best = 0;
    for (int i = 1; i < n; ++i)
        if (x[i] > x[best]) best = i;
    return best;
}

/* NaN stays NaN */
static double larger(double a, double b)
{
    return a > b || isnan(a) ? a : b;
}

static int score_classes(const float *a, const float *b, const char *list, const char *names)
{
    static char paths[20000][512], labels[1000][512];
    int n = read_lines(list, paths, 20000), classes = read_lines(names, labels, 1000), wrong = 0, other = 0;
    for (int i = 0; i < n; ++i) {
        int mine = best_of(a + (size_t)i * classes, classes);
        wrong += !strstr(paths[i], labels[mine]);
        other += mine != best_of(b + (size_t)i * classes, classes);
    }
    printf("%.2f%%/%d\n", 100. * wrong / n, other);
    return 0;
}

static int score_boxes(const float *a, const float *b, size_t n, int classes, int width, int height)
{
    double pixels = 0, scores = 0;
    int row = 4 + classes;
    for (size_t at = 0; at + row <= n; at += row) {
        int seen = b[at + 4 + best_of(b + at + 4, classes)] >= .1f;
        for (int k = 0; seen && k < 4; ++k)
            pixels = larger(pixels, fabs((double)a[at + k] - b[at + k]) * (k % 2 ? height : width));
        for (int c = 4; c < row; ++c) scores = larger(scores, fabs((double)a[at + c] - b[at + c]));
    }
    printf("%.0epx/%.0e\n", pixels, scores);
    return 0;
}

static int score_selected(const float *a, const float *b, size_t n, size_t m, int width, int height)
{
    enum { ROW = 7 };
    double pixels = 0;
    int same = n == m;
    for (size_t i = 0; same && i < n; i += ROW) {
        same = a[i] == b[i] && a[i + 1] == b[i + 1];
        for (int k = 0; k < 4; ++k)
            pixels = fmax(pixels, fabs(fmin(a[i + 3 + k], MOST) - fmin(b[i + 3 + k], MOST)) * (k % 2 ? height : width));
    }
    printf("%zu/%zu", n / ROW, m / ROW);
    if (same) printf(",%.0epx\n", pixels);
    else printf(",others\n");
    return 0;
}

int main(int argc, char **argv)
{
    size_t n, m;
    if (argc < 6) return 2;
    const float *a = read_floats(argv[2], &n), *b = read_floats(argv[3], &m);
    if (!strcmp(argv[1], "selected")) return score_selected(a, b, n, m, atoi(argv[4]), atoi(argv[5]));
    if (n != m) return puts("other sizes"), 1;
    if (!strcmp(argv[1], "classes")) return score_classes(a, b, argv[4], argv[5]);
    return score_boxes(a, b, n, atoi(argv[4]), atoi(argv[5]), argc > 6 ? atoi(argv[6]) : 0);
}
