#include "cohort/draw.h"

#include "base/base.h"

#include <stdio.h>

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

void draw_init(struct draw *draw, uint64_t seed, uint64_t number)
{
    /* Mixing the seed first keeps (seed, n + 1) from being (seed + 1, n). */
    uint64_t state = splitmix64(&seed) ^ number;
    for (int i = 0; i < 4; i++)
        draw->s[i] = splitmix64(&state);
}

uint64_t draw_u64(struct draw *draw)
{
    uint64_t *s = draw->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

int draw_below(struct draw *draw, int bound)
{
    GALEN_ASSERT(bound >= 1);
    return (int)(((draw_u64(draw) >> 32) * (uint64_t)bound) >> 32);
}

bool draw_chance(struct draw *draw, int percent)
{
    return draw_below(draw, 100) < percent;
}

int draw_normal(struct draw *draw, int mean, int deviation, int min, int max)
{
    /* Twelve uniform numbers of 0 to 2^16 - 1 have a deviation of 2^16, near enough. */
    int64_t sum = -6 * 65535;
    for (int i = 0; i < 12; i++)
        sum += draw_below(draw, 65536);
    int64_t scaled = sum * deviation;
    int value = mean + (int)((scaled + (scaled < 0 ? -32768 : 32768)) / 65536);
    if (value < min)
        return min;
    return value > max ? max : value;
}

void draw_uuid(char out[DRAW_UUID_TEXT], struct draw *draw)
{
    uint64_t high = (draw_u64(draw) & 0xffffffffffff0fffu) | 0x4000u;
    uint64_t low = (draw_u64(draw) & 0x3fffffffffffffffu) | 0x8000000000000000u;
    snprintf(out, DRAW_UUID_TEXT, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
             (unsigned)(high >> 16) & 0xffffu, (unsigned)high & 0xffffu, (unsigned)(low >> 48),
             (unsigned long long)(low & 0xffffffffffffu));
}
