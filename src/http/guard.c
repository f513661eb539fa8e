/*
 * Where a request to an address from outside may go. What counts as public follows IANA's
 * special-purpose registries (RFC 6890 and its successors): of IPv4 what is in no such block, of
 * IPv6 the global unicast 2000::/3 without its special blocks.
 */
#include <arpa/inet.h>
#include <string.h>

#include "http/http.h"

static bool is_within(const uint8_t *address, const uint8_t *block, unsigned bits)
{
    size_t whole = bits / 8;
    unsigned rest = bits % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return memcmp(address, block, whole) == 0 &&
           (rest == 0 || (address[whole] & mask) == (block[whole] & mask));
}

/* ---- blocks ------------------------------------------------------------------------------------ */

enum galen_err http_network_parse(struct http_network *out, const char *text,
                                  struct galen_errinfo *info)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct http_network read = {0};
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : 0;
    bool good = slash != NULL && len < sizeof address;
    if (good) {
        memcpy(address, text, len);
        address[len] = '\0';
        read.len = strchr(address, ':') != NULL ? 16 : 4;
        good = inet_pton(read.len == 16 ? AF_INET6 : AF_INET, address, read.address) == 1;
    }
    const char *digits = good ? slash + 1 : "";
    size_t n_digits = strspn(digits, "0123456789");
    good = good && n_digits >= 1 && n_digits <= 3 && digits[n_digits] == '\0' &&
           (digits[0] != '0' || n_digits == 1);
    for (size_t i = 0; good && i < n_digits; i++)
        read.bits = read.bits * 10 + (unsigned)(digits[i] - '0');
    if (!good || read.bits > read.len * 8)
        return base_fail(info, GALEN_ERR_PARSE,
                         "not a block of addresses such as 10.0.0.0/8 or fd00::/8");
    for (unsigned bit = read.bits; bit < read.len * 8; bit++)
        if ((read.address[bit / 8] & (0x80 >> bit % 8)) != 0)
            return base_fail(info, GALEN_ERR_PARSE,
                             "a block of addresses has bits set beyond its length");
    if (read.len == 16 && memcmp(read.address, mapped, sizeof mapped) == 0)
        return base_fail(info, GALEN_ERR_PARSE, "write a block of IPv4 addresses as such");
    *out = read;
    return GALEN_OK;
}

void http_network_format(char out[HTTP_NETWORK_TEXT], const struct http_network *network)
{
    char address[INET6_ADDRSTRLEN];
    GALEN_ASSERT(inet_ntop(network->len == 16 ? AF_INET6 : AF_INET, network->address, address,
                           sizeof address) != NULL);
    snprintf(out, HTTP_NETWORK_TEXT, "%s/%u", address, network->bits);
}

/* ---- public addresses -------------------------------------------------------------------------- */

static const struct {
    uint8_t block[4];
    unsigned bits;
} special4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private */
    {{100, 64}, 10},      /* carrier-grade NAT */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link-local; clouds' metadata */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* IETF protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 88, 99}, 24},  /* 6to4 relays */
    {{192, 168}, 16},     /* private */
    {{198, 18}, 15},      /* benchmarks */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},           /* multicast */
    {{240}, 4},           /* reserved; broadcast */
};
static const struct {
    uint8_t block[4];
    unsigned bits;
} special6[] = {
    {{0x20, 0x01}, 23},             /* IETF protocol assignments: Teredo, ORCHID, benchmarks */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4: leads to any IPv4 address */
    {{0x3f, 0xff}, 20},             /* documentation */
};

static bool is_public(const uint8_t *address, size_t len)
{
    static const uint8_t global_unicast[1] = {0x20};
    if (len == 4) {
        for (size_t i = 0; i < sizeof special4 / sizeof *special4; i++)
            if (is_within(address, special4[i].block, special4[i].bits))
                return false;
        return true;
    }
    for (size_t i = 0; i < sizeof special6 / sizeof *special6; i++)
        if (is_within(address, special6[i].block, special6[i].bits))
            return false;
    return is_within(address, global_unicast, 3);
}

bool http_guard_allows(const struct http_guard *guard, const uint8_t *address, size_t len,
                       bool has_tls)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
    GALEN_ASSERT(len == 4 || len == 16);
    if (len == 16 && (memcmp(address, mapped, 12) == 0 || memcmp(address, nat64, 12) == 0)) {
        address += 12;
        len = 4;
    }
    for (size_t i = 0; i < guard->n_networks; i++)
        if (guard->networks[i].len == len &&
            is_within(address, guard->networks[i].address, guard->networks[i].bits))
            return true;
    return has_tls && is_public(address, len);
}
