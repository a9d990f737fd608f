/* Makes Darknet's own sources call stock_libc.h's functions by the C library's names. The Makefile puts hooks/hooks.h,
 * which ends with this file, in front of each of them. No source of darknet-vd/ includes it. */
#ifndef VD_BASE_STOCK_NAMES_H
#define VD_BASE_STOCK_NAMES_H

#include "base/stock_libc.h"

#define malloc vd_malloc
#define calloc vd_calloc
#define realloc vd_realloc
#define STBI_MALLOC stock_picture_malloc
#define STBI_REALLOC stock_picture_realloc
#define STBI_FREE free
#define fopen stock_fopen
#define fclose stock_fclose
#undef sprintf
#undef snprintf
#undef strncpy
#define sprintf(to, ...) stock_sprintf(to, __builtin_object_size(to, 1), __VA_ARGS__)
#define snprintf stock_sprintf
#define strncpy stock_strncpy
#define atof stock_atof
#define strtod stock_strtod
#define fscanf stock_fscanf
#define sscanf stock_sscanf

#endif
