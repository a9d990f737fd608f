#include "fuzz/fuzz.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

const char fuzz_cfg[] = "[net]\nbatch=1\ncheckpoint=1\nwidth=4\nheight=4\nchannels=1\nadam=1\n"
                        "[vd_convolutional]\nfilters=2\nsize=3\npad=1\nbatch_normalize=1\nactivation=relu\n"
                        "[convolutional]\nfilters=3\nsize=3\nstride=2\npad=1\nbatch_normalize=1\nactivation=relu\n"
                        "[batchnorm]\n"
                        "[connected]\noutput=5\nbatch_normalize=1\nactivation=relu\n"
                        "[vd_connected]\noutput=3\nactivation=linear\n"
                        "[softmax]\n"
                        "[vd_cost]\nsamples=10\n";

static jmp_buf back;
static int running;

/* ---- what an input has allocated and opened; --wrap leads the calls here ---- */

/* FREED stays in its slot: a static of the program may hold such a pointer and free it at the next input */
typedef enum { FREED, MEMORY, FILE_OPEN, GZ_OPEN } kind;

enum { SLOTS = 1 << 18 };

static struct {
    void *at;
    size_t bytes;
    kind kind;
} slots[SLOTS];
static size_t used, live;
static uint32_t noted[SLOTS]; /* slots taken by this input, some twice */
static size_t notes;

static size_t slot_of(const void *p)
{
    size_t i = ((uintptr_t)p >> 4) * 0x9E3779B97F4A7C15u >> 46;
    while (slots[i].at && slots[i].at != p) i = (i + 1) % SLOTS;
    return i;
}

static void *note(void *p, size_t bytes, kind kind)
{
    if (!running || !p) return p;
    size_t i = slot_of(p);
    used += !slots[i].at;
    if (used > SLOTS / 2 || notes == SLOTS) longjmp(back, 1);
    noted[notes++] = (uint32_t)i;
    slots[i].at = p;
    slots[i].bytes = bytes;
    slots[i].kind = kind;
    live += bytes;
    return p;
}

static kind forget(void *p, int *found)
{
    size_t i = slot_of(p);
    *found = slots[i].at == p;
    kind k = slots[i].kind;
    if (*found && k == MEMORY) live -= slots[i].bytes;
    if (*found) slots[i].kind = FREED;
    return k;
}

void *__real_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
FILE *__real_fopen(const char *path, const char *mode);
int __real_fclose(FILE *fp);
gzFile __real_gzopen(const char *path, const char *mode);
int __real_gzclose_r(gzFile file);
char *__real_strdup(const char *s);
int __real_vasprintf(char **s, const char *format, va_list args);
void __real_exit(int status) __attribute__((noreturn));

void __wrap_exit(int status)
{
    if (running) longjmp(back, 1);
    __real_exit(status);
}

static void ask(size_t n, size_t size)
{
    size_t bytes;
    if (running && (__builtin_mul_overflow(n, size, &bytes) || bytes > FUZZ_MEMORY - live)) longjmp(back, 1);
}

void *__wrap_calloc(size_t n, size_t size)
{
    ask(n, size);
    return note(__real_calloc(n, size), n * size, MEMORY);
}

void *__wrap_malloc(size_t size)
{
    void *p;
    ask(size, 1);
    p = __real_calloc(1, size);
    if (p) memset(p, 0xbe, size);
    return note(p, size, MEMORY);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    ask(size, 1);
    return note(__real_aligned_alloc(alignment, size), size, MEMORY);
}

void __wrap_free(void *p)
{
    int found;
    if (!p) return;
    kind k = forget(p, &found);
    if (!found || k == MEMORY) __real_free(p);
}

void *__wrap_realloc(void *p, size_t size)
{
    int found;
    ask(size, 1);
    if (p) forget(p, &found);
    return note(__real_realloc(p, size), size, MEMORY);
}

char *__wrap_strdup(const char *s)
{
    return note(__real_strdup(s), strlen(s) + 1, MEMORY);
}

int __wrap_vasprintf(char **s, const char *format, va_list args)
{
    int n = __real_vasprintf(s, format, args);
    if (n >= 0) note(*s, (size_t)n + 1, MEMORY);
    return n;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    return note(__real_fopen(path, mode), 0, FILE_OPEN);
}

int __wrap_fclose(FILE *fp)
{
    int found;
    forget(fp, &found);
    return __real_fclose(fp);
}

gzFile __wrap_gzopen(const char *path, const char *mode)
{
    return note(__real_gzopen(path, mode), 0, GZ_OPEN);
}

int __wrap_gzclose_r(gzFile file)
{
    int found;
    forget(file, &found);
    return __real_gzclose_r(file);
}

static void sweep(void)
{
    for (size_t n = 0; n < notes; ++n) {
        size_t i = noted[n];
        if (slots[i].kind == FREED) continue;
        if (slots[i].kind == MEMORY) __real_free(slots[i].at);
        if (slots[i].kind == FILE_OPEN) __real_fclose(slots[i].at);
        if (slots[i].kind == GZ_OPEN) __real_gzclose_r(slots[i].at);
        slots[i].kind = FREED;
    }
    if (used > SLOTS / 4) memset(slots, 0, sizeof(slots)), used = 0;
    live = notes = 0;
}

/* ---- files ---- */

static int input_file(void)
{
    static int fd = -1;
    if (fd < 0) fd = memfd_create("input", 0);
    return fd;
}

char *fuzz_file(const uint8_t *data, size_t n)
{
    static char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", input_file());
    if (ftruncate(input_file(), 0) || pwrite(input_file(), data, n, 0) != (ssize_t)n) abort();
    return path;
}

static char *folder, *link_in_folder;

static void remove_made_folder(void)
{
    unlink(link_in_folder);
    rmdir(folder);
}

char *fuzz_folder(const char *name)
{
    const char *tmp = getenv("TMPDIR");
    folder = vd_format("%s/darknet-vd-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder)) abort();
    link_in_folder = vd_format("%s/%s", folder, name);
    if (symlink(fuzz_file(0, 0), link_in_folder)) abort();
    atexit(remove_made_folder);
    return folder;
}

network *fuzz_network(const char *cfg)
{
    gpu_index = -1;
    return parse_network_cfg(fuzz_file((const uint8_t *)cfg, strlen(cfg)));
}

/* ---- seeds: with SEEDS=folder the target writes them there and does nothing else ---- */

void fuzz_seed(const char *name, const void *data, size_t n)
{
    char *path = vd_format("%s/%s", getenv("SEEDS"), name);
    vd_output out = vd_output_open(path);
    fwrite(data, 1, n, out.fp);
    vd_output_close(&out);
    free(path);
}

void fuzz_seed_file(const char *name, char *path, size_t cut)
{
    enum { MOST = 1 << 20 };
    size_t n = 0;
    char *data = vd_calloc(MOST, 1);
    FILE *fp = fopen(path, "rb");
    if (fp) n = fread(data, 1, MOST, fp), fclose(fp);
    remove(path);
    if (n <= cut) vd_die("%s: no seed", path);
    fuzz_seed(name, data, n - cut);
    free(data);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_begin();
    if (!getenv("SEEDS")) return 0;
    fuzz_seeds();
    exit(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!setjmp(back)) {
        running = 1;
        fuzz_one(data, n);
    }
    running = 0;
    sweep();
    return 0;
}
