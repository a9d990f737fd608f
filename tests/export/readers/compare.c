/* compare A B: the largest |a - b| as a share of the largest |b|, of two files of float32 numbers */
#include <math.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    FILE *fp[2] = {0};
    float x[2];
    double most = 0, largest = 0;
    for (int k = 0; k < 2 && argc == 3; ++k) fp[k] = fopen(argv[k + 1], "rb");
    if (!fp[0] || !fp[1]) return 2;
    for (;;) {
        size_t a = fread(x, sizeof(float), 1, fp[0]), b = fread(x + 1, sizeof(float), 1, fp[1]);
        if (a != b) return puts("other sizes"), 1;
        if (!a) break;
        if (!isfinite(x[0]) || !isfinite(x[1])) return puts("not finite"), 1;
        most = fmax(most, fabs((double)x[0] - x[1]));
        largest = fmax(largest, fabs((double)x[1]));
    }
    return printf("%.1e\n", most == 0 ? 0 : most / largest) < 0;
}
