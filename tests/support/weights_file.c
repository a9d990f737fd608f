#include "support/weights_file.h"
#include "layer/vd_layer.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char vd_cfg[] = NET "[vd_convolutional]\n" CONV POOL PLAIN "[vd_connected]\n" LAST "[softmax]\n" COST;
const char plain_cfg[] = NET "[convolutional]\n" CONV POOL PLAIN "[connected]\n" LAST "[softmax]\n";

char *path, *good;

void randomise(network *net, unsigned seed)
{
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (l.type != CONVOLUTIONAL && l.type != CONNECTED) continue;
        int n = l.type == CONVOLUTIONAL ? l.n : l.outputs;
        float *of_units[] = {l.biases, l.scales, l.rolling_mean, l.rolling_variance};
        for (int k = 0; k < (l.batch_normalize ? 4 : 1); ++k) fill_random(of_units[k], n, seed + 10 * i + k);
        for (int k = 0; l.batch_normalize && k < n; ++k) l.rolling_variance[k] = fabsf(l.rolling_variance[k]) + .1f;
        fill_random(l.weights, vd_weights_of(l), seed + 10 * i + 4);
        vd_layer *vd = vd_layer_of(l);
        if (vd) fill_random(vd->log_sigma2, vd->n, seed + 10 * i + 5);
    }
    *net->seen = 4660;
}

void make_good_file(void)
{
    size_t n;
    silence_stderr();
    setvbuf(stderr, 0, _IONBF, 0);
    make_test_folder();
    path = in_folder(folder, "net.weights");
    network *net = network_of(vd_cfg, 0);
    randomise(net, 1);
    save_weights(net, path);
    free_network(net);
    good = read_bytes(path, &n);
    ck_assert_ptr_nonnull(good);
    ck_assert_uint_eq(n, SIZE);
}

void remove_good_file(void)
{
    free(good);
    free(path);
    remove_test_folder();
}

outcome load(const char *cfg, const char *file, void (*and_then)(network *))
{
    outcome o;
    int ends[2], status;
    static char text[1 << 16];
    size_t n = 0;
    network *net = network_of(cfg, 0);
    ck_assert_int_eq(pipe(ends), 0);
    fflush(0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        load_weights(net, (char *)file);
        if (and_then) and_then(net);
        fflush(0);
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], text + n, sizeof(text) - 1 - n)) > 0;) n += got;
    close(ends[0]);
    text[n] = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    free_network(net);
    o.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    o.err = vd_format("%s", text);
    return o;
}

void expect_refused(const char *cfg, const void *data, size_t n, const char *culprit)
{
    char *bad = in_folder(folder, "bad.weights"), *start = vd_format("\n%s: ", bad);
    write_bytes(bad, data, n);
    outcome o = load(cfg, bad, 0);
    ck_assert_msg(o.status == 1, "%s: status %d: %s", culprit, o.status, o.err);
    const char *line = strstr(o.err, start);
    ck_assert_msg(line && strstr(line, culprit), "\"%s\" is not named: %s", culprit, o.err);
    ck_assert_msg(strchr(line + 1, '\n') == o.err + strlen(o.err) - 1, "more than one line: %s", o.err);
    free(o.err);
    free(start);
    free(bad);
}

void expect_accepted(const char *cfg, const void *data, size_t n, const char *said)
{
    char *file = in_folder(folder, "other.weights");
    write_bytes(file, data, n);
    outcome o = load(cfg, file, 0);
    ck_assert_msg(o.status == 0, "status %d: %s", o.status, o.err);
    ck_assert_msg(strstr(o.err, said) != 0, "\"%s\" is not said: %s", said, o.err);
    free(o.err);
    free(file);
}
