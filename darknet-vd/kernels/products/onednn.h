/* What the files that call oneDNN share. Primitives run in the calling thread alone: the work is shared out by
 * vd_parallel_for(), so that results do not depend on the number of threads. */
#ifndef VD_KERNELS_PRODUCTS_ONEDNN_H
#define VD_KERNELS_PRODUCTS_ONEDNN_H

#include "kernels/type.h"

#include <oneapi/dnnl/dnnl.h>

#if DNNL_VERSION_MAJOR != 2
#error "this speaks oneDNN 2 (Debian 12): build with ONEDNN=0 elsewhere"
#endif

/* of the types that oneDNN knows on every processor it supports: not fp16 */
dnnl_data_type_t vd_onednn_data_type(vd_type type);

/* one primitive and its arguments; belongs to one thread */
enum { VD_ONEDNN_ARGS = 4 };
typedef struct {
    dnnl_primitive_t primitive;
    int n; /* arguments; the scratchpad is one more */
    dnnl_exec_arg_t args[VD_ONEDNN_ARGS];
    size_t scratchpad; /* bytes */
} vd_onednn_call;

/* end the program with one line that names what failed, unless status is success */
void vd_onednn_check(dnnl_status_t status, const char *what);

/* from here on oneDNN uses one OpenMP thread; returns the setting for vd_onednn_threads_again() to restore */
int vd_onednn_one_thread(void);
void vd_onednn_threads_again(int threads);

/* a primitive descriptor for op with one thread; null when oneDNN has no implementation. add: the result is added to
 * the output */
dnnl_primitive_desc_t vd_onednn_describe(const_dnnl_op_desc_t op, dnnl_primitive_desc_t forward, int add);

/* the same for a copy from one layout to another; never null */
dnnl_primitive_desc_t vd_onednn_describe_reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to, int add);

/* the layout a descriptor wants for one of its arguments; what: e.g. dnnl_query_src_md */
dnnl_memory_desc_t vd_onednn_memory(dnnl_primitive_desc_t pd, dnnl_query_t what);

/* make a call from a descriptor, which is destroyed; n arguments, their DNNL_ARG_ numbers and layouts */
vd_onednn_call vd_onednn_make_call(dnnl_primitive_desc_t pd, int n, const int *args, const dnnl_memory_desc_t *layouts);

/* run it on n arrays, in the order of the arguments */
void vd_onednn_run(vd_onednn_call *call, const void *const *arrays);

/* This thread's object for a key: the one it has, or else a new one by make(). release() frees it when the thread ends,
 * or when the cache is full and is emptied.
 *
 *   key   [VD_ONEDNN_KEY]  the first number differs between the users of the cache */
enum { VD_ONEDNN_KEY = 20 };
void *vd_onednn_cached(const int *key, void *(*make)(const int *key), void (*release)(void *made));
void vd_onednn_release_call(vd_onednn_call *call);

#endif
