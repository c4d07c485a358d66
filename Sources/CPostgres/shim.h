#ifndef CHANGEOVER_CPOSTGRES_SHIM_H
#define CHANGEOVER_CPOSTGRES_SHIM_H

// Debian and Fedora put the header in different places; both are on the compiler's path through pkg-config or by default.
#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif

#endif
