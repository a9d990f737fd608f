#include "data/raw_picture.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <sys/stat.h>

/* the next number of a PNM header, after blanks and comments, and the one character after it; 0 where there is none */
static long long header_number(FILE *fp)
{
    long long n = 0;
    int c = getc(fp);
    while (isspace(c) || c == '#') {
        if (c == '#')
            while ((c = getc(fp)) != '\n' && c != EOF) continue;
        c = getc(fp);
    }
    for (; isdigit(c) && n < 1 << 24; c = getc(fp)) n = 10 * n + c - '0';
    return n;
}

/* the length the file should have; *white is the number of its brightest pixel */
static long long pnm_bytes(FILE *fp, int channels, int *white, char **fault)
{
    long long w = header_number(fp), h = header_number(fp), most = header_number(fp);
    if (most > 255) *fault = vd_format("16-bit PNM: only 8 bits are supported");
    if (most >= 1 && most < 255) *white = (int)most;
    return ftell(fp) + w * h * channels;
}

/* the length the file should have; 0 where the pixels are compressed, or the file is no TGA */
static long long tga_bytes(const unsigned char *head)
{
    int type = head[2], entries = head[5] | head[6] << 8;
    long long w = head[12] | head[13] << 8, h = head[14] | head[15] << 8;
    if (head[1] > 1 || type < 1 || type > 3) return 0;
    return 18 + head[0] + (head[1] ? entries * ((head[7] + 7) / 8) : 0) + w * h * ((head[16] + 7) / 8);
}

/* height 0 or -2^31: stb_image takes the absolute value of the height, and -2^31 has none */
static int is_bmp_without_height(const unsigned char *head)
{
    return head[0] == 'B' && head[1] == 'M' && !head[22] && !head[23] && !head[24] && (head[25] & 127) == 0;
}

char *vd_raw_picture_fault(FILE *fp, int *white)
{
    unsigned char head[26] = {0};
    char *fault = 0;
    struct stat s;
    long long bytes = 0;
    *white = 255;
    if (fseek(fp, 0, SEEK_SET)) return 0;
    size_t n = fread(head, 1, sizeof(head), fp);
    if (head[0] == 'P' && (head[1] == '5' || head[1] == '6') && !fseek(fp, 2, SEEK_SET))
        bytes = pnm_bytes(fp, head[1] == '6' ? 3 : 1, white, &fault);
    else if (n == sizeof(head) && is_bmp_without_height(head)) fault = vd_format("BMP with an invalid height");
    else if (n >= 18) bytes = tga_bytes(head);
    if (!fault && bytes && !fstat(fileno(fp), &s) && S_ISREG(s.st_mode) && s.st_size < bytes)
        fault = vd_format("truncated: %lld of %lld bytes", (long long)s.st_size, bytes);
    rewind(fp);
    return fault;
}
