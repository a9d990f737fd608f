/* Small pictures to train detectors on: a white rectangle or frame on black, with its label. */
#ifndef DRAWINGS_H
#define DRAWINGS_H

enum { SIDE = 32, DRAWN = 24 };

/* what picture i shows, in pixels; class 0 is full, class 1 a frame */
typedef struct {
    int left, top, right, bottom, is_frame;
} drawn;

drawn drawing(int i);

/* into a folder: pictures p0.png .. p23.png, labels beside them, list, names, set.data, and a folder results */
void draw_pictures(const char *folder);

#endif
