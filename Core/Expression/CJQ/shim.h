#include <jq.h>
// What Swift's Glibc module leaves out: mallinfo2, which says how much a program has taken.
#include <malloc.h>
