#include "support/c_export.h"
#include "support/random_export.h"

#include "base/fail.h"
#include "base/text.h"
#include "layer/vd_layer.h"

#include <stdlib.h>
#include <string.h>

const char small_cfg[] =
    "[net]\nbatch=1\nheight=12\nwidth=16\nchannels=2\n"
    "[vd_convolutional]\nfilters=6\nsize=3\nstride=1\npad=1\nactivation=relu\n[maxpool]\nsize=2\nstride=2\n"
    "[vd_convolutional]\nfilters=7\nsize=3\nstride=1\nactivation=relu\n[maxpool]\nsize=2\nstride=2\n"
    "[vd_connected]\noutput=20\nactivation=relu\n[vd_connected]\noutput=5\nactivation=linear\n[softmax]\n";

void save_net(const char *cfg, network *net)
{
    char *weights = in_folder(folder, "net.weights");
    write_in_folder("net.cfg", cfg);
    save_weights(net, weights);
    free(weights);
}

vd_export_result export_c(const char *cfg, network *net, int values)
{
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights");
    char *out = in_folder(folder, "net1");
    save_net(cfg, net);
    vd_export_result r = vd_export((vd_export_options){
        .cfg = path, .weights = weights, .out = out, .format = "c", .fuse = 1, .int8 = values > 0, .values = values});
    free(path), free(weights), free(out);
    return r;
}

int is_installed(const char *program)
{
    char *command = vd_format("command -v %s >/dev/null", program);
    int is = system(command) == 0;
    free(command);
    return is;
}

const char strict_c99[] =
    "-std=c99 -Wall -Wextra -Wconversion -Wshadow -pedantic -Werror -Dnet1_SELF_TEST -DNET1_DECODE -ffp-contract=off";
const char sanitized_gcc[] = "gcc -O1 -fsanitize=address,undefined -fno-sanitize-recover=all";

/* run a command in the folder; its exit status */
static int run_in_folder(const char *command)
{
    char *all = vd_format("cd %s && { %s; } >log 2>&1", folder, command);
    int status = system(all);
    free(all);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

void expect_command(const char *command, const char *cfg)
{
    if (run_in_folder(command) == 0) return;
    char *log = text_in_folder("log");
    ck_abort_msg("%s\n%s\n%s", command, log, cfg);
}

int self_test(const char *compiler)
{
    write_in_folder("main.c", "#include \"net1.h\"\nint main(void)\n{\n    static const char same[net1_INPUTS == "
                              "NET1_INPUTS && net1_OUTPUTS == NET1_OUTPUTS && net1_FLASH_BYTES == NET1_FLASH_BYTES "
                              "&& net1_RAM_BYTES == NET1_RAM_BYTES ? 1 : -1] = {0};\n"
                              "    return same[0] || net1_self_test() || net1_self_test() ? 7 : 0;\n}\n");
    char *command = vd_format("%s %s net1.c main.c -o main -lm && ./main", compiler, strict_c99);
    int status = run_in_folder(command);
    free(command);
    return status;
}

void expect_self_test(const char *compiler, const char *cfg)
{
    int status = self_test(compiler);
    char *log = text_in_folder("log");
    ck_assert_msg(status == 0, "%s: status %d\n%s\n%s", compiler, status, log, cfg);
    free(log);
}

network *sparse_network(const char *cfg)
{
    network *net = random_network(cfg, 3);
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (!vd_layer_of(l)) continue;
        for (int k = 0; k < filters_of(l) * columns_of(l); ++k)
            if (k % 5) prune(l, k);
        vd_layer_changed(l);
    }
    return net;
}

unsigned char *noise_of(const network *net, unsigned seed)
{
    unsigned char *pixels = malloc((size_t)net->inputs);
    for (int i = 0; i < net->inputs; ++i) pixels[i] = (unsigned char)((seed = seed * 1103515245u + 12345u) >> 16);
    return pixels;
}

void expect_random_networks(int first, int values, double most)
{
    for (int k = 0; k < IN_A_RANDOM_GROUP; ++k) {
        char *cfg;
        int flags = DRAW_GROUPS | (values ? DRAW_INTEGER_ACTIVATIONS : DRAW_ALL_ACTIVATIONS);
        network *net = draw_network(first + k, flags, &cfg);
        vd_export_result r = export_c(cfg, net, values);
        ck_assert_msg(r.difference.relative < most, "difference %g\n%s", r.difference.relative, cfg);
        expect_self_test(sanitized_gcc, cfg);
        free_vd_export_result(r);
        free_network(net);
        free(cfg);
    }
}

/* ---- boxes ---- */

/* bccd-tiny with a smaller input */
static char *bccd_cfg(void)
{
    size_t n;
    char *text = read_bytes("cfg/bccd-tiny-vd.cfg", &n), *at = strstr(text, "width=256\nheight=192");
    ck_assert_ptr_nonnull(at);
    memcpy(at, "width=96 \nheight=64 ", 20);
    return text;
}

#define LATER "classes=3\nnum=3\nanchors=8,9,4,5,13,7\nnew_coords=1\n"
static const char later_cfg[] =
    "[net]\nbatch=1\nwidth=40\nheight=24\nchannels=2\n"
    "[convolutional]\nfilters=8\nsize=3\nstride=4\npad=1\nactivation=leaky\n"
    "[convolutional]\nfilters=16\nsize=1\nactivation=logistic\n[yolo]\nmask=2,0\nscale_x_y=1.3\n" LATER
    "[route]\nlayers=0\n[maxpool]\nsize=2\nstride=2\n"
    "[convolutional]\nfilters=8\nsize=1\nactivation=logistic\n[yolo]\nmask=1\nscale_x_y=2\n" LATER;

/* for types of input and output: the output of a picture, and its boxes */
static const char on_picture[] =
    "#include \"net1.h\"\n#include <stdio.h>\n#include <stdlib.h>\n"
    "int main(void)\n{\n    static %s in[NET1_INPUTS];\n    static %s out[NET1_OUTPUTS];\n"
    "    static net1_box boxes[1000];\n"
    "    FILE *from = fopen(\"picture\", \"rb\"), *maps = fopen(\"maps\", \"wb\"), *to = fopen(\"boxes\", \"wb\");\n"
    "    if (!fread(in, sizeof(in), 1, from)) return 1;\n    net1_predict(in, out);\n"
    "    int n = net1_decode(out, .31f, boxes, 1000);\n    if (n > 1000) return 2;\n"
    "    fwrite(out, sizeof(out), 1, maps), fwrite(boxes, sizeof(boxes[0]), (size_t)n, to);\n"
    "    return fclose(maps) || fclose(to);\n}\n";

typedef struct {
    float x, y, w, h, objectness, scores[3];
} c_box;

static void expect_box(const c_box *b, const detection *d)
{
    const float a[] = {b->x, b->y, b->w, b->h, b->objectness, b->scores[0], b->scores[1], b->scores[2]};
    const float e[] = {d->bbox.x, d->bbox.y, d->bbox.w, d->bbox.h, d->objectness, d->prob[0], d->prob[1], d->prob[2]};
    for (int k = 0; k < COUNT_OF(a); ++k)
        ck_assert_msg(close_to(a[k], e[k], 1e-5, 1e-5), "number %d is %.9g, of Darknet %.9g", k, a[k], e[k]);
}

/* what the heads of net make of the maps in front of them, one after the other: numbers of a file, times `step` */
static void set_heads(network *net, const void *maps, double step)
{
    size_t at = 0;
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (l.type != YOLO) continue;
        network state = *net;
        state.train = 0;
        state.input = net->layers[i - 1].output;
        for (int k = 0; k < l.outputs; ++k, ++at)
            state.input[k] = (float)(step != 0 ? ((const int *)maps)[at] * step : ((const float *)maps)[at]);
        l.forward(l, state);
    }
}

double c_output_step(void)
{
    char *header = text_in_folder("net1.h"), *at = strstr(header, "_OUTPUT_STEP ");
    double step = at ? strtod(at + strlen("_OUTPUT_STEP "), 0) : 0;
    free(header);
    return step;
}

static void write_picture(const network *net, int values)
{
    char *path = in_folder(folder, "picture");
    unsigned char *pixels = noise_of(net, 5);
    float *x = vd_calloc((size_t)net->inputs, sizeof(float));
    for (int i = 0; i < net->inputs; ++i) x[i] = (float)pixels[i] / 255;
    if (values) write_bytes(path, pixels, (size_t)net->inputs);
    else write_bytes(path, x, (size_t)net->inputs * sizeof(float));
    free(path), free(pixels), free(x);
}

void expect_boxes_of_darknet(int new_coords, int values)
{
    char *cfg = new_coords ? vd_format("%s", later_cfg) : bccd_cfg(), *maps, *found;
    char *text = vd_format(on_picture, values ? "uint8_t" : "float", values ? "int32_t" : "float");
    network *net = random_network(cfg, 4);
    size_t bytes;
    int n;
    set_batch_network(net, 1);
    free_vd_export_result(export_c(cfg, net, values));
    write_picture(net, values);
    write_in_folder("main.c", text);
    char *command = vd_format("gcc -O2 %s net1.c main.c -o main -lm && ./main", strict_c99);
    expect_command(command, cfg);
    maps = text_in_folder("maps");
    char *path = in_folder(folder, "boxes");
    found = read_bytes(path, &bytes);
    set_heads(net, maps, c_output_step());
    detection *dets = get_network_boxes(net, net->w, net->h, .31f, .5f, 0, 1, &n);
    ck_assert_int_gt(n, 10);
    ck_assert_uint_eq(bytes, n * sizeof(c_box));
    for (int i = 0; i < n; ++i) expect_box((const c_box *)found + i, dets + i);
    free_detections(dets, n);
    free(maps), free(found), free(path), free(command), free(text), free(cfg);
    free_network(net);
}

/* ---- refusals ---- */

void expect_not_written(const char *cfg, network *net, const char *const options[4], const char *part)
{
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights"),
         *to = in_folder(folder, "out");
    save_net(cfg, net);
    run_result r = run((const char *const[]){"darknet", "vd", "export", path, weights, to, "-format", "c", options[0],
                                             options[1], options[2], options[3], 0});
    ck_assert_msg(r.status == 1 && strstr(r.err, part), "status %d, no \"%s\": %s\n%s", r.status, part, r.err, cfg);
    ck_assert_int_eq(files_in(folder, "out"), 0);
    free_run(r);
    free(path), free(weights), free(to);
}
