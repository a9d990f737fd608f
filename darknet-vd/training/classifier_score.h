/* How often a classifier names the class of a picture: what `classifier valid` measures, for the validation of a
 * training. */
#ifndef VD_TRAINING_CLASSIFIER_SCORE_H
#define VD_TRAINING_CLASSIFIER_SCORE_H

#include "darknet.h"

typedef struct {
    int pictures;             /* 0: it was stopped */
    double error, top_errors; /* share of pictures whose class is not the first, not among the first `top` */
} vd_classifier_score;

/* the class a path names: the label that it contains, -1 for none. What is not clear is reported, see
 * vd_labels_found() */
int vd_score_class(const char *path, char **labels, int classes);

/* a picture as the network takes it: its shorter side scaled, its middle cut out. The caller's to free */
image vd_score_picture(const network *net, const char *path);

/* Classify n pictures with a network of batch 1. The class of a picture is the label that its path contains.
 *
 *   labels   [classes], at most as many as the network has outputs
 *   go_on    called before each picture with how many are done; 0 ends the work at once. May be null */
vd_classifier_score vd_score_classifier(network *net, char **paths, int n, char **labels, int classes, int top,
                                        int (*go_on)(int done));

#endif
