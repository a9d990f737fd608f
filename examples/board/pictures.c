/* Pictures of a classifier for the boards, and what the generated C answers to them on this machine.
 *
 *     pictures FILE.data N digits.bin expected.bin
 *
 * writes the first N pictures of the .data file's `valid` list as records of a label and NET_INPUTS pixels, a byte
 * each, and the outputs, int32_t, NET_OUTPUTS for each. */
#include "net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <darknet.h>

/* the class whose name is in the path, as Darknet finds it */
static int label_of(const char *path, char **names, int classes)
{
    for (int k = 0; k < classes; ++k)
        if (strstr(path, names[k])) return k;
    return 255;
}

static int write_record(char *path, char **names, int classes, FILE *records, FILE *answers)
{
    uint8_t record[1 + NET_INPUTS] = {(uint8_t)label_of(path, names, classes)};
    int32_t output[NET_OUTPUTS];
    image picture = load_image_color(path, 0, 0), fitted = letterbox_image(picture, NET_WIDTH, NET_HEIGHT);
    for (int i = 0; i < NET_INPUTS; ++i) record[1 + i] = (uint8_t)(fitted.data[i] * 255 + .5f);
    free_image(picture);
    free_image(fitted);
    net_predict(record + 1, output);
    return fwrite(record, sizeof(record), 1, records) == 1 && fwrite(output, sizeof(output), 1, answers) == 1;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: pictures FILE.data N digits.bin expected.bin\n");
        return 1;
    }
    image_channels = NET_CHANNELS;
    list *options = read_data_cfg(argv[1]);
    char *valid = option_find_str(options, "valid", 0), *labels = option_find_str(options, "labels", 0);
    if (!valid || !labels) {
        fprintf(stderr, "%s: valid= and labels= are expected\n", argv[1]);
        return 1;
    }
    list *paths = get_paths(valid);
    char **names = get_labels(labels), **path = (char **)list_to_array(paths);
    FILE *records = fopen(argv[3], "wb"), *answers = fopen(argv[4], "wb");
    int n = atoi(argv[2]) < paths->size ? atoi(argv[2]) : paths->size, fine = records && answers;
    for (int i = 0; fine && i < n; ++i)
        fine = write_record(path[i], names, option_find_int(options, "classes", 10), records, answers);
    if (!fine || fclose(records) || fclose(answers)) {
        fprintf(stderr, "%s or %s: not written\n", argv[3], argv[4]);
        return 1;
    }
    return 0;
}
