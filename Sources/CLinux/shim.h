#ifndef CHANGEOVER_CLINUX_SHIM_H
#define CHANGEOVER_CLINUX_SHIM_H

// What Swift's Glibc module leaves out.
#include <sys/eventfd.h>

#endif
