#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"
#include "kernels/kernels.h"
#include "layer/vd_cost_layer.h"

#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <math.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void skipped(int n, const char *why)
{
    printf("skipped: %d %s\n", n, why);
    tests->skipped += n;
    if (getpid() != tests->runner) ++tests->skipped_inside;
}

char *make_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    char *folder = vd_format("%s/darknet-vd-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    return folder;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *walk)
{
    (void)s, (void)type, (void)walk;
    return remove(path);
}

void remove_folder(char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

char *folder;
static char *working_folder_before;

void make_test_folder(void)
{
    folder = make_folder();
}

void remove_test_folder(void)
{
    remove_folder(folder);
    folder = 0;
}

void enter_test_folder(void)
{
    make_test_folder();
    char *darknet_path = realpath(getenv("DARKNET") ? getenv("DARKNET") : "./darknet", 0);
    working_folder_before = getcwd(0, 0);
    ck_assert(working_folder_before && darknet_path);
    setenv("DARKNET", darknet_path, 1);
    free(darknet_path);
    ck_assert_int_eq(chdir(folder), 0);
}

void leave_test_folder(void)
{
    if (chdir(working_folder_before)) abort();
    free(working_folder_before);
    remove_test_folder();
}

char *in_folder(const char *folder, const char *name)
{
    return vd_format("%s/%s", folder, name);
}

int files_in(const char *folder, const char *beginning)
{
    int n = 0;
    DIR *d = opendir(folder);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.' && !strncmp(e->d_name, beginning, strlen(beginning));
    closedir(d);
    return n;
}

void write_bytes(const char *path, const void *data, size_t n)
{
    FILE *fp = fopen(path, "wb");
    ck_assert_ptr_nonnull(fp);
    ck_assert_uint_eq(fwrite(data, 1, n, fp), n);
    ck_assert_int_eq(fclose(fp), 0);
}

void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

char *read_bytes(const char *path, size_t *n)
{
    FILE *fp = fopen(path, "rb");
    if (!fp) return 0;
    fseek(fp, 0, SEEK_END);
    *n = (size_t)ftell(fp);
    rewind(fp);
    char *data = vd_calloc(*n + 1, 1);
    ck_assert_uint_eq(fread(data, 1, *n, fp), *n);
    fclose(fp);
    return data;
}

void expect_file(const char *path, const void *expected, size_t n)
{
    size_t got;
    char *data = read_bytes(path, &got);
    ck_assert_msg(data != 0, "%s is missing", path);
    ck_assert_msg(got == n && !memcmp(data, expected, n), "%s differs", path);
    free(data);
}

void write_in_folder(const char *name, const char *text)
{
    char *path = in_folder(folder, name);
    write_text(path, text);
    free(path);
}

char *text_in_folder(const char *name)
{
    size_t n;
    char *path = in_folder(folder, name), *text = read_bytes(path, &n);
    free(path);
    return text;
}

int count_of(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) ++n;
    return n;
}

float *read_floats(const char *path, int *n)
{
    size_t bytes;
    float *data = (float *)read_bytes(path, &bytes);
    ck_assert_msg(data != 0, "%s is missing", path);
    *n = (int)(bytes / sizeof(float));
    return data;
}

/* libcheck's messages are too short for a sanitizer's report */
static void show_report(const char *err)
{
    if (strstr(err, "Sanitizer") || strstr(err, "runtime error: ")) fprintf(stderr, "%s", err);
}

run_result run(const char *const argv[])
{
    char *folder = make_folder(), *out = in_folder(folder, "out"), *err = in_folder(folder, "err");
    const char *program = argv[0], *darknet = getenv("DARKNET");
    run_result r;
    size_t n;
    int status;
    if (!strcmp(program, "darknet")) program = darknet ? darknet : "./darknet";
    fflush(0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        if (freopen("/dev/null", "r", stdin) && freopen(out, "wb", stdout) && freopen(err, "wb", stderr))
            execvp(program, (char *const *)argv);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    r.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    r.out = read_bytes(out, &n);
    r.err = read_bytes(err, &n);
    show_report(r.err);
    free(out);
    free(err);
    remove_folder(folder);
    return r;
}

run_result run_until(const char *const argv[], const char *line, int signal)
{
    char *folder = make_folder(), *err = in_folder(folder, "err"), text[1024];
    const char *darknet = getenv("DARKNET");
    int terminal, status, sent = 0;
    run_result r = {0};
    size_t n;
    fflush(0);
    pid_t child = forkpty(&terminal, 0, 0, 0); /* a terminal gets lines as soon as they are printed */
    ck_assert_int_ge(child, 0);
    if (!child) {
        struct sigaction none = {.sa_handler = SIG_DFL}; /* nohup ignores it */
        sigaction(SIGHUP, &none, 0);
        if (freopen(err, "wb", stderr)) execvp(darknet ? darknet : "./darknet", (char *const *)argv);
        _exit(127);
    }
    FILE *fp = fdopen(terminal, "r");
    while (fgets(text, sizeof(text), fp)) {
        if (sent || strncmp(text, line, strlen(line))) continue;
        kill(child, signal);
        sent = 1;
    }
    fclose(fp);
    waitpid(child, &status, 0);
    ck_assert_msg(sent, "no line %s...", line);
    r.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    r.err = read_bytes(err, &n);
    free(err);
    remove_folder(folder);
    return r;
}

int in_child(void (*body)(const char *path), const char *path, char **err)
{
    char *folder = make_folder(), *log = in_folder(folder, "err");
    size_t n;
    int status;
    fflush(0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        if (!freopen(log, "wb", stderr)) _exit(99);
        setvbuf(stderr, 0, _IONBF, 0);
        body(path);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    *err = read_bytes(log, &n);
    free(log);
    remove_folder(folder);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

run_result darknet(int status, const char *first, ...)
{
    const char *argv[16] = {"darknet", first};
    va_list list;
    va_start(list, first);
    for (int n = 2; n < 15 && (argv[n] = va_arg(list, const char *)); ++n) continue;
    va_end(list);
    run_result r = run(argv);
    ck_assert_msg(r.status == status, "darknet %s %s: status %d\n%s", argv[1], argv[2] ? argv[2] : "", r.status, r.err);
    return r;
}

void free_run(run_result r)
{
    free(r.out);
    free(r.err);
}

void expect_cfg_refused(const char *cfg, const char *said)
{
    write_in_folder("bad.cfg", cfg);
    run_result r = run((const char *[]){"darknet", "vd", "report", "bad.cfg", "none.weights", 0});
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, said) != 0, "'%s': %s", said, r.err);
    free_run(r);
}

void draw_digits(const char *folder, int training, int test)
{
    char *digits = in_folder(folder, "digits"), *n = vd_format("%d", training), *m = vd_format("%d", test);
    const char *const argv[] = {"darknet", "vd", "dataset", "digits", digits, "-train", n, "-test", m, 0};
    run_result r = run(argv);
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    free(m);
    free(n);
    free(digits);
}

void silence_stderr(void)
{
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
}

void use_float_kernels(void)
{
    if (!getenv("DARKNET_KERNELS")) setenv("DARKNET_KERNELS", vd_kernels_of_type(VD_FLOAT)->name, 1);
}

const char *our_probe(void)
{
    const char *path = getenv("PROBE");
    return path ? path : "build/out/probe";
}

static const char *stock_program(const char *name)
{
    static char path[PATH_MAX];
    const char *stock = getenv("STOCK");
    snprintf(path, sizeof(path), "%s/%s", stock ? stock : "build/out/stock", name);
    return path;
}

const char *stock_probe(void)
{
    return stock_program("probe");
}

const char *stock_darknet(void)
{
    const char *path = stock_program("darknet");
    return access(path, X_OK) ? 0 : path;
}

network *network_of(const char *cfg, const char *weights)
{
    char *folder = make_folder(), *path = in_folder(folder, "test.cfg");
    int talk = dup(2);
    write_text(path, cfg);
    fflush(stderr);
    silence_stderr();
    gpu_index = -1;
    network *net = load_network(path, (char *)weights, 0);
    if (vd_cost_of(net)) vd_cost_of(net)->report = INT_MAX; /* no line an epoch */
    fflush(stderr);
    dup2(talk, 2);
    close(talk);
    free(path);
    remove_folder(folder);
    return net;
}

static double training_cost(network *net)
{
    net->train = 1;
    forward_network(net);
    return *net->cost;
}

void expect_weight_gradients(network *net, layer l, int n, float h)
{
    training_cost(net);
    backward_network(net);
    float *got = vd_calloc(n, sizeof(float));
    memcpy(got, l.weight_updates, n * sizeof(float));
    double largest = 0;
    for (int i = 0; i < n; ++i) largest = fmax(largest, fabs(got[i]));
    ck_assert_msg(isfinite(largest) && largest > 0, "nothing to compare with: %g", largest);
    for (int i = 0; i < n; i += 7) { /* weight_updates are of -2 d cost, as stock Darknet's [cost] has them */
        float w = l.weights[i];
        l.weights[i] = w + h;
        double high = training_cost(net);
        l.weights[i] = w - h;
        double low = training_cost(net);
        l.weights[i] = w;
        double want = -(high - low) / (2 * h) / 2;
        ck_assert_msg(close_to(got[i], want, .02, .02 * largest), "%d: %g, not %g", i, got[i], want);
    }
    free(got);
}

void train_steps(network *net, int first, int steps, unsigned seed)
{
    for (int t = first; t < first + steps; ++t) {
        fill_random(net->input, (size_t)net->batch * net->inputs, seed + (unsigned)t);
        memset(net->truth, 0, sizeof(float) * net->batch * net->truths);
        for (int b = 0; b < net->batch; ++b) net->truth[b * net->truths + (t + b) % net->truths] = 1;
        train_network_datum(net);
    }
}

void fill_random(float *x, size_t n, unsigned seed)
{
    unsigned long long s = seed * 2654435761ull + 88172645463325252ull;
    for (size_t i = 0; i < n; ++i) {
        s ^= s << 13, s ^= s >> 7, s ^= s << 17;
        x[i] = (float)(s >> 40) * 0x1p-23f - 1;
    }
}

int close_to(double a, double b, double rtol, double atol)
{
    return fabs(a - b) <= atol + rtol * fabs(b);
}
