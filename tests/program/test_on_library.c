/* A program that is not linked with -Ofast and uses the shared library computes what ./darknet computes, to the byte,
 * and loading the library changes nothing in the process. The program is darknet's own main(), linked anew. */
#include "support/digits.h"

#include <dlfcn.h>
#include <fenv.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void setup(void)
{
    make_digits(100, 10);
}

/* what is built beside the probe */
static const char *built(const char *name)
{
    static char path[PATH_MAX];
    const char *probe = our_probe(), *slash = strrchr(probe, '/');
    snprintf(path, sizeof(path), "%.*s%s", slash ? (int)(slash - probe) + 1 : 0, probe, name);
    return path;
}

static char *bytes_of(const char *name, size_t *n)
{
    char *path = backup(name), *bytes = read_bytes(path, n);
    ck_assert_msg(bytes != 0, "%s is missing", path);
    remove(path);
    free(path);
    return bytes;
}

/* Most weights are pruned early; then their moments have no gradient and decay: 0.9^830 is the first denormal number.
 * They are in the checkpoint. */
START_TEST(trains_to_the_same_bytes)
{
    const char *program = built("darknet-on-library");
    if (access(program, X_OK)) {
        skipped(1, "build/out/darknet-on-library is not built");
        return;
    }
    char *cfg = in_folder(folder, "t.cfg"), *bytes[2][2];
    size_t n[2][2];
    write_text(cfg, "[net]\nbatch=8\nheight=12\nwidth=12\nchannels=1\nflip=0\nadam=1\nlearning_rate=.005\nseed=5\n"
                    "max_batches=2500\ncheckpoint=2500\n"
                    "[vd_connected]\noutput=20\nactivation=relu\n[vd_connected]\noutput=10\nactivation=linear\n"
                    "[softmax]\n[vd_cost]\nsamples=1000\nkl_start=100\nkl_ramp=200\n");
    for (int i = 0; i < 2; ++i) {
        const char *const argv[] = {i ? program : "darknet", "classifier", "train", data_file, cfg, 0};
        run_result r = run(argv);
        ck_assert_msg(r.status == 0, "%s", r.err);
        free_run(r);
        bytes[i][0] = bytes_of("t.weights", &n[i][0]);
        bytes[i][1] = bytes_of("t.checkpoint", &n[i][1]);
    }
    for (int f = 0; f < 2; ++f) {
        ck_assert_uint_eq(n[0][f], n[1][f]);
        ck_assert_msg(!memcmp(bytes[0][f], bytes[1][f], n[0][f]), "%s differ", f ? "moments" : "weights");
        free(bytes[0][f]);
        free(bytes[1][f]);
    }
    free(cfg);
}
END_TEST

START_TEST(loading_it_leaves_small_numbers_alone)
{
    fesetenv(FE_DFL_ENV);
    void *library = dlopen(built("libdarknet-vd.so"), RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(library != 0, "%s", dlerror());
    volatile float small = 1e-20f;
    ck_assert(small * small != 0);
    dlclose(library);
}
END_TEST

SUITE_OF(on_library)
{
    EACH(setup, remove_digits);
    TEST(trains_to_the_same_bytes);
    TEST(loading_it_leaves_small_numbers_alone);
}
