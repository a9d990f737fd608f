/* any text as one of the lists and tables a .data file or a cfg names: the first byte selects which */
#include "fuzz/fuzz.h"
#include "base/text.h"
#include "data/label_path.h"
#include "data/text_files.h"

#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "tree.h"

/* in Darknet's data.c, and in none of its headers */
void fill_truth_detection(char *path, int boxes, float *truth, int classes, int flip, float dx, float dy, float sx,
                          float sy);

enum { CLASSES = 10, BOXES = 5 };

static char *picture; /* its labels are the file of the input */

/* pictures with too many boxes are named until there are many; names that stay are made before the first input, whose
 * memory is freed behind it */
void fuzz_begin(void)
{
    enum { MANY = 10 };
    picture = vd_format("%s/fuzz.jpg", fuzz_folder("fuzz.txt"));
    for (char name[] = "0"; *name < '0' + MANY; ++*name) vd_boxes_left_out(name, BOXES + 1, BOXES);
}

static void read_paths(char *path)
{
    list *lines = get_paths(path);
    float truth[CLASSES];
    char *label, *fault, *labels[CLASSES] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    for (node *n = lines->front; n; n = n->next) {
        fill_truth(n->val, labels, CLASSES, truth);
        label = vd_label_path(n->val, &fault);
        free(label), free(fault);
    }
}

static void read_hierarchy(char *path)
{
    float x[1024] = {0};
    tree *t = read_tree(path);
    if (t->n > 1024) return;
    hierarchy_predictions(x, t->n, t, 1, 1);
    hierarchy_top_prediction(x, t, .5, 1);
    for (int i = 0; i < t->n; ++i) get_hierarchy_probability(x, t, i, 1);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    float truth[5 * BOXES] = {0};
    if (!n) return;
    char *path = fuzz_file(data + 1, n - 1);
    switch (*data) {
    case 'p':
        read_paths(path);
        break;
    case 'l':
        get_labels_of(path, CLASSES);
        break;
    case 'b':
        fill_truth_detection(picture, BOXES, truth, CLASSES, n % 2, 0, 0, 1, 1);
        break;
    case 'm':
        free(read_map(path));
        break;
    case 't':
        read_hierarchy(path);
        break;
    default:
        break;
    }
}

void fuzz_seeds(void)
{
    static const char *const texts[] = {"pdata/images/a_c1.png\ndata/raw/b_c2.jpg\r\n\n",
                                        "l0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n", "b0 .5 .5 .2 .2\n9 .1 .2 .3 .4\n",
                                        "m0\n3\n2\n", "tanimal -1\nthing -1\ncat 0\ndog 0\nchair 1\n"};
    static const char *const names[] = {"paths", "labels", "boxes", "map", "tree"};
    for (int i = 0; i < 5; ++i) fuzz_seed(names[i], texts[i], strlen(texts[i]));
}
