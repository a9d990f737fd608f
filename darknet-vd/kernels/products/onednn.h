/* What the files that speak to oneDNN share. Primitives run single-threaded, in the calling thread: the work is shared
 * out by vd_parallel_for(), so that results do not depend on how many threads there are. */
#ifndef VD_ONEDNN_H
#define VD_ONEDNN_H

#include <oneapi/dnnl/dnnl.h>

#if DNNL_VERSION_MAJOR != 2
#error "this speaks oneDNN 2 (Debian 12): build with ONEDNN=0 elsewhere"
#endif

typedef enum { VD_FLOAT, VD_BF16 } vd_onednn_type;

dnnl_data_type_t vd_onednn_data_type(vd_onednn_type type);

/* one primitive and the memories it runs on; belongs to one thread */
enum { VD_ONEDNN_ARGS = 4 };
typedef struct {
    dnnl_primitive_t primitive;
    int n; /* memories in use; the scratchpad is one more */
    dnnl_exec_arg_t args[VD_ONEDNN_ARGS];
    size_t scratchpad; /* bytes */
} vd_onednn_call;

/* ends the program, with the name of what failed, unless status is success */
void vd_onednn_check(dnnl_status_t status, const char *what);

dnnl_engine_t vd_onednn_engine(void);

/* One OpenMP thread for what oneDNN does from here on: returns the program's own setting, which the second puts back */
int vd_onednn_one_thread(void);
void vd_onednn_threads_again(int threads);

/* a primitive descriptor for op (in this thread's one-thread setting), null when oneDNN has no implementation.
 * add: the result is added to what the output holds */
dnnl_primitive_desc_t vd_onednn_describe(const_dnnl_op_desc_t op, dnnl_primitive_desc_t forward, int add);

/* the same for a copy from one layout to another; there is always one */
dnnl_primitive_desc_t vd_onednn_describe_reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to, int add);

/* what a descriptor wants of its argument, e.g. dnnl_query_src_md */
dnnl_memory_desc_t vd_onednn_memory(dnnl_primitive_desc_t pd, dnnl_query_t what);

/* make a call from a descriptor, which is destroyed; n arguments, their DNNL_ARG_ numbers and layouts */
vd_onednn_call vd_onednn_make_call(dnnl_primitive_desc_t pd, int n, const int *args, const dnnl_memory_desc_t *layouts);

/* run it on n arrays, in the order of the arguments */
void vd_onednn_run(vd_onednn_call *call, const void *const *arrays);

/* what this thread has made for a key before; made now by make() if it has not, by release() given back when the
 * thread ends or has too many. key: VD_ONEDNN_KEY ints; the first tells the users of the cache apart */
enum { VD_ONEDNN_KEY = 20 };
void *vd_onednn_cached(const int *key, void *(*make)(const int *key), void (*release)(void *made));
void vd_onednn_release_call(vd_onednn_call *call);

#endif
