/* Each kind of object of the scheme once, valid, with what decides whether it is accepted: all that
 * the library ever checks of it. */
#ifndef GROUPSIG_OBJECTS_H
#define GROUPSIG_OBJECTS_H

#include "fixture.h"

#define OBJECT_MAX_BYTES    600
#define OBJECTS             16
#define OBJECT_FIRST_SECRET 12 /* the secrets are the last */

struct object {
    const char *name;
    bool (*accepts)(const uint8_t *bytes, size_t len);
    size_t len;
    size_t g1[6], g2[6], scalars[8]; /* offsets; 0 ends, an offset of 0 is written as OBJECT_AT_0 */
    bool has_header;
    uint8_t bytes[OBJECT_MAX_BYTES];
};
#define OBJECT_AT_0 SIZE_MAX

extern struct object objects[OBJECTS];
/* False when any step of the scheme fails. */
bool objects_make(void);
/* The group of the objects. */
const struct fixture *objects_group(void);

#endif
