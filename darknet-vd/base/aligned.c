#include "base/aligned.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE_PAGE = 2 << 20 };

void *vd_aligned_alloc(size_t bytes)
{
    size_t start = bytes < HUGE_PAGE ? LINE : HUGE_PAGE;
    if (bytes > SIZE_MAX - start) return 0;
    /* aligned_alloc() takes whole multiples of the alignment alone, by C11 */
    void *p = aligned_alloc(start, (bytes + start - 1) / start * start);
#ifdef MADV_HUGEPAGE
    /* where it fails, pages stay as they are */
    if (p && bytes >= HUGE_PAGE) madvise(p, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return p;
}
