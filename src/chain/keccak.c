/* Keccak-256 as Ethereum uses it: nettle's permutation with the original padding byte 0x01, which
 * neither nettle's SHA-3 nor OpenSSL 3.0 offers. */
#include <nettle/sha3.h>
#include <string.h>

#include "chain/chain.h"

enum { RATE = 136 };

static void absorb(struct sha3_state *state, const uint8_t block[RATE])
{
    for (size_t i = 0; i < RATE; i++)
        state->a[i / 8] ^= (uint64_t)block[i] << (8 * (i % 8));
    sha3_permute(state);
}

void chain_keccak256(uint8_t out32[32], const void *data, size_t len)
{
    struct sha3_state state = {0};
    const uint8_t *at = data;
    for (; len >= RATE; at += RATE, len -= RATE)
        absorb(&state, at);

    uint8_t last[RATE] = {0};
    if (len > 0)
        memcpy(last, at, len);
    last[len] = 0x01;
    last[RATE - 1] |= 0x80;
    absorb(&state, last);

    for (size_t i = 0; i < 32; i++)
        out32[i] = (uint8_t)(state.a[i / 8] >> (8 * (i % 8)));
    /* The keystore's MAC is taken over key material. */
    base_wipe(last, sizeof last);
    base_wipe(&state, sizeof state);
}
