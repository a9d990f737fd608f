#include "support/digits.h"
#include "base/text.h"

#include <stdlib.h>

char *data_file;

void make_digits(int training, int test)
{
    make_test_folder();
    data_file = in_folder(folder, "digits/digits.data");
    draw_digits(folder, training, test);
}

void remove_digits(void)
{
    remove_test_folder();
    free(data_file);
}

run_result train_digits(int status, const char *cfg, const char *option)
{
    return darknet(status, "classifier", "train", data_file, cfg, option, NULL);
}

char *backup(const char *name)
{
    return vd_format("%s/digits/backup/%s", folder, name);
}
