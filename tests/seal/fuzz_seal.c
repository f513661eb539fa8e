/* Fuzz target: all of seal's parsers of outside bytes. The first byte chooses one. */
#include "seal/internal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* RFC 7518, appendix C: Bob */
static const char bob[] =
    "{\"crv\":\"P-256\",\"d\":\"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw\","
    "\"kty\":\"EC\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\","
    "\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\"}";
static const uint8_t idrec32[32] = {1};
static const char patient[] = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

static void parse_public(struct base_view in)
{
    struct seal_public_key pub;
    struct seal_public_key again;
    char text[SEAL_PUBLIC_JWK_TEXT];
    if (seal_public_parse(&pub, in, NULL) != GALEN_OK)
        return;
    seal_public_encode(text, &pub);
    GALEN_ASSERT(seal_public_parse(&again, (struct base_view){(uint8_t *)text, strlen(text)},
                                   NULL) == GALEN_OK);
    GALEN_ASSERT(memcmp(&pub, &again, sizeof pub) == 0);
}

static void parse_private(struct base_view in)
{
    struct seal_public_key pub;
    const struct base_secret jwk = {.data = (uint8_t *)in.data, .len = in.len};
    (void)!seal_key_public(&pub, &jwk, NULL);
}

static void check_parts(struct base_view in)
{
    struct seal_parts parts;
    if (seal_parts_split(&parts, in, SEAL_OBJECT_MAX, NULL) != GALEN_OK)
        return;
    (void)!seal_parts_check(&parts, SEAL_TO_PERSON, SEAL_TYP_KEY, SEAL_PAD_KEY, NULL);
    (void)!seal_parts_check(&parts, SEAL_UNDER_KEY, SEAL_TYP_OBJECT, SEAL_PAD_OBJECT, NULL);
}

static void open_all(struct base_view in)
{
    const struct base_secret jwk = {.data = (uint8_t *)bob, .len = strlen(bob)};
    BASE_SECRET_AUTO key = {0};
    BASE_BUF_AUTO out = {0};
    BASE_BUF_AUTO inner = {0};
    static const uint8_t key32[32] = {7};
    (void)!seal_unwrap_key(&key, in, &jwk, "{}", NULL);
    bool opens = seal_open_message(&out, in, "galen.topup/1", &jwk, NULL, NULL) == GALEN_OK;
    bool has_form = seal_check_message(in, "galen.topup/1", NULL) == GALEN_OK;
    GALEN_ASSERT(has_form || !opens);
    (void)!seal_open_object(&out, in, key32, NULL, NULL);
    (void)!seal_open_eid_outer(&out, &inner, in, &jwk, idrec32, patient, NULL);
}

static void open_envelope(struct base_view in)
{
    const struct base_secret jwk = {.data = (uint8_t *)bob, .len = strlen(bob)};
    BASE_BUF_AUTO cert = {0};
    BASE_BUF_AUTO out = {0};
    uint8_t sig362[SEAL_SIGNATURE_BYTES];
    if (seal_envelope_cert(&cert, in, NULL) != GALEN_OK)
        return;
    GALEN_ASSERT(seal_cert_parse(sig362, &out, (struct base_view){cert.data, cert.len}, NULL) ==
                 GALEN_OK);
    (void)!seal_open_envelope(&out, NULL, in, &jwk, NULL, NULL);
}

static void parse_cert(struct base_view in)
{
    BASE_BUF_AUTO eid = {0};
    BASE_BUF_AUTO again = {0};
    uint8_t sig362[SEAL_SIGNATURE_BYTES];
    if (seal_cert_parse(sig362, &eid, in, NULL) == GALEN_OK)
        GALEN_ASSERT(seal_cert_encode(&again, sig362, (struct base_view){eid.data, eid.len},
                                      NULL) == GALEN_OK);
}

static void parse_master(struct base_view in)
{
    struct seal_master master;
    (void)!seal_master_parse(&master, in, NULL);
}

static void check_context(struct base_view in)
{
    (void)!seal_check_context(in, "{\"type\":\"galen.share/1\"}", NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct base_view in) = {
        parse_public,  parse_private, check_parts,  open_all,
        open_envelope, parse_cert,    parse_master, check_context,
    };
    if (base_init(NULL) != GALEN_OK || size < 1)
        return 0;
    size_t which = (size_t)(data[0] - '0');
    if (which < sizeof targets / sizeof *targets)
        targets[which]((struct base_view){data + 1, size - 1});
    return 0;
}
