/* oneDNN's primitives, and each thread's cache of them. */
#ifdef VD_ONEDNN
#include "kernels/products/onednn.h"
#include "base/fail.h"
#include "base/hash.h"
#include "kernels/scratch.h"

#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vd_onednn_check(dnnl_status_t status, const char *what)
{
    if (status == dnnl_success) return;
    vd_die("oneDNN: %s failed: status %d", what, (int)status);
}

dnnl_data_type_t vd_onednn_data_type(vd_type type)
{
    return type == VD_BF16 ? dnnl_bf16 : dnnl_f32;
}

static dnnl_engine_t engine;
static pthread_key_t at_thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ---- each thread's cache ---- */

enum { ENTRIES = 1024, MOST = 700 }; /* a power of two; with MOST in use, the cache is emptied */

typedef struct {
    int key[VD_ONEDNN_KEY];
    void *made;
    void (*release)(void *made);
} entry;

typedef struct {
    dnnl_stream_t stream;
    int used;
    entry entries[ENTRIES];
} thread_state;

static __thread thread_state *mine;

static void release_entries(thread_state *t)
{
    for (int i = 0; i < ENTRIES; ++i)
        if (t->entries[i].made) t->entries[i].release(t->entries[i].made);
    memset(t->entries, 0, sizeof(t->entries));
    t->used = 0;
}

static void end_thread(void *state)
{
    thread_state *t = state;
    release_entries(t);
    dnnl_stream_destroy(t->stream);
    free(t);
}

/* oneDNN 2 crashes when there is no memory for the code it generates */
static void check_room(void)
{
    enum { ROOM = 64 << 20 };
    void *volatile room = malloc(ROOM); /* volatile: compilers remove a malloc that is only freed */
    if (!room) vd_no_memory(ROOM);
    free(room);
}

static void start(void)
{
    vd_onednn_check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine");
    pthread_key_create(&at_thread_end, end_thread);
}

static dnnl_engine_t the_engine(void)
{
    static atomic_int started;
    if (!started) {
        check_room(); /* not inside pthread_once(), which a callback of vd_on_die() must not leave */
        pthread_once(&once, start);
        started = 1;
    }
    return engine;
}

static thread_state *state_of_thread(void)
{
    if (mine) return mine;
    dnnl_stream_t stream;
    vd_onednn_check(dnnl_stream_create(&stream, the_engine(), dnnl_stream_default_flags), "stream");
    mine = calloc(1, sizeof(*mine));
    if (!mine) {
        dnnl_stream_destroy(stream);
        vd_no_memory(sizeof(*mine));
    }
    mine->stream = stream;
    pthread_setspecific(at_thread_end, mine);
    return mine;
}

static unsigned hash(const int *key)
{
    unsigned h = VD_FNV32_START;
    for (int i = 0; i < VD_ONEDNN_KEY; ++i) h = vd_fnv32(h, (unsigned)key[i]);
    return h ^ h >> 15;
}

void *vd_onednn_cached(const int *key, void *(*make)(const int *key), void (*release)(void *made))
{
    thread_state *t = state_of_thread();
    unsigned i = hash(key) % ENTRIES;
    for (; t->entries[i].made; i = (i + 1) % ENTRIES)
        if (!memcmp(t->entries[i].key, key, sizeof(t->entries[i].key))) return t->entries[i].made;
    check_room();
    if (t->used == MOST) {
        release_entries(t);
        i = hash(key) % ENTRIES;
    }
    void *made = make(key);
    memcpy(t->entries[i].key, key, sizeof(t->entries[i].key));
    t->entries[i].made = made;
    t->entries[i].release = release;
    ++t->used;
    return made;
}

/* ---- primitives ---- */

int vd_onednn_one_thread(void)
{
    int threads = omp_get_max_threads();
    if (threads != 1) omp_set_num_threads(1);
    return threads;
}

void vd_onednn_threads_again(int threads)
{
    if (threads != 1) omp_set_num_threads(threads);
}

static dnnl_primitive_attr_t attributes(int add)
{
    dnnl_primitive_attr_t attr;
    dnnl_post_ops_t post;
    vd_onednn_check(dnnl_primitive_attr_create(&attr), "attributes");
    vd_onednn_check(dnnl_post_ops_create(&post), "attributes");
    dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (add) dnnl_post_ops_append_sum(post, 1);
    dnnl_primitive_attr_set_post_ops(attr, post);
    dnnl_post_ops_destroy(post);
    return attr;
}

dnnl_primitive_desc_t vd_onednn_describe(const_dnnl_op_desc_t op, dnnl_primitive_desc_t forward, int add)
{
    dnnl_primitive_desc_t pd = 0;
    dnnl_primitive_attr_t attr = attributes(add);
    int threads = vd_onednn_one_thread();
    if (dnnl_primitive_desc_create(&pd, op, attr, the_engine(), forward) != dnnl_success) pd = 0;
    dnnl_primitive_attr_destroy(attr);
    vd_onednn_threads_again(threads);
    return pd;
}

dnnl_primitive_desc_t vd_onednn_describe_reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to, int add)
{
    dnnl_primitive_desc_t pd = 0;
    dnnl_primitive_attr_t attr = attributes(add);
    int threads = vd_onednn_one_thread();
    dnnl_engine_t e = the_engine();
    dnnl_status_t status = dnnl_reorder_primitive_desc_create(&pd, from, e, to, e, attr);
    dnnl_primitive_attr_destroy(attr);
    vd_onednn_threads_again(threads);
    vd_onednn_check(status, "reorder");
    return pd;
}

dnnl_memory_desc_t vd_onednn_memory(dnnl_primitive_desc_t pd, dnnl_query_t what)
{
    return *dnnl_primitive_desc_query_md(pd, what, 0);
}

static dnnl_memory_t memory(const dnnl_memory_desc_t *layout)
{
    dnnl_memory_t m;
    vd_onednn_check(dnnl_memory_create(&m, layout, the_engine(), DNNL_MEMORY_NONE), "memory");
    return m;
}

vd_onednn_call vd_onednn_make_call(dnnl_primitive_desc_t pd, int n, const int *args, const dnnl_memory_desc_t *layouts)
{
    vd_onednn_call call = {.n = n};
    dnnl_memory_desc_t scratchpad = vd_onednn_memory(pd, dnnl_query_scratchpad_md);
    int threads = vd_onednn_one_thread();
    dnnl_status_t status = dnnl_primitive_create(&call.primitive, pd);
    vd_onednn_threads_again(threads);
    vd_onednn_check(status, "primitive");
    for (int i = 0; i < n; ++i) call.args[i] = (dnnl_exec_arg_t){args[i], memory(layouts + i)};
    call.args[n] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, memory(&scratchpad)};
    call.scratchpad = dnnl_memory_desc_get_size(&scratchpad);
    dnnl_primitive_desc_destroy(pd);
    return call;
}

void vd_onednn_run(vd_onednn_call *call, const void *const *arrays)
{
    for (int i = 0; i < call->n; ++i) /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): arrays has call->n */
        dnnl_memory_set_data_handle(call->args[i].memory, (void *)arrays[i]);
    void *scratchpad = call->scratchpad ? vd_scratch(VD_SCRATCH_LIBRARY, call->scratchpad / sizeof(float) + 1) : 0;
    dnnl_memory_set_data_handle(call->args[call->n].memory, scratchpad);
    dnnl_stream_t stream = state_of_thread()->stream;
    int threads = vd_onednn_one_thread();
    dnnl_status_t status = dnnl_primitive_execute(call->primitive, stream, call->n + 1, call->args);
    vd_onednn_threads_again(threads);
    vd_onednn_check(status, "run");
}

void vd_onednn_release_call(vd_onednn_call *call)
{
    for (int i = 0; i <= call->n; ++i) dnnl_memory_destroy(call->args[i].memory);
    dnnl_primitive_destroy(call->primitive);
}
#endif
