#ifndef CHANGEOVER_CZLIB_SHIM_H
#define CHANGEOVER_CZLIB_SHIM_H

#include <zlib.h>

#endif
