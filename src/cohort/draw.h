/* cohort's own: a small generator of reproducible numbers. Not for secrets. */
#ifndef GALEN_COHORT_DRAW_H
#define GALEN_COHORT_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#define DRAW_UUID_TEXT 37 /* 36 characters and NUL */

/* xoshiro256** (Blackman, Vigna 2018), public domain. */
struct draw {
    uint64_t s[4];
};

/* A stream of its own for each pair of seed and number, through splitmix64. */
void draw_init(struct draw *draw, uint64_t seed, uint64_t number);
uint64_t draw_u64(struct draw *draw);
/* 0 to bound - 1; bound 1 to 2^31. */
int draw_below(struct draw *draw, int bound);
/* True in percent of a hundred draws. */
bool draw_chance(struct draw *draw, int percent);
/* About normal (a sum of twelve), rounded, held within min to max. Integers alone, so that every
 * machine agrees. */
int draw_normal(struct draw *draw, int mean, int deviation, int min, int max);
/* A version 4 UUID in form; its bits come from the stream. */
void draw_uuid(char out[DRAW_UUID_TEXT], struct draw *draw);

#endif
