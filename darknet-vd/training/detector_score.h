/* How well a detector finds the objects of a list of pictures: what `detector map` prints, and what a training is
 * validated by. */
#ifndef VD_TRAINING_DETECTOR_SCORE_H
#define VD_TRAINING_DETECTOR_SCORE_H

#include "darknet.h"
#include "training/average_precision.h"

/* by which rule, see average_precision.h */
typedef struct {
    double iou;     /* least overlap of a hit */
    double least;   /* detections with less confidence are ignored */
    double counted; /* hits, false alarms and missed objects are those at more confidence than this */
    int points;
} vd_score_rule;

/* the rule of AlexeyAB's Darknet where nothing is said: overlap 0.5, area under the curve, counts at 0.25 */
vd_score_rule vd_score_rule_default(void);

/* pictures and what is in them: the first n of each array; difficult[i] is null where there is no such list */
typedef struct {
    int n, all; /* all: with those that -skip-broken leaves out */
    char **paths, **labels, **difficult;
} vd_labelled_pictures;

/* The pictures of a list, with the places of their labels (data/label_path.h). difficult: null, or a list of as many
 * paths, whose labels are the objects of a picture that need not be found. A missing file of labels ends the program;
 * with -skip-broken the pictures it leaves out are not among them. */
vd_labelled_pictures vd_labelled_read(const char *list, const char *difficult, int classes);
/* the pictures alone, for a classifier */
vd_labelled_pictures vd_unlabelled_read(const char *list);
void vd_labelled_free(vd_labelled_pictures p);

/* objects in all of them */
size_t vd_labelled_objects(vd_labelled_pictures p);

typedef struct {
    size_t truths;
    double average_precision; /* 0 where there are no objects */
    vd_detection_counts counts;
} vd_class_score;

typedef struct {
    vd_class_score *of; /* [classes], the caller's to free */
    int classes, pictures;
    double map;     /* mean of the average precisions of the classes that have objects */
    double overlap; /* of detections above `counted` with the objects they hit, mean; false alarms count 0 */
} vd_detector_score;

/* classes of the first head of a network; the program ends when it has none. cfg: for the message */
int vd_detector_classes(const network *net, const char *cfg);

/* Look for the objects in all pictures, with a network of batch 1.
 *
 *   go_on    called before each picture with how many are done; 0 ends the work at once: pictures is then 0 and nothing
 *            else is set. May be null */
vd_detector_score vd_score_detector(network *net, vd_labelled_pictures p, vd_score_rule rule, int (*go_on)(int done));

#endif
