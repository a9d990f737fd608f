/* any text as a .data file */
#include "fuzz/fuzz.h"

#include <string.h>

void fuzz_begin(void)
{
}

void fuzz_one(const uint8_t *data, size_t n)
{
    list *options = read_data_cfg(fuzz_file(data, n));
    option_find_int(options, "classes", 2);
    option_find_str(options, "backup", "backup");
}

void fuzz_seeds(void)
{
    static const char text[] = "classes=10\ntrain=train.list\nvalid=test.list\nlabels=labels.list\nnames=names.list\n"
                               "backup=backup\ntop=5\nshuffle=1\nresults=results\neval=voc\n# a comment\n";
    fuzz_seed("data", text, strlen(text));
    fuzz_seed("comments", "classes = 2 # x\ntrain = my drive/a#1.txt ;y\nnames=#1\n", 53);
    fuzz_seed("dos", "\xef\xbb\xbf classes = 2\r\ntop=1\r\n", 25);
}
