// The header declares nothing before it is told the size of a character.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
