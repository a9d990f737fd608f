#include "kernels/processor.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

/* Products in bf16 are twice as fast as in float on Zen 4 and Zen 5, whose vdpbf16ps starts every cycle, and half as
 * fast on Intel's processors from Sapphire Rapids on, where it starts every second one (measured on an Emerald Rapids:
 * 178 GF/s a core in float, 90 in bf16, 403 in fp16). */
static const struct {
    const char *vendor;
    int family, first, last; /* models */
    vd_processor row;
} table[] = {
    {"AuthenticAMD", 0x19, 0x10, 0x1f, {"Zen 4", {VD_BF16, VD_FLOAT}, 2}},
    {"AuthenticAMD", 0x19, 0x60, 0x7f, {"Zen 4", {VD_BF16, VD_FLOAT}, 2}},
    {"AuthenticAMD", 0x19, 0xa0, 0xaf, {"Zen 4", {VD_BF16, VD_FLOAT}, 2}},
    {"AuthenticAMD", 0x1a, 0x00, 0x4f, {"Zen 5", {VD_BF16, VD_FLOAT}, 2}},
    {"AuthenticAMD", 0x1a, 0x60, 0x7f, {"Zen 5", {VD_BF16, VD_FLOAT}, 2}},
    {"GenuineIntel", 6, 0x8f, 0x8f, {"Sapphire Rapids", {VD_FP16, VD_FLOAT}, 2}},
    {"GenuineIntel", 6, 0xcf, 0xcf, {"Emerald Rapids", {VD_FP16, VD_FLOAT}, 2}},
    {"GenuineIntel", 6, 0xad, 0xae, {"Granite Rapids", {VD_FP16, VD_FLOAT}, 2}},
};

/* fp16 has twice the numbers of float in a register; bf16 without fp16 is that of processors which multiply it fast */
static const vd_processor unknown = {"unknown", {VD_FP16, VD_BF16, VD_FLOAT}, 3};

const vd_processor *vd_processor_of(const char *vendor, int family, int model)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); ++i)
        if (!strcmp(vendor, table[i].vendor) && family == table[i].family && model >= table[i].first &&
            model <= table[i].last)
            return &table[i].row;
    return &unknown;
}

const char *vd_type_name(vd_type type)
{
    return type == VD_FP16 ? "fp16" : type == VD_BF16 ? "bf16" : "float";
}

static struct {
    char name[160];
    const vd_processor *row;
} here;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#ifdef __x86_64__
/* 4-byte parts of a text that CPUID gives */
static void add_text(char **at, unsigned word)
{
    memcpy(*at, &word, sizeof(word));
    *at += sizeof(word);
}

static void read_processor(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0, most = __get_cpuid_max(0x80000000, 0);
    char vendor[13] = {0}, brand[49] = {0}, *at = vendor, *end = brand;
    __get_cpuid(0, &a, &b, &c, &d);
    add_text(&at, b), add_text(&at, d), add_text(&at, c);
    for (unsigned leaf = 0x80000002; leaf <= 0x80000004 && leaf <= most; ++leaf) {
        __get_cpuid(leaf, &a, &b, &c, &d);
        add_text(&end, a), add_text(&end, b), add_text(&end, c), add_text(&end, d);
    }
    a = 0;
    __get_cpuid(1, &a, &b, &c, &d);
    int family = (int)(a >> 8 & 15), model = (int)(a >> 4 & 15), stepping = (int)(a & 15);
    if (family == 6 || family == 15) model += (int)(a >> 16 & 15) << 4;
    if (family == 15) family += (int)(a >> 20 & 255);
    snprintf(here.name, sizeof(here.name), "%s/%d/%d/%d", *brand ? brand : vendor, family, model, stepping);
    here.row = vd_processor_of(vendor, family, model);
}
#else
/* the lines of /proc/cpuinfo that name a core: an ARM's "CPU implementer", "CPU part" and so on */
static void read_processor(void)
{
    char line[256];
    size_t n = 0;
    FILE *fp = fopen("/proc/cpuinfo", "re");
    here.row = &unknown;
    strcpy(here.name, "unknown");
    while (fp && fgets(line, sizeof(line), fp) && *line != '\n') {
        const char *value = strchr(line, ':');
        if (!value || (strncmp(line, "CPU ", 4) != 0 && strncmp(line, "model name", 10) != 0)) continue;
        int added = snprintf(here.name + n, sizeof(here.name) - n, "%s", value + 1);
        n = added > 0 && n + added < sizeof(here.name) ? n + added : sizeof(here.name) - 1;
    }
    if (fp) fclose(fp);
}
#endif

/* the name is written into files whose lines have fields */
static void read_once(void)
{
    char *to = here.name;
    read_processor();
    for (const char *from = here.name; *from; ++from) {
        if (*from > ' ' && *from < 127) *to++ = *from;
        else if (to > here.name && to[-1] != '_' && from[1]) *to++ = '_';
    }
    *to = 0;
}

const char *vd_processor_name(void)
{
    pthread_once(&once, read_once);
    return here.name;
}

const vd_processor *vd_processor_here(void)
{
    pthread_once(&once, read_once);
    return here.row;
}
