/* mk/unpack-cifar.sh: CIFAR-10 from archives of each kind. */
#include "support/support.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* an archive of empty pictures, unpacked into the folder's out */
static run_result unpack(const char *pictures)
{
    char *make = vd_format("cd %s && mkdir -p in && cd in && mkdir -p $(dirname %s) && touch %s && tar -cf ../a.tar *",
                           folder, pictures, pictures);
    char *archive = in_folder(folder, "a.tar"), *out = in_folder(folder, "out");
    ck_assert_int_eq(system(make), 0);
    run_result r = run((const char *const[]){"mk/unpack-cifar.sh", archive, out, getenv("DARKNET"), 0});
    free(make), free(archive), free(out);
    return r;
}

/* how many labels a path matches, as Darknet looks for them */
static int labels_in(const char *path, const char *labels)
{
    int n = 0;
    for (const char *end; *labels; labels = end + 1) {
        end = strchr(labels, '\n');
        char *label = vd_format("%.*s", (int)(end - labels), labels);
        n += strstr(path, label) != 0;
        free(label);
    }
    return n;
}

START_TEST(either_kind_of_archive_is_listed_with_one_label_a_picture)
{
    static const char *const archives[] = {
        "train/airplane/1.jpg train/automobile/2.png test/cat/3.jpg test/dog/4.jpg",
        "cifar/train/1_airplane.png cifar/train/2_automobile.png cifar/test/3_cat.png cifar/test/4_dog.png",
    };
    run_result r = unpack(archives[_i]);
    ck_assert_msg(r.status == 0, "%s", r.err);
    char *labels = text_in_folder("out/labels.list"), *data = text_in_folder("out/cifar.data");
    for (int k = 0; k < 2; ++k) {
        char *list = text_in_folder(k ? "out/test.list" : "out/train.list"), *second = strchr(list, '\n') + 1;
        ck_assert_str_eq(strchr(second, '\n'), "\n");
        *strchr(second, '\n') = second[-1] = 0;
        ck_assert_ptr_nonnull(strstr(list, k ? "cat" : "airplane"));
        ck_assert_ptr_nonnull(strstr(second, k ? "dog" : "automobile"));
        ck_assert_int_eq(labels_in(list, labels), 1);
        ck_assert_int_eq(labels_in(second, labels), 1);
        free(list);
    }
    ck_assert_ptr_nonnull(strstr(data, "out/train.list\nvalid="));
    free(labels), free(data);
    free_run(r);
}
END_TEST

START_TEST(an_archive_of_the_binary_version_becomes_pictures)
{
    unsigned char record[3073] = {6};
    char *make =
        vd_format("cd %s && mkdir b && for f in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 "
                  "test_batch; do cp r b/$f.bin; done; tar -czf a.tar.gz b",
                  folder);
    char *archive = in_folder(folder, "a.tar.gz"), *out = in_folder(folder, "out"), *one = in_folder(folder, "r");
    write_bytes(one, record, sizeof(record));
    ck_assert_int_eq(system(make), 0);
    run_result r = run((const char *const[]){"mk/unpack-cifar.sh", archive, out, getenv("DARKNET"), 0});
    ck_assert_msg(r.status == 0, "%s", r.err);
    char *list = text_in_folder("out/train.list"), *data = text_in_folder("out/cifar.data");
    ck_assert_ptr_nonnull(strstr(list, "/out/train/00004_frog.png\n"));
    ck_assert_ptr_nonnull(strstr(data, "/out/train.list\nvalid="));
    free(make), free(archive), free(out), free(one), free(list), free(data);
    free_run(r);
}
END_TEST

START_TEST(an_archive_without_pictures_is_refused_in_a_line)
{
    static const struct {
        const char *pictures, *part;
    } cases[] = {{"train/airplane/1.jpg test/readme", "a.tar: no pictures in test/"},
                 {"train/airplane/1.jpg", "a.tar: no pictures in test/"},
                 {"airplane/1.jpg", "a.tar: no pictures in train/"}};
    run_result r = unpack(cases[_i].pictures);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, cases[_i].part) && strchr(r.err, '\n')[1] == 0, "%s", r.err);
    free_run(r);
}
END_TEST

START_TEST(what_was_trained_stays)
{
    free_run(unpack("train/cat/1.jpg test/cat/2.jpg"));
    write_in_folder("out/backup/my.weights", "trained");
    char *away = vd_format("rm -r %s/in %s/a.tar", folder, folder);
    ck_assert_int_eq(system(away), 0);
    run_result r = unpack("train/cat/1.jpg test/readme");
    ck_assert_int_eq(r.status, 1);
    char *list = text_in_folder("out/train.list"), *weights = text_in_folder("out/backup/my.weights");
    ck_assert_str_eq(weights, "trained");
    ck_assert_ptr_nonnull(strstr(list, "/out/unpacked/train/cat/1.jpg\n"));
    free(list), free(weights), free(away);
    free_run(r);
}
END_TEST

SUITE_OF(unpack)
{
    EACH(make_test_folder, remove_test_folder);
    LOOP(either_kind_of_archive_is_listed_with_one_label_a_picture, 2);
    TEST(an_archive_of_the_binary_version_becomes_pictures);
    LOOP(an_archive_without_pictures_is_refused_in_a_line, 3);
    TEST(what_was_trained_stays);
}
