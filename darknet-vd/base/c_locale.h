/* Numbers in files are written with a point. A program on the library may have called setlocale(LC_ALL, "") in a
 * country where they are written with a comma; strtod() and atof() then stop at the point. */
#ifndef VD_BASE_C_LOCALE_H
#define VD_BASE_C_LOCALE_H

#include <locale.h>

/* the locale "C", for strtod_l(), strtof_l() and uselocale(); vd_die() without memory */
locale_t vd_c_locale(void);

#endif
