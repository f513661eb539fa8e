/* Signing as a member of the group, and the releases that are made so: with a record, and later. */
#include "workflow/steps.h"
#include "workflow/storing_internal.h"

void storing_signer_clear(struct storing_signer *signer)
{
    groupsig_member_secret_clear(&signer->member);
}

enum galen_err storing_signer_load(struct workflow *wf, struct storing_signer *signer,
                                   const struct chain_address *doctor, struct galen_errinfo *info)
{
    BASE_SECRET_AUTO stored = {0};
    enum galen_err err = workflow_secret_get(wf, &stored, WORKFLOW_KEY_MEMBER, doctor, info);
    if (err == GALEN_ERR_NOT_FOUND)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "ask the Group Manager for an invitation to join",
                          "this doctor is not a member of the group yet");
    GALEN_TRY(err);
    GALEN_TRY(workflow_current_key(wf, &signer->key_version, &signer->key, info));
    enum groupsig_status status = groupsig_member_secret_parse(&signer->member, stored.data,
                                                               stored.len);
    return status == GROUPSIG_OK ? GALEN_OK : workflow_groupsig_fail(status, "member key", info);
}

enum galen_err storing_sign(const struct storing_signer *signer, uint8_t sig362[362],
                            const uint8_t msg32[32], struct galen_errinfo *info)
{
    enum groupsig_status status = groupsig_sign(signer->key, sig362, &signer->member, msg32,
                                                &workflow_rng);
    if (status == GROUPSIG_ERR_MISMATCH)
        return STEPS_FAIL(info, GALEN_ERR_STATE, "ask the Group Manager for a new invitation",
                          "the doctor's membership belongs to an earlier group key");
    return status == GROUPSIG_OK ? GALEN_OK
                                 : workflow_groupsig_fail(status, "group signature", info);
}

enum galen_err storing_bound_digest(const struct workflow *wf, uint8_t digest32[32],
                                    const char *domain, const struct base_view *parts, size_t n,
                                    struct galen_errinfo *info)
{
    const struct chain_u256 chain_id = chain_u256_from_u64(wf->domain.chain_id);
    BASE_BUF_AUTO bytes = {0};
    enum galen_err err = base_buf_append_text(&bytes, domain);
    if (err == GALEN_OK)
        err = base_buf_append(&bytes, chain_id.be, 32);
    if (err == GALEN_OK)
        err = base_buf_append(&bytes, wf->domain.contract.bytes, 20);
    for (size_t i = 0; i < n && err == GALEN_OK; i++)
        err = base_buf_append(&bytes, parts[i].data, parts[i].len);
    if (err != GALEN_OK)
        return base_fail(info, err, "out of memory");
    store_digest(digest32, bytes.data, bytes.len);
    return GALEN_OK;
}

/* Its own seed, root and signature, so that no two sales can be linked. */
static enum galen_err make_release(struct workflow *wf, const struct storing_signer *signer,
                                   const uint8_t sale_key33[33], struct json_object *content,
                                   struct json_object *releases, struct galen_errinfo *info)
{
    RECORD_RELEASE_AUTO release = {.key_version = signer->key_version};
    RECORD_TREE_AUTO tree = NULL;
    RECORD_JSON_AUTO encoded = NULL;
    struct chain_address address;
    uint8_t root[32], msg32[32];
    GALEN_TRY(record_json_copy(&release.content, content, info));
    base_random(release.seed, sizeof release.seed);
    GALEN_TRY(record_release_tree(&tree, &release, info));
    record_tree_root(root, tree);
    GALEN_TRY(chain_release_address(&address, sale_key33, release.seed, info));
    chain_address_format(release.release_address, &address);
    GALEN_TRY(record_release_msg32(msg32, wf->domain.chain_id, wf->domain.contract.bytes, root,
                                   address.bytes, info));
    GALEN_TRY(storing_sign(signer, release.sig, msg32, info));
    GALEN_TRY(record_release_encode(&encoded, &release, info));
    return workflow_push(releases, &encoded, info);
}

enum galen_err storing_make_releases(struct workflow *wf, const struct storing_signer *signer,
                                     const uint8_t sale_key33[33], struct json_object *content,
                                     size_t n, struct json_object **releases,
                                     struct galen_errinfo *info)
{
    RECORD_JSON_AUTO made = NULL;
    GALEN_TRY(workflow_array(&made, info));
    for (size_t i = 0; i < n; i++)
        GALEN_TRY(make_release(wf, signer, sale_key33, content, made, info));
    *releases = made;
    made = NULL;
    return GALEN_OK;
}
