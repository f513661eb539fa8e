/* Trace: e(T, H) = e(A', token) tells whether a signature was made by the token's member. */
#include "groupsig/internal.h"

bool gs_token_matches(const blst_p2_affine *token, const blst_p1_affine *C)
{
    blst_fp12 left, right;
    if (blst_p2_affine_is_inf(token))
        return false;
    blst_miller_loop(&left, GS_H, C);
    blst_miller_loop(&right, token, GS_G);
    return blst_fp12_finalverify(&left, &right);
}

enum groupsig_status groupsig_token_parse(struct groupsig_token *token, const uint8_t *bytes,
                                          size_t len)
{
    blst_p2_affine point;
    if (len != GROUPSIG_TOKEN_BYTES || !gs_g2_parse(&point, bytes))
        return GROUPSIG_ERR_PARSE;
    token->point = point;
    blst_precompute_lines(token->lines, &token->point);
    return GROUPSIG_OK;
}

enum groupsig_status groupsig_token_verify(bool *valid, const struct groupsig_token *token,
                                           const uint8_t commitment[GROUPSIG_COMMITMENT_BYTES])
{
    blst_p1_affine C;
    if (!gs_g1_parse(&C, commitment))
        return GROUPSIG_ERR_PARSE;
    *valid = gs_token_matches(&token->point, &C);
    return GROUPSIG_OK;
}

bool groupsig_trace_list(size_t *index, const struct groupsig_verified *signature,
                         const struct groupsig_token *tokens, size_t count)
{
    blst_fp12 left, right;
    if (count == 1) { /* both loops of one pairing check share their squarings */
        if (!groupsig_trace(signature, tokens))
            return false;
        if (index)
            *index = 0;
        return true;
    }
    blst_miller_loop_lines(&left, GS_H_LINES, &signature->T); /* once for all tokens */
    for (size_t i = 0; i < count; i++) {
        blst_miller_loop_lines(&right, tokens[i].lines, &signature->A);
        if (blst_fp12_finalverify(&left, &right)) {
            if (index)
                *index = i;
            return true;
        }
    }
    return false;
}

bool groupsig_trace(const struct groupsig_verified *signature, const struct groupsig_token *token)
{
    return gs_pairing_equal(&signature->A, token->lines, &signature->T);
}
