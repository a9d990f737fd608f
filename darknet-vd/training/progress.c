#include "training/progress.h"
#include "base/fail.h"
#include "base/status_line.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double between = 0.2; /* seconds, of two lines */
static const double memory = 20;   /* seconds that the speed shown looks back, about */

static struct {
    int on, began;
    double shown;            /* when */
    double at, images;       /* of the line before */
    double seconds, counted; /* sums that fade: images / seconds is the speed */
} progress;

int vd_progress_due(double seconds)
{
    if (!progress.began) {
        progress.began = 1;
        progress.on = vd_status_possible();
        progress.shown = -between;
    }
    return progress.on && seconds >= progress.shown + between;
}

static void measure(double seconds, double images)
{
    if (seconds > progress.at && images > progress.images && progress.images) {
        double d = seconds - progress.at, fade = exp(-d / memory);
        progress.seconds = progress.seconds * fade + d;
        progress.counted = progress.counted * fade + images - progress.images;
    }
    progress.at = seconds;
    progress.images = images;
}

static void print_left(FILE *fp, const network *net, double speed)
{
    double images =
        ((double)net->max_batches - (double)get_current_batch((network *)net)) * net->batch * net->subdivisions;
    long seconds = lround(fmin(images / speed, 1e8));
    if (images < 0 || !net->max_batches) return;
    if (seconds >= 3600) fprintf(fp, ", %ld:%02ld:%02ld left", seconds / 3600, seconds / 60 % 60, seconds % 60);
    else fprintf(fp, ", %ld:%02ld left", seconds / 60, seconds % 60);
}

static void print_line(FILE *fp, const network *net, vd_progress p)
{
    double speed = progress.seconds > 0 ? progress.counted / progress.seconds : 0;
    fprintf(fp, "batch %zu", get_current_batch((network *)net));
    if (net->max_batches) fprintf(fp, " of %d", net->max_batches);
    if (isfinite(p.epoch)) fprintf(fp, ", epoch %.2f", p.epoch);
    if (speed > 0) print_left(fp, net, speed);
    if (speed > 0) fprintf(fp, ", %.*f images/s", speed < 10 ? 2 : 0, speed);
    if (isfinite(p.kl)) fprintf(fp, ", loss %.4g = cost %.4g + KL %.4g", p.cost + p.kl, p.cost, p.kl);
    else fprintf(fp, ", loss %.4g", p.cost);
    if (isfinite(p.sparsity)) fprintf(fp, ", sparsity %.2f %%", 100 * p.sparsity);
    if (isfinite(p.error)) fprintf(fp, ", error %.2f %%", 100 * p.error);
    if (isfinite(p.map)) fprintf(fp, ", mAP %.2f %%", 100 * p.map);
}

void vd_progress_show(const network *net, double seconds, vd_progress p)
{
    char *line = 0;
    size_t size;
    measure(seconds, (double)*net->seen);
    FILE *fp = open_memstream(&line, &size);
    if (!fp) vd_die("out of memory");
    print_line(fp, net, p);
    fclose(fp);
    vd_status_show(line);
    progress.shown = seconds;
    free(line);
}

void vd_progress_end(void)
{
    vd_status_show(0);
    progress.began = 0;
    progress.images = progress.seconds = progress.counted = 0;
}
