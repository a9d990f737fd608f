/* training/page.c: a page is whole and needs nothing else, and its data are JSON that equals the csv. */
#include "base/json.h"
#include "training/log.h"
#include "training/page.h"
#include "layer/schedule.h"
#include "layer/vd_layer.h"
#include "support/support.h"
#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON ---- */

/* the end of the JSON value at s, null when there is none: no more than RFC 8259 allows */
static const char *value_end(const char *s);

static const char *space_end(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

static const char *string_end(const char *s)
{
    if (*s++ != '"') return 0;
    for (; *s != '"'; ++s) {
        if ((unsigned char)*s < ' ') return 0;
        if (*s != '\\') continue;
        ++s;
        if (*s == 'u') {
            for (int i = 1; i <= 4; ++i)
                if (!isxdigit((unsigned char)s[i])) return 0;
            s += 4;
        } else if (!*s || !strchr("\"\\/bfnrt", *s)) {
            return 0;
        }
    }
    return s + 1;
}

static const char *number_end(const char *s)
{
    s += *s == '-';
    if (!isdigit((unsigned char)*s) || (*s == '0' && isdigit((unsigned char)s[1]))) return 0;
    s += strspn(s, "0123456789");
    if (*s == '.') {
        if (!isdigit((unsigned char)*++s)) return 0;
        s += strspn(s, "0123456789");
    }
    if (*s != 'e' && *s != 'E') return s;
    s += s[1] == '-' || s[1] == '+' ? 2 : 1;
    return isdigit((unsigned char)*s) ? s + strspn(s, "0123456789") : 0;
}

static const char *members_end(const char *s, char last)
{
    s = space_end(s + 1);
    if (*s == last) return s + 1;
    for (;;) {
        if (last == '}') {
            if (!(s = string_end(s))) return 0;
            if (*(s = space_end(s)) != ':') return 0;
            s = space_end(s + 1);
        }
        if (!(s = value_end(s))) return 0;
        s = space_end(s);
        if (*s == last) return s + 1;
        if (*s != ',') return 0;
        s = space_end(s + 1);
    }
}

static const char *value_end(const char *s)
{
    static const char *const words[] = {"null", "true", "false"};
    for (int i = 0; i < 3; ++i)
        if (!strncmp(s, words[i], strlen(words[i]))) return s + strlen(words[i]);
    if (*s == '{') return members_end(s, '}');
    if (*s == '[') return members_end(s, ']');
    return *s == '"' ? string_end(s) : number_end(s);
}

static char *as_string(const char *text)
{
    char *out = 0;
    size_t n;
    FILE *fp = open_memstream(&out, &n);
    vd_json_string(fp, text);
    fclose(fp);
    return out;
}

static const struct {
    const char *text, *json;
} strings[] = {
    {"a.cfg", "\"a.cfg\""},
    {"say \"no\" \\ now", "\"say \\\"no\\\" \\\\ now\""},
    {"</script>", "\"\\u003c/script>\""},
    {"<!--", "\"\\u003c!--\""},
    {"a\tb\n", "\"a\\u0009b\\u000a\""},
    {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xb1", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xb1\""},
    {"caf\xe9", "\"caf\\ufffd\""},
    {"\xc0\xaf\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* overlong, a surrogate */
    {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},            /* beyond U+10FFFF */
};

START_TEST(a_name_is_a_string_that_ends_no_script)
{
    char *json = as_string(strings[_i].text);
    ck_assert_str_eq(json, strings[_i].json);
    ck_assert_ptr_eq(value_end(json), json + strlen(json));
    free(json);
}
END_TEST

/* ---- the page ---- */

#define NET "[net]\nbatch=2\nheight=6\nwidth=6\nchannels=%d\nseed=1\n"
#define COST "[softmax]\n[vd_cost]\nsamples=8\n"
static const struct {
    int channels;
    const char *layers, *has; /* of the page's data */
} nets[] = {
    {1, "[vd_connected]\noutput=4\nactivation=relu\n[vd_connected]\noutput=3\nactivation=linear\n" COST,
     "\"pixels\":{\"index\":0,\"width\":6,\"height\":6,\"most\":4,"},
    {3, "[vd_convolutional]\nfilters=4\nsize=3\nactivation=relu\n[vd_connected]\noutput=3\nactivation=linear\n" COST,
     "\"filters\":{\"index\":0,\"of\":4,\"channels\":3,\"shown\":3,\"size\":3,"},
    {2,
     "[maxpool]\nsize=2\nstride=2\n[convolutional]\nfilters=2\nsize=1\nactivation=relu\n[connected]\noutput=3\n"
     "activation=linear\n[softmax]\n",
     "\"filters\":{\"index\":1,\"of\":2,\"channels\":2,\"shown\":1,\"size\":1,"},
};

static char *page;

/* the log of eight batches of net in folder/NAME.csv and .html, the page's text in `page` */
static void log_training(network *net, const char *name)
{
    silence_stderr();
    vd_log_begin(net, folder, name, 0);
    vd_log_pictures(8);
    for (int i = 0; i < 8; ++i) {
        train_steps(net, i, 1, 7);
        vd_log_batch(net);
        vd_log_write(net);
    }
    vd_log_end(net);
    char *file = vd_format("%s.html", name);
    page = text_in_folder(file);
    ck_assert_ptr_nonnull(page);
    free(file);
}

static network *make_net(int i)
{
    char *sizes = vd_format(NET, nets[i].channels), *cfg = vd_format("%s%s", sizes, nets[i].layers);
    network *net = network_of(cfg, 0);
    if (vd_cost_of(net)) vd_cost_of(net)->report = 4; /* batches */
    free(sizes);
    free(cfg);
    return net;
}

static const char *data_of_page(void)
{
    static const char tag[] = "<script type=\"application/json\" id=\"data\">\n";
    char *at = strstr(page, tag);
    ck_assert_ptr_nonnull(at);
    return at + strlen(tag);
}

START_TEST(the_data_of_a_page_are_json)
{
    network *net = make_net(_i);
    log_training(net, "na<me \"\xe9\"");
    const char *end = value_end(data_of_page());
    ck_assert_msg(end != 0, "%.3000s", data_of_page());
    end = space_end(end);
    ck_assert_msg(!strncmp(end, "</script>", 9), "%.100s", end);
    ck_assert_msg(strstr(data_of_page(), nets[_i].has) != 0, "%.3000s", data_of_page());
    ck_assert_ptr_nonnull(strstr(data_of_page(), "\"base\":\"na\\u003cme \\\"\\ufffd\\\"\""));
    free(page);
    free_network(net);
}
END_TEST

/* a line of the csv as the page has it */
static char *as_json(const char *line)
{
    char *out = 0;
    size_t n;
    FILE *fp = open_memstream(&out, &n);
    fputc('[', fp);
    for (const char *at = line;; ++at) {
        size_t cell = strcspn(at, ",\n");
        if (cell) fwrite(at, 1, cell, fp);
        else fputs("null", fp);
        at += cell;
        if (*at != ',') break;
        fputc(',', fp);
    }
    fputc(']', fp);
    fclose(fp);
    return out;
}

START_TEST(the_rows_of_a_page_are_those_of_the_csv)
{
    network *net = make_net(_i);
    log_training(net, "run");
    char *csv = text_in_folder("run.csv");
    const char *row = strstr(data_of_page(), "\"rows\":[\n");
    int n = 0;
    ck_assert_ptr_nonnull(row);
    row += strlen("\"rows\":[\n");
    for (const char *line = strchr(csv, '\n') + 1; *line; line = strchr(line, '\n') + 1, ++n) {
        char *expected = as_json(line);
        ck_assert_msg(!strncmp(row, expected, strlen(expected)), "%.200s, not %s", row, expected);
        row += strlen(expected) + (row[strlen(expected)] == ',' ? 2 : 0);
        free(expected);
    }
    ck_assert_int_eq(n, 2);
    free(csv);
    free(page);
    free_network(net);
}
END_TEST

START_TEST(a_page_is_whole_and_asks_for_nothing)
{
    static const char *const asks[] = {" src=", "@import", "url(", "fetch(", "XMLHttpRequest", "<iframe"};
    network *net = make_net(0);
    log_training(net, "run");
    ck_assert(!strncmp(page, "<!doctype html>\n", 16));
    ck_assert_int_eq(count_of(page, "</html>"), 1);
    ck_assert_int_eq(count_of(page, "href="), 1);
    ck_assert_ptr_nonnull(strstr(page, "<link rel=\"icon\" href=\"data:,\">"));
    ck_assert_ptr_null(strstr(page, "http-equiv=\"refresh\"")); /* it is finished */
    ck_assert_ptr_null(strstr(page, "<!--DATA-->"));
    for (int i = 0; i < COUNT_OF(asks); ++i) ck_assert_msg(!strstr(page, asks[i]), "%s", asks[i]);
    int charts = strstr(page, "Chart.js v") != 0;
    ck_assert_int_eq(strstr(page, "Permission is hereby granted, free of charge") != 0, charts);
    ck_assert_int_eq(count_of(page, "</script>"), charts ? 3 : 2);
    free(page);
    free_network(net);
}
END_TEST

START_TEST(a_page_of_a_running_training_is_loaded_again)
{
    network *net = make_net(0);
    silence_stderr();
    vd_log_begin(net, folder, "run", 0);
    page = text_in_folder("run.html");
    ck_assert_ptr_nonnull(strstr(page, "<meta http-equiv=\"refresh\" content=\""));
    ck_assert_ptr_nonnull(strstr(page, "\"state\":\"running\""));
    free(page);
    vd_log_stop(net);
    page = text_in_folder("run.html");
    ck_assert_ptr_null(strstr(page, "http-equiv=\"refresh\""));
    ck_assert_ptr_nonnull(strstr(page, "\"state\":\"stopped\""));
    free(page);
    vd_log_end(net);
    free_network(net);
}
END_TEST

/* half of the weights pruned by hand: layers, histogram, pixels and maps count the same */
START_TEST(the_weights_of_a_page_are_those_left)
{
    network *net = make_net(0);
    layer l = net->layers[0];
    vd_layer *vd = vd_layer_of(l);
    for (int i = 0; i < 4 * 36; ++i) {
        int left = i % 36 < 18; /* the upper half of the pixels */
        l.weights[i] = .5f;
        vd->log_sigma2[i] = (left ? -4.6f : 4.6f) + logf(.25f);
    }
    vd_layer_changed(l);
    silence_stderr();
    vd_log_begin(net, folder, "run", 0);
    page = text_in_folder("run.html");
    ck_assert_ptr_nonnull(strstr(data_of_page(), "\"weights\":144,\"left\":72,\"bytes\":288,\"multiply_adds\":144,"
                                                 "\"multiply_adds_left\":72,\"threshold\":3}"));
    /* -4.6 is in the 14th bin of a quarter from -8, 4.6 in the 51st */
    ck_assert_ptr_nonnull(strstr(data_of_page(),
                                 "{\"index\":0,\"counts\":[0,0,0,0,0,0,0,0,0,0,0,0,0,72,0,0,0,0,0,0,0,0,0,0,0,"
                                 "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,72,0,0,"));
    ck_assert_ptr_nonnull(strstr(data_of_page(), "\"left\":[4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,4,0,0,0,"));
    ck_assert_ptr_nonnull(strstr(data_of_page(),
                                 "{\"index\":0,\"outputs\":4,\"inputs\":36,\"rows\":4,\"columns\":36,\"left\":["
                                 "1000,1000,1000,"));
    free(page);
    vd_log_end(net);
    free_network(net);
}
END_TEST

START_TEST(the_shapes_of_a_page_are_those_of_the_size_that_was_drawn_last)
{
    static const char *const shapes[] = {"\"conv",   "32x32x7", "\"dropout\"", "32x32x7",
                                         "\"yolo\"", "32x32x7", "\"cost\"",    "32x32x7"};
    network *net = network_of("[net]\nbatch=1\nwidth=32\nheight=32\nchannels=1\n[convolutional]\nfilters=7\nsize=2\n"
                              "stride=2\nactivation=linear\n[dropout]\n[yolo]\nmask=0\nanchors=8,8\nclasses=2\nnum=1\n"
                              "[vd_cost]\nsamples=8\n",
                              0);
    resize_network(net, 64, 64);
    silence_stderr();
    vd_log_begin(net, folder, "run", 0);
    page = text_in_folder("run.html");
    const char *at = data_of_page();
    for (int i = 0; i < COUNT_OF(shapes); ++i)
        ck_assert_msg((at = strstr(at, shapes[i])) != 0, "%s: %.3000s", shapes[i], data_of_page());
    ck_assert_int_eq(count_of(data_of_page(), "32x32x7"), 4);
    free(page);
    vd_log_end(net);
    free_network(net);
}
END_TEST

START_TEST(sparsity_by_layer_is_read_from_the_page_before)
{
    vd_layer_history h = {.layers = 2}, other = {.layers = 3};
    char *path = in_folder(folder, "run.html");
    vd_layer_history_read(&h, path, 100); /* no page */
    ck_assert_uint_eq(h.n, 0);
    write_text(path, "{\n\"layer_rows\":[\n[4,0.25,0.5],\n[8,0.5,1],\n[12,1,1]\n]}\n");
    vd_layer_history_read(&h, path, 8);
    ck_assert_uint_eq(h.n, 2);
    const double expected[] = {4, .25, .5, 8, .5, 1};
    for (int i = 0; i < 6; ++i) ck_assert(h.at[i] == expected[i]);
    vd_layer_history_read(&other, path, 8); /* of another network */
    ck_assert_uint_eq(other.n, 0);
    vd_layer_history_free(&h);
    free(path);
}
END_TEST

SUITE_OF(page)
{
    EACH(make_test_folder, remove_test_folder);
    LOOP(a_name_is_a_string_that_ends_no_script, COUNT_OF(strings));
    LOOP(the_data_of_a_page_are_json, COUNT_OF(nets));
    LOOP(the_rows_of_a_page_are_those_of_the_csv, COUNT_OF(nets));
    TEST(a_page_is_whole_and_asks_for_nothing);
    TEST(a_page_of_a_running_training_is_loaded_again);
    TEST(the_weights_of_a_page_are_those_left);
    TEST(the_shapes_of_a_page_are_those_of_the_size_that_was_drawn_last);
    TEST(sparsity_by_layer_is_read_from_the_page_before);
}
