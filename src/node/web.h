/* The web UI's files, built into the binary (web/build.mjs): gzipped, each with its ETag. */
#ifndef GALEN_NODE_WEB_H
#define GALEN_NODE_WEB_H

#include <stddef.h>
#include <stdint.h>

struct node_file {
    const char *path; /* "/" is the page; all others are named by their hash */
    const char *type; /* media type */
    const char *tag;  /* ETag, of what is inside */
    const uint8_t *gzip;
    size_t gzip_len, len; /* len: unpacked */
};
extern const struct node_file node_files[];
extern const size_t node_n_files;

#endif
