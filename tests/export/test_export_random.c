/* Random networks, pruned at random: exported in every way, they give the same outputs as before. */
#include "support/export_support.h"
#include "support/random_export.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* the exporter ends the process when it finds a difference: say of which network */
static void tell(void)
{
    if (!folder) return; /* the test is over */
    char *path = in_folder(folder, "net.cfg");
    size_t n;
    char *cfg = read_bytes(path, &n);
    if (cfg) printf("random network:\n%s", cfg);
    fflush(stdout);
}

enum { GROUPS = 8, IN_A_GROUP = 20 };

START_TEST(random_networks_answer_as_before)
{
    int gone = 0, kept = 0, why = 0;
    atexit(tell);
    for (int k = 0; k < IN_A_GROUP; ++k) {
        char *cfg;
        network *net = draw_network(_i * IN_A_GROUP + k, _i % 2 ? DRAW_GROUPS : 0, &cfg);
        for (int way = 0; way < 4; ++way) {
            vd_export_result r = export_network(folder, cfg, net, way & 1, way >> 1);
            for (int j = 0; way > 1 && j < r.n; ++j) {
                gone += r.lines[j].filters[0] - r.lines[j].filters[1];
                kept += r.lines[j].filters[1];
                why += *r.lines[j].why != 0;
            }
            free_vd_export_result(r);
        }
        free_network(net);
        free(cfg);
    }
    ck_assert_int_gt(gone, kept / 4); /* a test of exports that remove nothing would show nothing */
    ck_assert_int_gt(why, IN_A_GROUP / 2);
}
END_TEST

/* ---- stock Darknet ---- */

static void probe(const char *program, const char *name, const char *result)
{
    char *c = vd_format("%s/%s.cfg", folder, name), *w = vd_format("%s/%s.weights", folder, name);
    char *out = in_folder(folder, result);
    run_result r = run((const char *const[]){program, "predict", c, w, out, 0});
    ck_assert_msg(r.status == 0, "%s %s: status %d: %s", program, name, r.status, r.err);
    ck_assert_msg(!strstr(r.err, "Unused field"), "%s: %s", name, r.err);
    free_run(r);
    free(c), free(w), free(out);
}

START_TEST(stock_darknet_loads_an_export_and_answers_alike)
{
    for (int way = 0; way < 4; ++way) {
        char *cfg, *a = in_folder(folder, "masked.f32"), *b = in_folder(folder, "stock.f32");
        int n, m;
        double largest = 0;
        network *net = draw_network(1000 + _i, 0, &cfg);
        free_vd_export_result(export_network(folder, cfg, net, way & 1, way >> 1));
        probe(our_probe(), "net", "masked.f32");
        probe(stock_probe(), "out", "stock.f32");
        float *x = read_floats(a, &n), *y = read_floats(b, &m);
        ck_assert_int_eq(n, m);
        for (int i = 0; i < n; ++i) largest = x[i] > largest ? x[i] : -x[i] > largest ? -x[i] : largest;
        ck_assert_msg(isfinite(largest), "nothing to compare with: %g", largest);
        for (int i = 0; i < n; ++i)
            ck_assert_msg(close_to(y[i], x[i], 0, 1e-4 * largest), "%s: output %d is %.9g, in stock Darknet %.9g", cfg,
                          i, x[i], y[i]);
        free(x), free(y), free(a), free(b), free(cfg);
        free_network(net);
    }
}
END_TEST

SUITE_OF(export_random)
{
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    LOOP(random_networks_answer_as_before, GROUPS);
    LOOP(stock_darknet_loads_an_export_and_answers_alike, 12);
}
