/* onnx_here [nms] CFG WEIGHTS INPUTS OUTPUTS [LIST]: answers of the masked network, which ONNX files must give, to the
 * pictures of a list, or to PICTURES random ones. INPUTS: the pictures as the network takes them; OUTPUTS: for each
 * picture the output of the network, or of a detector all boxes of all heads: middle and size as shares of the
 * picture's, scores. With nms those that stay after Darknet's own suppression, each with the numbers of its picture and
 * class, its score and box: class by class, the best first */
#include <darknet.h>
#include <string.h>

#include "picture.h"

static image picture_of(const network *net, const char *path)
{
    image im = load_image_color((char *)path, 0, 0), boxed = letterbox_image(im, net->w, net->h);
    free_image(im);
    return boxed;
}

/* get_network_boxes() adds the grey borders that a picture of another shape would have; this one has the network's */
static void write_boxes(FILE *fp, network *net)
{
    int n;
    layer last = {0};
    for (int i = 0; i < net->n; ++i)
        if (net->layers[i].type == YOLO || net->layers[i].type == REGION) last = net->layers[i];
    detection *d = get_network_boxes(net, net->w, net->h, -1, 0, 0, 1, &n);
    for (int i = 0; i < n; ++i) {
        /* boxes of [yolo] come cell by cell, those of [region] anchor by anchor */
        detection *of = d + (last.type == REGION ? i % last.n * last.w * last.h + i / last.n : i);
        float *box = &of->bbox.x;
        for (int k = 2; k < 4; ++k) box[k] = box[k] < MOST ? box[k] : MOST;
        write_numbers(fp, box, 4);
        write_numbers(fp, of->prob, last.classes);
    }
    free_detections(d, n);
}

static int class;

static int by_score(const void *a, const void *b)
{
    float x = (*(detection *const *)a)->prob[class], y = (*(detection *const *)b)->prob[class];
    return x < y ? 1 : -(x > y);
}

static void write_selected(FILE *fp, network *net, int picture)
{
    int n, classes = net->layers[net->n - 1].classes;
    detection *d = get_network_boxes(net, net->w, net->h, .5f, 0, 0, 1, &n), **sorted = calloc(n + 1, sizeof(*sorted));
    do_nms_sort(d, n, classes, .45f);
    for (class = 0; class < classes; ++class) {
        int left = 0;
        for (int i = 0; i < n; ++i)
            if (d[i].prob[class] > 0) sorted[left++] = d + i;
        qsort(sorted, left, sizeof(*sorted), by_score);
        for (int i = 0; i < left; ++i) {
            write_numbers(fp, (float[]){(float)picture, (float)class, sorted[i]->prob[class]}, 3);
            write_numbers(fp, &sorted[i]->bbox.x, 4);
        }
    }
    free(sorted);
    free_detections(d, n);
}

static void answer(FILE *in, FILE *out, network *net, float *x, int nms)
{
    static int picture;
    int detects = 0;
    write_numbers(in, x, net->inputs);
    float *y = network_predict(net, x);
    if (nms) {
        write_selected(out, net, picture++);
        return;
    }
    for (int i = 0; i < net->n; ++i) detects |= net->layers[i].type == YOLO || net->layers[i].type == REGION;
    if (detects) write_boxes(out, net);
    else write_numbers(out, y, net->outputs);
}

int main(int argc, char **argv)
{
    int nms = argc > 1 && !strcmp(argv[1], "nms");
    argc -= nms, argv += nms;
    if (argc < 5) return 2;
    network *net = load_network(argv[1], argv[2], 0);
    set_batch_network(net, 1);
    FILE *in = fopen(argv[3], "wb"), *out = fopen(argv[4], "wb");
    if (argc > 5) {
        list *paths = get_paths(argv[5]);
        for (node *p = paths->front; p; p = p->next) {
            image im = picture_of(net, p->val);
            answer(in, out, net, im.data, nms);
            free_image(im);
        }
    } else {
        float *x = calloc((size_t)net->inputs, sizeof(float));
        for (int p = 0; p < PICTURES; ++p) {
            fill_picture(x, net->inputs);
            answer(in, out, net, x, nms);
        }
    }
    return fclose(in) != 0 || fclose(out) != 0;
}
