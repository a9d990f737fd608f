#include "training/classifier_score.h"
#include "data/text_files.h"
#include "base/fail.h"

#include <stdlib.h>
#include <string.h>

int vd_score_class(const char *path, char **labels, int classes)
{
    int class = -1, found = 0;
    for (int j = classes - 1; j >= 0; --j) {
        if (!strstr(path, labels[j])) continue;
        class = j;
        ++found;
    }
    vd_labels_found(path, found, classes, found ? labels[class] : "");
    return class;
}

image vd_score_picture(const network *net, const char *path)
{
    image picture = load_image_color((char *)path, 0, 0), crop = center_crop_image(picture, net->w, net->h);
    free_image(picture);
    return crop;
}

/* the most likely classes of a picture, into best [top]; as `classifier valid` finds them */
static void classify(network *net, char *path, int classes, int top, int *best)
{
    image crop = vd_score_picture(net, path);
    float *outputs = network_predict(net, crop.data);
    if (net->hierarchy) hierarchy_predictions(outputs, net->outputs, net->hierarchy, 1, 1);
    top_k(outputs, classes, top, best);
    free_image(crop);
}

vd_classifier_score vd_score_classifier(network *net, char **paths, int n, char **labels, int classes, int top,
                                        int (*go_on)(int done))
{
    int *best = vd_calloc(top, sizeof(*best)), first = 0, among = 0, done = 0;
    for (; done < n && (!go_on || go_on(done)); ++done) {
        int class = vd_score_class(paths[done], labels, classes);
        classify(net, paths[done], classes, top, best);
        first += best[0] == class;
        for (int i = 0; i < top; ++i) among += best[i] == class;
    }
    free(best);
    if (done < n) return (vd_classifier_score){0};
    return (vd_classifier_score){n, (double)(n - first) / n, (double)(n - among) / n};
}
