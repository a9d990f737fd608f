/* VD_VERSION (the file VERSION) and VD_DARKNET (the sources it is built from) are defined for this file and
 * kernels/choice_file.c alone, so that another version compiles no other. */
#include "base/version.h"
#include "base/text.h"

#ifdef VD_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

const char *vd_version(void)
{
    return VD_VERSION;
}

const char *vd_version_darknet(void)
{
    return VD_DARKNET;
}

char *vd_version_products(void)
{
#ifdef VD_ONEDNN
    const dnnl_version_t *v = dnnl_version();
    return vd_format("oneDNN %d.%d.%d", v->major, v->minor, v->patch);
#else
    return vd_format("no oneDNN");
#endif
}
