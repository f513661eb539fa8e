/* 256-bit unsigned integers: as much arithmetic as amounts of money need, and their texts. */
#include <string.h>

#include "chain/chain.h"

__extension__ typedef unsigned __int128 uint128;

/* Four limbs, the least significant first. */
struct limbs {
    uint64_t at[4];
};

static struct limbs load(const struct chain_u256 *value)
{
    struct limbs limbs = {0};
    for (size_t i = 0; i < 32; i++)
        limbs.at[3 - i / 8] = limbs.at[3 - i / 8] << 8 | value->be[i];
    return limbs;
}

static void store(struct chain_u256 *out, const struct limbs *limbs)
{
    for (size_t i = 0; i < 4; i++)
        base_put_u64be(out->be + 8 * i, limbs->at[3 - i]);
}

struct chain_u256 chain_u256_from_u64(uint64_t value)
{
    struct chain_u256 out = {0};
    base_put_u64be(out.be + 24, value);
    return out;
}

enum galen_err chain_u256_to_u64(uint64_t *out, const struct chain_u256 *value)
{
    struct limbs limbs = load(value);
    if (limbs.at[1] != 0 || limbs.at[2] != 0 || limbs.at[3] != 0)
        return GALEN_ERR_LIMIT;
    *out = limbs.at[0];
    return GALEN_OK;
}

int chain_u256_compare(const struct chain_u256 *a, const struct chain_u256 *b)
{
    return memcmp(a->be, b->be, sizeof a->be);
}

bool chain_u256_is_zero(const struct chain_u256 *value)
{
    static const struct chain_u256 zero;
    return chain_u256_compare(value, &zero) == 0;
}

enum galen_err chain_u256_add(struct chain_u256 *out, const struct chain_u256 *a,
                              const struct chain_u256 *b)
{
    struct limbs x = load(a), y = load(b), sum;
    uint128 carry = 0;
    for (size_t i = 0; i < 4; i++) {
        carry += (uint128)x.at[i] + y.at[i];
        sum.at[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry != 0)
        return GALEN_ERR_LIMIT;
    store(out, &sum);
    return GALEN_OK;
}

enum galen_err chain_u256_sub(struct chain_u256 *out, const struct chain_u256 *a,
                              const struct chain_u256 *b)
{
    struct limbs x = load(a), y = load(b), difference;
    uint64_t borrow = 0;
    for (size_t i = 0; i < 4; i++) {
        uint128 wide = (uint128)x.at[i] - y.at[i] - borrow;
        difference.at[i] = (uint64_t)wide;
        borrow = (uint64_t)(wide >> 64) & 1;
    }
    if (borrow != 0)
        return GALEN_ERR_LIMIT;
    store(out, &difference);
    return GALEN_OK;
}

enum galen_err chain_u256_mul_u64(struct chain_u256 *out, const struct chain_u256 *a, uint64_t b)
{
    struct limbs x = load(a), product;
    uint128 carry = 0;
    for (size_t i = 0; i < 4; i++) {
        carry += (uint128)x.at[i] * b;
        product.at[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry != 0)
        return GALEN_ERR_LIMIT;
    store(out, &product);
    return GALEN_OK;
}

uint64_t chain_u256_div_u64(struct chain_u256 *out, const struct chain_u256 *a, uint64_t divisor)
{
    GALEN_ASSERT(divisor != 0);
    struct limbs x = load(a), quotient;
    uint128 rest = 0;
    for (size_t i = 4; i-- > 0;) {
        rest = rest << 64 | x.at[i];
        quotient.at[i] = (uint64_t)(rest / divisor);
        rest %= divisor;
    }
    store(out, &quotient);
    return (uint64_t)rest;
}

void chain_u256_format(char out[CHAIN_U256_DECIMAL], const struct chain_u256 *value)
{
    char digits[CHAIN_U256_DECIMAL];
    size_t at = sizeof digits;
    struct chain_u256 rest = *value;
    digits[--at] = '\0';
    do
        digits[--at] = (char)('0' + chain_u256_div_u64(&rest, &rest, 10));
    while (!chain_u256_is_zero(&rest));
    memcpy(out, digits + at, sizeof digits - at);
}

/* value = value · 10 + digit */
static enum galen_err push_digit(struct chain_u256 *value, unsigned digit)
{
    struct chain_u256 next, low = chain_u256_from_u64(digit);
    GALEN_TRY(chain_u256_mul_u64(&next, value, 10));
    return chain_u256_add(value, &next, &low);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum galen_err chain_u256_parse(struct chain_u256 *out, const char *text,
                                struct galen_errinfo *info)
{
    struct chain_u256 value = {0};
    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
        return base_fail(info, GALEN_ERR_PARSE, "not a whole number in decimal digits");
    for (const char *at = text; *at != '\0'; at++) {
        if (!is_digit(*at))
            return base_fail(info, GALEN_ERR_PARSE, "not a whole number in decimal digits");
        if (push_digit(&value, (unsigned)(*at - '0')) != GALEN_OK)
            return base_fail(info, GALEN_ERR_LIMIT, "the number is larger than 256 bits");
    }
    *out = value;
    return GALEN_OK;
}

void chain_amount_format(char out[CHAIN_AMOUNT_TEXT], const struct chain_u256 *wei,
                         unsigned decimals)
{
    GALEN_ASSERT(decimals < CHAIN_U256_DECIMAL - 1);
    char digits[CHAIN_U256_DECIMAL];
    chain_u256_format(digits, wei);
    size_t n = strlen(digits), whole = n > decimals ? n - decimals : 0;

    char *at = out;
    if (whole == 0)
        *at++ = '0';
    memcpy(at, digits, whole);
    at += whole;
    while (n > whole && digits[n - 1] == '0')
        n--;
    if (n > whole) {
        *at++ = '.';
        /* Zeros between the point and the first digit, when the whole part is 0. */
        size_t zeros = whole == 0 ? decimals - strlen(digits) : 0;
        memset(at, '0', zeros);
        at += zeros;
        memcpy(at, digits + whole, n - whole);
        at += n - whole;
    }
    *at = '\0';
}

enum galen_err chain_amount_parse(struct chain_u256 *wei, const char *text, unsigned decimals,
                                  struct galen_errinfo *info)
{
    struct chain_u256 value = {0};
    const char *at = text;
    if (!is_digit(*at))
        return base_fail(info, GALEN_ERR_USAGE, "the amount is not a number such as 1.5");
    bool fits = true;
    for (; is_digit(*at); at++)
        fits = fits && push_digit(&value, (unsigned)(*at - '0')) == GALEN_OK;

    unsigned places = 0;
    if (*at == '.') {
        if (!is_digit(*++at))
            return base_fail(info, GALEN_ERR_USAGE, "the amount ends with its point");
        for (; is_digit(*at); at++, places++) {
            if (places == decimals)
                return base_fail(info, GALEN_ERR_USAGE,
                                 "the amount has more than %u digits after the point, the smallest "
                                 "unit is 1 wei",
                                 decimals);
            fits = fits && push_digit(&value, (unsigned)(*at - '0')) == GALEN_OK;
        }
    }
    if (*at != '\0')
        return base_fail(info, GALEN_ERR_USAGE, "the amount is not a number such as 1.5");
    for (; places < decimals; places++)
        fits = fits && push_digit(&value, 0) == GALEN_OK;
    if (!fits)
        return base_fail(info, GALEN_ERR_LIMIT, "the amount is larger than 256 bits");
    *wei = value;
    return GALEN_OK;
}
