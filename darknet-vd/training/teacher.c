#include "training/teacher.h"
#include "config/heads.h"
#include "config/keys.h"
#include "layer/nonfinite.h"
#include "base/fail.h"
#include "base/seed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

/* [net]'s keys; cfg is null: no teacher */
static struct {
    char *cfg, *weights;
    double share, temperature;
} keys;

static struct {
    const network *student; /* null: the teacher has not been read */
    network *net;
    int reads;       /* its cfg is being read */
    int own, taught; /* numbers of the two [softmax] layers */
    float *soft;     /* [2][outputs], q_T and p_T of a picture */
} now;

static void forget(void)
{
    if (now.net) free_network(now.net);
    free(now.soft);
    memset(&now, 0, sizeof(now));
}

void vd_teacher_options(vd_section s)
{
    static const char *const others[] = {"teacher_weights", "teacher_share", "teacher_temperature"};
    forget();
    free(keys.cfg);
    free(keys.weights);
    keys.cfg = vd_option_text(s, "teacher");
    keys.weights = vd_option_text(s, "teacher_weights");
    keys.share = vd_key_number(s, "teacher_share");
    keys.temperature = vd_key_number(s, "teacher_temperature");
    for (int i = 0; i < 3 && !keys.cfg; ++i)
        if (vd_option_given(s, others[i]))
            vd_section_die(s, "%s needs teacher=FILE, the cfg of a classifier", others[i]);
    if (keys.cfg && !keys.weights) vd_section_die(s, "teacher=%s needs teacher_weights=FILE", keys.cfg);
}

int vd_teacher_is_read(const char *filename)
{
    return now.reads && filename == keys.cfg; /* an error may have left it before its end */
}

const char *vd_teacher_weights(void)
{
    return keys.cfg ? keys.weights : 0;
}

/* the layer that answers, which must be a [softmax] over all outputs */
static int softmax_of(const network *net)
{
    int i = vd_last_layer(net);
    layer l = net->layers[i];
    if (i < 1 || l.type != SOFTMAX || l.softmax_tree || l.groups > 1 || l.noloss)
        vd_die("%s: layer %d [%s]: a training with teacher= needs classifiers that end in a [softmax] of one group, "
               "without a tree",
               net->cfg_file, i, get_layer_string(l.type));
    return i;
}

static void check_pair(const network *net)
{
    const network *t = now.net;
    if (t->w != net->w || t->h != net->h || t->c != net->c || t->inputs != net->inputs)
        vd_die("%s: [net]: teacher=%s takes pictures of %dx%dx%d, this network %dx%dx%d", net->cfg_file, keys.cfg, t->w,
               t->h, t->c, net->w, net->h, net->c);
    int outputs = net->layers[now.own].outputs, others = t->layers[now.taught].outputs;
    if (others != outputs)
        vd_die("%s: [net]: teacher=%s has %d outputs, this network %d", net->cfg_file, keys.cfg, others, outputs);
}

void vd_teacher_begin(network *net)
{
    if (!keys.cfg || now.student == net) return;
    forget();
    now.own = softmax_of(net);
    rand_kept kept = rand_keep();
    fprintf(stderr, "teacher of %g of the loss, at temperature %g:\n", keys.share, keys.temperature);
    now.reads = 1;
    now.net = parse_network_cfg(keys.cfg);
    now.reads = 0;
    now.taught = softmax_of(now.net);
    check_pair(net);
    load_weights(now.net, keys.weights);
    rand_put_back(kept);
    now.soft = vd_calloc(2 * (size_t)net->layers[now.own].outputs, sizeof(float));
    now.student = net;
}

/* p = softmax(z / temperature) */
static void soften(const float *z, int n, double temperature, float *p)
{
    double most = z[0], sum = 0;
    for (int i = 1; i < n; ++i)
        if (z[i] > most) most = z[i];
    for (int i = 0; i < n; ++i) sum += p[i] = expf((float)((z[i] - most) / temperature));
    for (int i = 0; i < n; ++i) p[i] = (float)(p[i] / sum);
}

/* delta, which has y - softmax(z), becomes -dL/dz, as Darknet's updates take it */
static void correct(const float *z, const float *v, float *delta, layer own, layer taught)
{
    int n = own.outputs;
    double t = keys.temperature;
    float *q = now.soft, *p = q + n;
    soften(v, n, t * taught.temperature, q);
    soften(z, n, t * own.temperature, p);
    for (int i = 0; i < n; ++i) delta[i] = (float)((1 - keys.share) * delta[i] + keys.share * t * (q[i] - p[i]));
}

/* the next of a classifier's sizes, where they change from batch to batch */
static void follow_size(const network *net)
{
    if (now.net->w == net->w && now.net->h == net->h) return;
    resize_network(now.net, net->w, net->h);
    check_pair(net);
}

void vd_teacher_correct(network *net)
{
    if (!keys.cfg || now.student != net) return;
    follow_size(net);
    layer own = net->layers[now.own], taught = now.net->layers[now.taught];
    const float *z = net->layers[now.own - 1].output, *v = now.net->layers[now.taught - 1].output;
    int most = now.net->batch, n = own.outputs; /* its cfg may have another batch= */
    for (int first = 0; first < net->batch; first += most) {
        int images = net->batch - first < most ? net->batch - first : most;
        set_batch_network(now.net, images);
        network_predict(now.net, net->input + (size_t)first * net->inputs);
        if (vd_first_not_finite((size_t)images * n, v) < (size_t)images * n)
            vd_die("%s: an output of this teacher is not finite", keys.weights);
        for (int i = 0; i < images; ++i) {
            size_t at = (size_t)(first + i) * n;
            correct(z + at, v + (size_t)i * n, own.delta + at, own, taught);
        }
    }
    set_batch_network(now.net, most);
}
