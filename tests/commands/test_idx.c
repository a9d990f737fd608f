/* commands/dataset/idx.c: IDX files are read, plain or gzip; every damaged one is refused with its name. */
#include "commands/dataset/idx.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

static char *dir, *path;

static void make_dir(void)
{
    dir = make_folder();
    path = in_folder(dir, "file");
}

static void remove_dir(void)
{
    remove_folder(dir);
    free(path);
}

static void write_plain(const void *data, size_t n)
{
    write_bytes(path, data, n);
}

static void write_gzip(const void *data, size_t n)
{
    gzFile file = gzopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(gzwrite(file, data, (unsigned)n), (int)n);
    ck_assert_int_eq(gzclose(file), Z_OK);
}

/* change one byte of the file */
static void damage(long offset, int whence)
{
    FILE *fp = fopen(path, "r+b");
    ck_assert_ptr_nonnull(fp);
    fseek(fp, offset, whence);
    int c = fgetc(fp);
    fseek(fp, offset, whence);
    fputc(c ^ 0x55, fp);
    fclose(fp);
}

/* a reader that fails frees nothing: end before a leak checker runs */
static void end_now(int status, void *unused)
{
    (void)unused;
    _exit(status);
}

/* reading path must exit with 1 and one line that names it and the reason */
static void expect_failure(int dims, const char *why)
{
    int ends[2], status;
    char said[512] = "";
    size_t n = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (!child) {
        dup2(ends[1], STDERR_FILENO);
        on_exit(end_now, 0);
        vd_idx_read(path, dims);
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t got; n < sizeof(said) - 1 && (got = read(ends[0], said + n, sizeof(said) - 1 - n)) > 0;) n += got;
    close(ends[0]);
    waitpid(child, &status, 0);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %d, wanted: %s", status, why);
    ck_assert_msg(strstr(said, why) && !strncmp(said, path, strlen(path)), "said: %s, wanted: %s", said, why);
    ck_assert_ptr_eq(strchr(said, '\n'), said + n - 1);
}

/* three images, 2 high and 4 wide */
static const unsigned char images[] = {0, 0, 8, 3, 0, 0,  0,  3,  0,  0,  0,  2,  0,  0,  0,  4,  1,  2,  3,  4,
                                       5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 255};
static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9};

START_TEST(plain_and_gzip_files_read_equal)
{
    write_plain(images, sizeof(images));
    vd_idx plain = vd_idx_read(path, 3);
    write_gzip(images, sizeof(images));
    vd_idx gzip = vd_idx_read(path, 3);
    const vd_idx *both[] = {&plain, &gzip};
    for (int i = 0; i < 2; ++i) {
        ck_assert_uint_eq(both[i]->size[0], 3);
        ck_assert_uint_eq(both[i]->size[1], 2);
        ck_assert_uint_eq(both[i]->size[2], 4);
        ck_assert_mem_eq(both[i]->bytes, images + 16, 24);
    }
    free(plain.bytes);
    free(gzip.bytes);
}
END_TEST

START_TEST(labels_have_one_dimension)
{
    write_plain(labels, sizeof(labels));
    vd_idx idx = vd_idx_read(path, 1);
    ck_assert_uint_eq(idx.size[0], 3);
    ck_assert_uint_eq(idx.size[1], 1);
    ck_assert_uint_eq(idx.size[2], 1);
    ck_assert_mem_eq(idx.bytes, labels + 8, 3);
    free(idx.bytes);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    expect_failure(3, "cannot open: No such file");
}
END_TEST

START_TEST(a_directory_in_place_of_a_file_is_refused)
{
    ck_assert_int_eq(mkdir(path, 0700), 0);
    expect_failure(3, "is a directory");
    rmdir(path);
}
END_TEST

START_TEST(a_pipe_in_place_of_a_file_is_refused)
{
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect_failure(3, "not a regular file");
}
END_TEST

START_TEST(labels_in_place_of_images_are_a_bad_magic_number)
{
    write_plain(labels, sizeof(labels));
    expect_failure(3, "bad magic number 0x00000801, expected 0x00000803 (images)");
    write_plain(images, sizeof(images));
    expect_failure(1, "bad magic number 0x00000803, expected 0x00000801 (labels)");
}
END_TEST

START_TEST(a_file_shorter_than_its_magic_number_is_refused)
{
    write_plain(images, 3);
    expect_failure(3, "too short");
    write_plain(images, 0);
    expect_failure(3, "too short");
}
END_TEST

START_TEST(a_file_cut_inside_its_header_is_refused)
{
    for (size_t n = 4; n < 16; ++n) {
        write_plain(images, n);
        expect_failure(3, "truncated inside its header");
    }
}
END_TEST

START_TEST(a_file_cut_inside_its_data_is_refused)
{
    write_plain(images, sizeof(images) - 1);
    expect_failure(3, "truncated: 23 of 24 bytes");
    write_gzip(images, sizeof(images) - 1);
    expect_failure(3, "truncated: 23 of 24 bytes");
}
END_TEST

START_TEST(trailing_bytes_are_refused)
{
    unsigned char longer[sizeof(images) + 1] = {0};
    memcpy(longer, images, sizeof(images));
    write_plain(longer, sizeof(longer));
    expect_failure(3, "trailing bytes");
    write_gzip(longer, sizeof(longer));
    expect_failure(3, "trailing bytes");
}
END_TEST

START_TEST(an_empty_dimension_is_refused)
{
    unsigned char none[16];
    memcpy(none, images, 16);
    none[7] = 0;
    write_plain(none, 16);
    expect_failure(3, "contains no images");
    none[7] = 3;
    none[15] = 0;
    write_plain(none, 16);
    expect_failure(3, "images of size 0");
    const unsigned char no_labels[] = {0, 0, 8, 1, 0, 0, 0, 0};
    write_plain(no_labels, 8);
    expect_failure(1, "contains no labels");
}
END_TEST

START_TEST(a_header_that_overflows_the_size_is_refused)
{
    unsigned char huge[16] = {0, 0, 8, 3};
    memset(huge + 4, 0xff, 12);
    write_plain(huge, 16);
    expect_failure(3, "its header claims 4294967295 x 4294967295 x 4294967295 bytes");
}
END_TEST

START_TEST(a_gzip_file_with_a_bad_crc_is_refused)
{
    write_gzip(images, sizeof(images));
    damage(-8, SEEK_END); /* the CRC-32 is followed by the four bytes of the length */
    expect_failure(3, "damaged gzip data");
}
END_TEST

START_TEST(a_gzip_file_cut_short_is_refused)
{
    struct stat st;
    write_gzip(images, sizeof(images));
    ck_assert_int_eq(stat(path, &st), 0);
    for (off_t n = st.st_size - 1; n > st.st_size - 14; --n) {
        ck_assert_int_eq(truncate(path, n), 0);
        expect_failure(3, "truncated gzip data");
    }
}
END_TEST

SUITE_OF(idx)
{
    EACH(make_dir, remove_dir);
    TEST(plain_and_gzip_files_read_equal);
    TEST(labels_have_one_dimension);
    TEST(a_missing_file_is_named);
    TEST(a_directory_in_place_of_a_file_is_refused);
    TEST(a_pipe_in_place_of_a_file_is_refused);
    TEST(labels_in_place_of_images_are_a_bad_magic_number);
    TEST(a_file_shorter_than_its_magic_number_is_refused);
    TEST(a_file_cut_inside_its_header_is_refused);
    TEST(a_file_cut_inside_its_data_is_refused);
    TEST(trailing_bytes_are_refused);
    TEST(an_empty_dimension_is_refused);
    TEST(a_header_that_overflows_the_size_is_refused);
    TEST(a_gzip_file_with_a_bad_crc_is_refused);
    TEST(a_gzip_file_cut_short_is_refused);
}
