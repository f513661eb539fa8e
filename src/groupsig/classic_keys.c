/* Keys of the classic profile. R = gamma g2, X = Z / xi1, Y = Z / xi2, A = (x g1 + Q) / (gamma +
 * t). */
#include "groupsig/classic_internal.h"

#include <string.h>

/* The bytes of a group key: six points, then e(g1,W), e(Z,g2), e(Z,R), e(g1,g2), e(Q,g2). */
struct group_bytes {
    uint8_t q[MCL_G1], r[MCL_G2], w[MCL_G2], x[MCL_G1], y[MCL_G1], z[MCL_G1], e[5][MCL_GT];
};
#define GROUP_FIELDS 11

static void group_fields(struct gs_classic_field fields[GROUP_FIELDS], struct group_bytes *b)
{
    static const char *const names[5] = {"e1", "e2", "e3", "e4", "e5"};
    const struct gs_classic_field points[6] = {{"q", MCL_G1, b->q}, {"r", MCL_G2, b->r},
                                               {"w", MCL_G2, b->w}, {"x", MCL_G1, b->x},
                                               {"y", MCL_G1, b->y}, {"z", MCL_G1, b->z}};
    memcpy(fields, points, sizeof points);
    for (size_t i = 0; i < 5; i++)
        fields[6 + i] = (struct gs_classic_field){names[i], MCL_GT, b->e[i]};
}

static void compute_pairings(struct groupsig_classic_group_key *key)
{
    gs_classic_pairing(&key->e[0], GS_G, &key->W);
    gs_classic_pairing(&key->e[1], &key->Z, GS_H);
    gs_classic_pairing(&key->e[2], &key->Z, &key->R);
    gs_classic_pairing(&key->e[3], GS_G, GS_H);
    gs_classic_pairing(&key->e[4], &key->Q, GS_H);
}

enum groupsig_status groupsig_classic_group_key_parse(struct groupsig_classic_group_key *key,
                                                      const char *text, size_t len)
{
    struct groupsig_classic_group_key parsed;
    struct group_bytes bytes;
    struct gs_classic_field fields[GROUP_FIELDS];
    group_fields(fields, &bytes);
    if (!gs_classic_text_parse("group", fields, GROUP_FIELDS, text, len) ||
        !gs_mcl_g1_parse(&parsed.Q, bytes.q) || !gs_mcl_g2_parse(&parsed.R, bytes.r) ||
        !gs_mcl_g2_parse(&parsed.W, bytes.w) || !gs_mcl_g1_parse(&parsed.X, bytes.x) ||
        !gs_mcl_g1_parse(&parsed.Y, bytes.y) || !gs_mcl_g1_parse(&parsed.Z, bytes.z))
        return GROUPSIG_ERR_PARSE;
    compute_pairings(&parsed);
    for (size_t i = 0; i < 5; i++) {
        uint8_t expected[MCL_GT];
        gs_mcl_gt_encode(expected, &parsed.e[i]);
        if (memcmp(expected, bytes.e[i], MCL_GT) != 0)
            return GROUPSIG_ERR_INVALID;
    }
    crypto_hash_sha256(parsed.fingerprint, bytes.q, offsetof(struct group_bytes, e));
    *key = parsed;
    return GROUPSIG_OK;
}

void groupsig_classic_group_key_encode(const struct groupsig_classic_group_key *key,
                                       char text[GROUPSIG_CLASSIC_GROUP_KEY_TEXT + 1])
{
    struct group_bytes bytes;
    struct gs_classic_field fields[GROUP_FIELDS];
    group_fields(fields, &bytes);
    gs_mcl_g1_encode(bytes.q, &key->Q);
    gs_mcl_g2_encode(bytes.r, &key->R);
    gs_mcl_g2_encode(bytes.w, &key->W);
    gs_mcl_g1_encode(bytes.x, &key->X);
    gs_mcl_g1_encode(bytes.y, &key->Y);
    gs_mcl_g1_encode(bytes.z, &key->Z);
    for (size_t i = 0; i < 5; i++)
        gs_mcl_gt_encode(bytes.e[i], &key->e[i]);
    gs_classic_text_encode(text, GROUPSIG_CLASSIC_GROUP_KEY_TEXT, "group", fields, GROUP_FIELDS);
}

static bool nonzero_parse(blst_scalar *out, const uint8_t bytes[MCL_FR])
{
    return gs_mcl_fr_parse(out, bytes) && !gs_scalar_is_zero(out);
}

enum groupsig_status
groupsig_classic_manager_key_parse(struct groupsig_classic_manager_key *manager, const char *text,
                                   size_t len)
{
    struct groupsig_classic_manager_key parsed = {.has_gamma = false};
    uint8_t bytes[3][MCL_FR] = {{0}};
    const struct gs_classic_field fields[3] = {
        {"xi1", MCL_FR, bytes[0]}, {"xi2", MCL_FR, bytes[1]}, {"gamma", MCL_FR, bytes[2]}};
    bool ok = true;
    if (gs_classic_text_parse("manager", fields, 3, text, len)) {
        parsed.has_gamma = true;
        ok = nonzero_parse(&parsed.gamma, bytes[2]);
    } else {
        ok = gs_classic_text_parse("manager", fields, 2, text, len);
    }
    ok = ok && nonzero_parse(&parsed.xi1, bytes[0]) && nonzero_parse(&parsed.xi2, bytes[1]);
    if (ok)
        *manager = parsed;
    gs_wipe(&parsed, sizeof parsed);
    gs_wipe(bytes, sizeof bytes);
    return ok ? GROUPSIG_OK : GROUPSIG_ERR_PARSE;
}

void groupsig_classic_manager_key_encode(const struct groupsig_classic_manager_key *manager,
                                         char text[GROUPSIG_CLASSIC_GM_KEY_TEXT + 1])
{
    uint8_t bytes[3][MCL_FR];
    const struct gs_classic_field fields[3] = {
        {"xi1", MCL_FR, bytes[0]}, {"xi2", MCL_FR, bytes[1]}, {"gamma", MCL_FR, bytes[2]}};
    gs_mcl_fr_encode(bytes[0], &manager->xi1);
    gs_mcl_fr_encode(bytes[1], &manager->xi2);
    gs_mcl_fr_encode(bytes[2], &manager->gamma);
    gs_classic_text_encode(
        text, manager->has_gamma ? GROUPSIG_CLASSIC_GM_KEY_TEXT : GROUPSIG_CLASSIC_RM_KEY_TEXT,
        "manager", fields, manager->has_gamma ? 3 : 2);
    gs_wipe(bytes, sizeof bytes);
}

void groupsig_classic_manager_key_clear(struct groupsig_classic_manager_key *manager)
{
    if (manager)
        gs_wipe(manager, sizeof *manager);
}

/* e(A, R + t g2) = e(x g1 + Q, g2), as e(A, R) = e(x g1 + Q - tA, g2). */
static bool certificate_check(const struct groupsig_classic_group_key *key,
                              const struct groupsig_classic_member_key *member)
{
    blst_p1_affine right, tA;
    blst_fp12 e1, e2;
    gs_g1_mul_comb_ct(&right, &GS_G_COMB, &member->x);
    gs_g1_mul_ct(&tA, &member->A, &member->t);
    gs_public(&right, sizeof right);
    gs_public(&tA, sizeof tA);
    gs_g1_add(&right, &right, &key->Q);
    gs_g1_sub(&right, &right, &tA);
    blst_miller_loop(&e1, &key->R, &member->A);
    blst_miller_loop(&e2, GS_H, &right);
    return blst_fp12_finalverify(&e1, &e2);
}

enum groupsig_status groupsig_classic_member_key_parse(const struct groupsig_classic_group_key *key,
                                                       struct groupsig_classic_member_key *member,
                                                       const char *text, size_t len)
{
    struct groupsig_classic_member_key parsed;
    uint8_t x[MCL_FR], t[MCL_FR], A[MCL_G1];
    const struct gs_classic_field fields[3] = {
        {"x", MCL_FR, x}, {"t", MCL_FR, t}, {"A", MCL_G1, A}};
    enum groupsig_status status = GROUPSIG_ERR_PARSE;
    if (gs_classic_text_parse("member", fields, 3, text, len) && nonzero_parse(&parsed.x, x) &&
        gs_mcl_fr_parse(&parsed.t, t) && gs_mcl_g1_parse(&parsed.A, A))
        status = certificate_check(key, &parsed) ? GROUPSIG_OK : GROUPSIG_ERR_INVALID;
    if (status == GROUPSIG_OK)
        *member = parsed;
    gs_wipe(&parsed, sizeof parsed);
    gs_wipe(x, sizeof x);
    gs_wipe(t, sizeof t);
    return status;
}

void groupsig_classic_member_key_encode(const struct groupsig_classic_member_key *member,
                                        char text[GROUPSIG_CLASSIC_MEMBER_KEY_TEXT + 1])
{
    uint8_t x[MCL_FR], t[MCL_FR], A[MCL_G1];
    const struct gs_classic_field fields[3] = {
        {"x", MCL_FR, x}, {"t", MCL_FR, t}, {"A", MCL_G1, A}};
    gs_mcl_fr_encode(x, &member->x);
    gs_mcl_fr_encode(t, &member->t);
    gs_mcl_g1_encode(A, &member->A);
    gs_classic_text_encode(text, GROUPSIG_CLASSIC_MEMBER_KEY_TEXT, "member", fields, 3);
    gs_wipe(x, sizeof x);
    gs_wipe(t, sizeof t);
}

void groupsig_classic_member_key_clear(struct groupsig_classic_member_key *member)
{
    if (member)
        gs_wipe(member, sizeof *member);
}

void groupsig_classic_member_A(const struct groupsig_classic_member_key *member,
                               uint8_t A[GROUPSIG_CLASSIC_G1_BYTES])
{
    gs_mcl_g1_encode(A, &member->A);
}

void groupsig_classic_member_token(const struct groupsig_classic_member_key *member,
                                   uint8_t token[GROUPSIG_CLASSIC_G1_BYTES])
{
    blst_p1_affine point;
    gs_g1_mul_comb_ct(&point, &GS_G_COMB, &member->x);
    gs_mcl_g1_encode(token, &point);
}
