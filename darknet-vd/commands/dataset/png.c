#include "commands/dataset/png.h"

#include "base/fail.h"
#include "base/files.h"

#include <stb/stb_image_write.h>

static void write_part(void *fp, void *data, int size)
{
    fwrite(data, 1, (size_t)size, fp); /* vd_output_close_unsynced() checks ferror() */
}

void vd_png_write(const char *path, int width, int height, int channels, const unsigned char *pixels)
{
    vd_output out = vd_output_open(path);
    if (!stbi_write_png_to_func(write_part, out.fp, width, height, channels, pixels, width * channels)) {
        vd_die("%s: cannot encode a %d x %d picture", path, width, height);
    }
    vd_output_close_unsynced(&out);
}
