#include "support/drawings.h"
#include "support/support.h"
#include "commands/dataset/png.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <sys/stat.h>

drawn drawing(int i)
{
    drawn d = {.is_frame = i % 2};
    int w = 10 + i * 5 % 7, h = 10 + i * 3 % 8;
    d.left = i * 7 % (SIDE - w), d.top = i * 11 % (SIDE - h);
    d.right = d.left + w, d.bottom = d.top + h;
    return d;
}

void draw_pictures(const char *folder)
{
    char *list = vd_calloc(1, 1), *path = in_folder(folder, "results");
    ck_assert_int_eq(mkdir(path, 0700), 0);
    free(path);
    for (int i = 0; i < DRAWN; ++i) {
        unsigned char pixels[SIDE * SIDE] = {0};
        drawn d = drawing(i);
        for (int y = d.top; y < d.bottom; ++y)
            for (int x = d.left; x < d.right; ++x) {
                int inside = x > d.left + 1 && x < d.right - 2 && y > d.top + 1 && y < d.bottom - 2;
                pixels[y * SIDE + x] = d.is_frame && inside ? 0 : 230;
            }
        char *name = vd_format("%s/p%d.png", folder, i), *label = vd_format("%s/p%d.txt", folder, i);
        char *box =
            vd_format("%d %f %f %f %f\n", d.is_frame, (d.left + d.right) / 2. / SIDE, (d.top + d.bottom) / 2. / SIDE,
                      (d.right - d.left) / (double)SIDE, (d.bottom - d.top) / (double)SIDE);
        vd_png_write(name, SIDE, SIDE, 1, pixels);
        write_text(label, box);
        char *longer = vd_format("%s%s\n", list, name);
        free(list), free(name), free(label), free(box);
        list = longer;
    }
    char *data = vd_format("classes=2\ntrain=%s/list\nvalid=%s/list\nnames=%s/names\nbackup=%s\nresults=%s/results\n",
                           folder, folder, folder, folder, folder);
    const char *const names[] = {"list", "names", "set.data"}, *const texts[] = {list, "full\nframe\n", data};
    for (int i = 0; i < 3; ++i) {
        path = in_folder(folder, names[i]);
        write_text(path, texts[i]);
        free(path);
    }
    free(list), free(data);
}
