/* A signature on its way to the contract: bytes, the y coordinates beside them, and two groups to
 * make it under. */
#ifndef GROUPSIG_EVM_SAMPLE_H
#define GROUPSIG_EVM_SAMPLE_H

#include "forge.h"

enum { SAMPLE_KEYS = 2, SAMPLE_POINTS = 5, SAMPLE_EXTRA_BYTES = 40 };

struct sample {
    size_t key;
    uint8_t msg32[32];
    uint8_t sig[GROUPSIG_SIGNATURE_BYTES + SAMPLE_EXTRA_BYTES];
    uint8_t ys[GROUPSIG_SIGNATURE_YS_BYTES + SAMPLE_EXTRA_BYTES];
    size_t sig_len, ys_len;
};

extern struct fixture sample_groups[SAMPLE_KEYS];
/* Of group 0, with t = 0. */
extern struct groupsig_member_secret sample_t0_member;
extern struct fixture_rng *const sample_rng;

/* Makes the groups and prints them. False when a step of the scheme fails. */
bool sample_groups_make(const char *seed);
/* One of the key's. */
const struct groupsig_member_secret *sample_member(const struct sample *s);
/* A valid signature of a random message by a random member. */
bool sample_sign(struct sample *s);
/* The sample, what the library says of it, and whether its ys are the library's. */
void sample_print(const struct sample *s, const char *what);

uint8_t *sample_point(struct sample *s, size_t i);
uint8_t *sample_y(struct sample *s, size_t i);
/* The ys of the points as they now are; what is no point keeps its y, with the sign it asks for. */
void sample_refresh_ys(struct sample *s);

size_t sample_below(size_t n);
/* a += b, a -= b; big-endian, what overflows is lost. */
void sample_add(uint8_t *a, const uint8_t *b, size_t len);
void sample_sub(uint8_t *a, const uint8_t *b, size_t len);
/* y = p - y */
void sample_negate_y(uint8_t y[48]);

#endif
