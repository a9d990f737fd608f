#include "data/label_path.h"
#include "base/fail.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "darknet.h"

enum { ROOM = 4096 }; /* of Darknet's label paths */

/* what stb_image reads, and names that other formats leave behind: a picture is decoded by its first bytes */
static const char *const endings[] = {"jpg", "jpeg", "jpe", "jfif", "png", "bmp",  "tga",  "gif", "psd",
                                      "pic", "hdr",  "pnm", "ppm",  "pgm", "tiff", "webp", "tif"};
static const char *const picture_folders[] = {"images", "raw", "JPEGImages"};

/* the length of name without its ending */
static size_t stem_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof(endings) / sizeof(*endings); ++i)
        if (!strcasecmp(dot + 1, endings[i])) return (size_t)(dot - name);
    return strlen(name);
}

static int is_picture_folder(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof(picture_folders) / sizeof(*picture_folders); ++i)
        if (strlen(picture_folders[i]) == n && !strncmp(name, picture_folders[i], n)) return 1;
    return 0;
}

/* the last folder of pictures in a path, and its length; null: none */
static const char *picture_folder(const char *path, size_t *length)
{
    const char *last = 0;
    for (const char *at = path, *slash; (slash = strchr(at, '/')); at = slash + 1)
        if (is_picture_folder(at, (size_t)(slash - at))) last = at, *length = (size_t)(slash - at);
    return last;
}

void vd_label_places(const char *picture, const char *folder, char *places[2])
{
    const char *name = vd_file_name(picture);
    size_t length = 0, stem = (size_t)(name - picture) + stem_of(name);
    const char *at = picture_folder(picture, &length);
    char *beside = vd_format("%.*s.txt", (int)stem, picture);
    places[0] =
        at ? vd_format("%.*s%s%s", (int)(at - picture), picture, folder, beside + (at - picture) + length) : beside;
    places[1] = at ? beside : 0;
}

/* a file that cannot be looked at counts: opening it tells why */
static int is_there(const char *path)
{
    return !access(path, F_OK) || (errno != ENOENT && errno != ENOTDIR);
}

static char *find(const char *picture, const char *folder, const char *what, char **fault)
{
    char *places[2], *found = 0;
    vd_label_places(picture, folder, places);
    for (int i = 0; i < 2 && places[i] && !found; ++i)
        if (is_there(places[i])) found = vd_format("%s", places[i]);
    *fault = 0;
    if (!found && places[1]) *fault = vd_format("no %s: neither %s nor %s exists", what, places[0], places[1]);
    else if (!found) *fault = vd_format("no %s: %s does not exist", what, places[0]);
    free(places[0]);
    free(places[1]);
    return found;
}

char *vd_label_path(const char *picture, char **fault)
{
    return find(picture, "labels", "labels", fault);
}

static void find_or_die(const char *picture, const char *folder, const char *what, char *path)
{
    char *fault, *found = find(picture, folder, what, &fault);
    if (!found) vd_die("%s: %s", picture, fault);
    if (strlen(found) >= ROOM) vd_die("%s: path too long", found);
    memcpy(path, found, strlen(found) + 1);
    free(found);
}

void vd_mask_path(const char *picture, char *path)
{
    find_or_die(picture, "mask", "mask", path);
}

void detection_label_path(char *path, char *labelpath)
{
    find_or_die(path, "labels", "labels", labelpath);
}

void vd_optional_label_path(const char *picture, char *path)
{
    char *fault, *found = vd_label_path(picture, &fault);
    *path = '\0';
    if (found && strlen(found) < ROOM) memcpy(path, found, strlen(found) + 1);
    free(found);
    free(fault);
}
