/* The names of the status codes. */
#include "groupsig/groupsig.h"

const char *groupsig_status_name(enum groupsig_status status)
{
    switch (status) {
    case GROUPSIG_OK:
        return "ok";
    case GROUPSIG_ERR_PARSE:
        return "parse";
    case GROUPSIG_ERR_INVALID:
        return "invalid";
    case GROUPSIG_ERR_MISMATCH:
        return "mismatch";
    case GROUPSIG_ERR_NOT_OWN:
        return "not-own";
    case GROUPSIG_ERR_LIMIT:
        return "limit";
    case GROUPSIG_ERR_RNG:
        return "rng";
    }
    return "unknown";
}
