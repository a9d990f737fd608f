/* What the program is built from. */
#ifndef VD_BASE_VERSION_H
#define VD_BASE_VERSION_H

/* "0.9.0", "61c9d02e, Debian ...": the program's version, and that of Darknet's sources */
const char *vd_version(void);
const char *vd_version_darknet(void);

/* "oneDNN 2.6.3" or "no oneDNN", for the caller to free */
char *vd_version_products(void);

#endif
