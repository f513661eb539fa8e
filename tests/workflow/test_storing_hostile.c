/* Storing among the hostile: spam on the chain, envelopes that lie, forged hand-overs and cards. */
#include "storing_stage.h"

#include <stdlib.h>
#include <string.h>

/* ---- spam on the chain --------------------------------------------------------------------------- */

static void spam_events_stop_nothing(void **state)
{
    struct fixture *fx = *state;
    struct storing_row row = storing_make(fx, 3);
    struct storing_row spam = row;
    assert_int_equal(fixture_settle(fx), 0);

    /* garbage for signature, and a CID that nobody has */
    memset(spam.sig, 0x5a, sizeof spam.sig);
    memset(spam.cid, 0x01, 32);
    storing_anchor(fx, &spam);
    /* a real signature beside another Merkle root */
    struct storing_row moved = row;
    moved.root[0] ^= 1;
    memset(moved.cid, 0x02, 32);
    storing_anchor(fx, &moved);
    /* this patient's record, anchored for another patient */
    struct storing_row foreign = row;
    foreign.owner = fx->patient2;
    storing_anchor(fx, &foreign);
    /* the record itself, and a copy that points to a block nobody has */
    storing_anchor(fx, &row);
    struct storing_row copy = row;
    memset(copy.cid, 0x03, 32);
    storing_anchor(fx, &copy);

    storing_sync_patient(fx);
    storing_assert_state(fx->home[PATIENT], spam.cid, "refused", "group signature");
    storing_assert_state(fx->home[PATIENT], moved.cid, "refused", "group signature");
    storing_assert_state(fx->home[PATIENT], copy.cid, "refused", "a copy");
    storing_assert_state(fx->home[PATIENT], row.cid, "anchored", NULL);
    DB_ROWS_AUTO rows = {0};
    bool found = false;
    OK(db_query(&rows, fx->home[PATIENT]->db, INFO, "SELECT state FROM record WHERE holder = ?",
                DB_BLOB(fx->patient2.bytes, 20)));
    OK(db_next(&rows, &found, INFO));
    assert_true(found);
    assert_string_equal(db_text(&rows, 0), "refused");
    /* a refused row's releases cannot be sold: it has none */
    assert_int_equal(fixture_count(fx->home[PATIENT],
                                   "SELECT count(*) FROM release, record"
                                   " WHERE record_id = record.id AND state <> 'anchored'"),
                     0);
}

/* The copy comes first, the record later: what waits for the copy's block is given up then. */
static void front_run_copy_is_dropped(void **state)
{
    struct fixture *fx = *state;
    struct storing_row row = storing_make(fx, 4);
    struct storing_row copy = row;
    memset(copy.cid, 0x04, 32);
    storing_anchor(fx, &copy);
    storing_sync_patient(fx);
    storing_assert_state(fx->home[PATIENT], copy.cid, "waiting", "not at hand");
    storing_anchor(fx, &row);
    storing_sync_patient(fx);
    storing_assert_state(fx->home[PATIENT], row.cid, "anchored", NULL);
    storing_assert_state(fx->home[PATIENT], copy.cid, "refused", "a copy");
    assert_int_equal(fixture_settle(fx), 0);
}

/* ---- envelopes that lie -------------------------------------------------------------------------- */

/* The envelope's content and CERT, opened with the patient's key, to be changed and sealed again.
 */
struct forgery {
    struct json_object *content; /* owned */
    struct base_buf cert;
};
static void forgery_clear(struct forgery *forgery)
{
    record_json_put(&forgery->content);
    base_buf_clear(&forgery->cert);
}

static void open_for_forging(struct fixture *fx, const struct storing_row *row,
                             struct forgery *forgery)
{
    BASE_BUF_AUTO block = {0};
    BASE_BUF_AUTO text = {0};
    BASE_SECRET_AUTO jwk = {0};
    OK(store_get(&block, fx->home[PATIENT]->store, row->cid, INFO));
    OK(workflow_secret_get(fx->home[PATIENT], &jwk, WORKFLOW_KEY_JWK, &row->owner, INFO));
    OK(seal_open_envelope(&text, NULL, (struct base_view){block.data, block.len}, &jwk, NULL,
                          INFO));
    OK(seal_envelope_cert(&forgery->cert, (struct base_view){block.data, block.len}, INFO));
    OK(record_json_parse(&forgery->content, (const char *)text.data, text.len, STORE_BLOCK_MAX,
                         INFO));
}

/* Seals it to the patient and anchors it under the row's root and signature; the forgery's CID. */
static void anchor_forgery(struct fixture *fx, const struct storing_row *row,
                           const struct forgery *forgery, uint8_t cid32[32])
{
    struct workflow_contact patient;
    BASE_BUF_AUTO text = {0};
    BASE_BUF_AUTO envelope = {0};
    uint8_t key[32];
    base_random(key, sizeof key);
    OK(workflow_contact_get(fx->home[BUYER], &patient, &row->owner, INFO));
    OK(record_json_jcs(&text, forgery->content, INFO));
    OK(seal_envelope(&envelope, &patient.encryption, key,
                     (struct base_view){forgery->cert.data, forgery->cert.len},
                     (struct base_view){text.data, text.len}, INFO));
    OK(store_put(cid32, fx->home[BUYER]->store, envelope.data, envelope.len, INFO));
    struct storing_row forged = *row;
    memcpy(forged.cid, cid32, 32);
    storing_anchor(fx, &forged);
}

static void flip_hex(struct json_object *object, const char *key)
{
    char *text = strdup(fixture_text(object, key));
    size_t at = strlen(text) - 1;
    text[at] = text[at] == '0' ? '1' : '0';
    json_object_object_add(object, key, json_object_new_string(text));
    free(text);
}

static struct json_object *first_release(const struct forgery *forgery)
{
    return json_object_array_get_idx(fixture_member(forgery->content, "releases"), 0);
}

static void lie_seed(struct fixture *fx, struct forgery *forgery)
{
    (void)fx;
    flip_hex(forgery->content, "seed");
}
static void lie_content(struct fixture *fx, struct forgery *forgery)
{
    (void)fx;
    json_object_object_add(fixture_member(forgery->content, "record"), "category",
                           json_object_new_string("Oncology"));
}
static void lie_schema(struct fixture *fx, struct forgery *forgery)
{
    (void)fx;
    json_object_object_add(fixture_member(forgery->content, "record"), "doctor",
                           json_object_new_string("somebody"));
}
static void lie_key_version(struct fixture *fx, struct forgery *forgery)
{
    (void)fx;
    json_object_object_add(forgery->content, "keyVersion", json_object_new_int(2));
}
static void lie_context(struct fixture *fx, struct forgery *forgery)
{
    char address[CHAIN_ADDRESS_TEXT];
    chain_address_format(address, &fx->patient2);
    json_object_object_add(fixture_member(forgery->content, "context"), "patient",
                           json_object_new_string(address));
}
static void lie_extra_member(struct fixture *fx, struct forgery *forgery)
{
    (void)fx;
    json_object_object_add(forgery->content, "more", json_object_new_int(1));
}
static void lie_release_signature(struct fixture *fx, struct forgery *forgery)
{
    (void)fx;
    flip_hex(first_release(forgery), "sig");
}
static void lie_release_seed(struct fixture *fx, struct forgery *forgery)
{
    (void)fx;
    flip_hex(first_release(forgery), "seed");
}
static void lie_release_content(struct fixture *fx, struct forgery *forgery)
{
    (void)fx;
    json_object_object_add(fixture_member(first_release(forgery), "content"), "year",
                           json_object_new_int(2025));
}
static void lie_release_twice(struct fixture *fx, struct forgery *forgery)
{
    (void)fx;
    struct json_object *copy = NULL;
    OK(record_json_copy(&copy, first_release(forgery), INFO));
    OK(record_json_push(fixture_member(forgery->content, "releases"), copy, INFO));
}
static void lie_cert_eid(struct fixture *fx, struct forgery *forgery)
{
    /* the very thing that the context's eid is for */
    (void)fx;
    BASE_BUF_AUTO eid = {0};
    uint8_t sig[SEAL_SIGNATURE_BYTES];
    OK(seal_cert_parse(sig, &eid, (struct base_view){forgery->cert.data, forgery->cert.len}, INFO));
    eid.data[eid.len - 1] ^= 1;
    OK(seal_cert_encode(&forgery->cert, sig, (struct base_view){eid.data, eid.len}, INFO));
}
static void lie_cert_signature(struct fixture *fx, struct forgery *forgery)
{
    (void)fx;
    BASE_BUF_AUTO eid = {0};
    uint8_t sig[SEAL_SIGNATURE_BYTES];
    OK(seal_cert_parse(sig, &eid, (struct base_view){forgery->cert.data, forgery->cert.len}, INFO));
    sig[200] ^= 1;
    OK(seal_cert_encode(&forgery->cert, sig, (struct base_view){eid.data, eid.len}, INFO));
}

static void lying_envelopes_are_refused(void **state)
{
    static const struct {
        const char *name;
        void (*lie)(struct fixture *fx, struct forgery *forgery);
        const char *reason;
    } lies[] = {
        {"seed", lie_seed, "Merkle root"},
        {"content", lie_content, "Merkle root"},
        {"schema", lie_schema, "doctor"},
        {"key version", lie_key_version, "group key version"},
        {"context", lie_context, "another purpose or person"},
        {"extra member", lie_extra_member, "more"},
        {"release signature", lie_release_signature, "release's group signature"},
        {"release seed", lie_release_seed, "sale key"},
        {"release content", lie_release_content, "release's group signature"},
        {"release twice", lie_release_twice, "the same"},
        {"CERT's eId", lie_cert_eid, "another purpose or person"},
        {"CERT's signature", lie_cert_signature, "CERT"},
    };
    struct fixture *fx = *state;
    struct storing_row row = storing_make(fx, 5);
    uint8_t cids[sizeof lies / sizeof *lies][32];
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        GALEN_CLEANUP(forgery_clear) struct forgery forgery = {0};
        open_for_forging(fx, &row, &forgery);
        lies[i].lie(fx, &forgery);
        anchor_forgery(fx, &row, &forgery, cids[i]);
    }
    storing_sync_patient(fx);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        print_message("# %s\n", lies[i].name);
        storing_assert_state(fx->home[PATIENT], cids[i], "refused", lies[i].reason);
    }
    /* what was refused stays so, and the record itself is listed */
    storing_anchor(fx, &row);
    storing_sync_patient(fx);
    storing_assert_state(fx->home[PATIENT], row.cid, "anchored", NULL);
    storing_assert_state(fx->home[PATIENT], cids[0], "refused", "Merkle root");
    bool passed = false;
    char root[65];
    base_hex_encode(root, row.root, 32);
    OK(storing_verify(fx->home[PATIENT], root, &passed, NULL, INFO));
    assert_true(passed);
    /* a refused one says why, check by check */
    char cid[STORE_CID_TEXT];
    store_cid_encode(cid, cids[0]);
    OK(storing_verify(fx->home[PATIENT], cid, &passed, NULL, INFO));
    assert_false(passed);
    RECORD_JSON_AUTO bundle = NULL;
    store_cid_encode(cid, cids[6]); /* its content is good, a release is not */
    FAILS(GALEN_ERR_STATE, storing_export_fhir(fx->home[PATIENT], cid, &bundle, INFO));
    assert_int_equal(fixture_settle(fx), 0);
}

/* An envelope that someone sealed to another reader: this patient cannot open it. */
static void envelope_for_someone_else(void **state)
{
    struct fixture *fx = *state;
    struct storing_row row = storing_make(fx, 6);
    GALEN_CLEANUP(forgery_clear) struct forgery forgery = {0};
    uint8_t cid32[32];
    open_for_forging(fx, &row, &forgery);
    struct storing_row forged = row;
    forged.owner = fx->patient2; /* sealed to patient-2 */
    {
        struct workflow_contact reader;
        BASE_BUF_AUTO text = {0};
        BASE_BUF_AUTO envelope = {0};
        const uint8_t key[32] = {9};
        OK(workflow_contact_get(fx->home[BUYER], &reader, &forged.owner, INFO));
        OK(record_json_jcs(&text, forgery.content, INFO));
        OK(seal_envelope(&envelope, &reader.encryption, key,
                         (struct base_view){forgery.cert.data, forgery.cert.len},
                         (struct base_view){text.data, text.len}, INFO));
        OK(store_put(cid32, fx->home[BUYER]->store, envelope.data, envelope.len, INFO));
    }
    forged = row;
    memcpy(forged.cid, cid32, 32);
    storing_anchor(fx, &forged);
    storing_sync_patient(fx);
    storing_assert_state(fx->home[PATIENT], cid32, "refused", NULL);
    assert_int_equal(fixture_settle(fx), 0);
}

/* ---- hand-overs and cards ------------------------------------------------------------------------ */

static struct json_object *hand_over_of(struct fixture *fx, const struct storing_row *row)
{
    struct json_object *body = json_object_new_object();
    BASE_BUF_AUTO block = {0};
    OK(store_get(&block, fx->home[DOCTOR]->store, row->cid, INFO));
    OK(workflow_set_text(body, "type", "galen.hand-over/1", INFO));
    OK(workflow_set_address(body, "owner", &row->owner, INFO));
    OK(record_json_set_hex(body, "idrec", row->root, 32, INFO));
    OK(workflow_set_cid(body, "cid", row->cid, INFO));
    OK(record_json_set_hex(body, "sig", row->sig, sizeof row->sig, INFO));
    OK(workflow_set_int(body, "keyVersion", row->key_version, INFO));
    OK(workflow_set_text(body, "envelope", (const char *)block.data, INFO));
    return body;
}

/* Sends it without a wallet's signature, as a hand-over is; how many were refused. */
static int64_t send_as(struct fixture *fx, const char *kind, const struct chain_address *to,
                       struct json_object *body)
{
    static uint8_t id32[32];
    id32[0]++;
    OK(message_send_unsigned(fx->home[BUYER], &fx->who[BUYER], to, kind, id32, body, INFO));
    return fixture_settle(fx);
}

static void forged_hand_overs_are_refused(void **state)
{
    struct fixture *fx = *state;
    struct storing_row row = storing_make(fx, 7);
    OK(db_run(fx->home[DOCTOR]->db, INFO, "DELETE FROM outbox"));
    int64_t rows = fixture_count(fx->home[PATIENT], "SELECT count(*) FROM record");
    static const char *const flipped[] = {"sig", "idrec"};
    const struct chain_address *to[] = {&fx->who[PATIENT], &fx->who[HOSPITAL]};
    for (int t = 0; t < 2; t++) {
        for (int i = 0; i < 2; i++) {
            RECORD_JSON_AUTO body = hand_over_of(fx, &row);
            flip_hex(body, flipped[i]);
            assert_int_equal(send_as(fx, MESSAGE_HAND_OVER, to[t], body), 1);
        }
        { /* another CID than the block's */
            RECORD_JSON_AUTO body = hand_over_of(fx, &row);
            uint8_t other[32] = {1};
            OK(workflow_set_cid(body, "cid", other, INFO));
            assert_int_equal(send_as(fx, MESSAGE_HAND_OVER, to[t], body), 1);
        }
        { /* another record's block */
            struct storing_row second = storing_make(fx, 8 + t);
            OK(db_run(fx->home[DOCTOR]->db, INFO, "DELETE FROM outbox"));
            struct storing_row mixed = row;
            memcpy(mixed.cid, second.cid, 32);
            RECORD_JSON_AUTO body = hand_over_of(fx, &mixed);
            assert_int_equal(send_as(fx, MESSAGE_HAND_OVER, to[t], body), 1);
        }
        { /* a group key that cannot be */
            RECORD_JSON_AUTO body = hand_over_of(fx, &row);
            OK(workflow_set_int(body, "keyVersion", 77, INFO));
            assert_int_equal(send_as(fx, MESSAGE_HAND_OVER, to[t], body), 1);
        }
        { /* an unknown member */
            RECORD_JSON_AUTO body = hand_over_of(fx, &row);
            OK(workflow_set_text(body, "doctor", "somebody", INFO));
            assert_int_equal(send_as(fx, MESSAGE_HAND_OVER, to[t], body), 1);
        }
    }
    { /* a record of another patient: this one is no hospital that could relay it */
        RECORD_JSON_AUTO body = hand_over_of(fx, &row);
        assert_int_equal(send_as(fx, MESSAGE_HAND_OVER, &fx->patient2, body), 1);
    }
    { /* with a wallet's signature it would name someone */
        RECORD_JSON_AUTO body = hand_over_of(fx, &row);
        uint8_t id32[32] = {0xfe};
        OK(message_send(fx->home[DOCTOR], &fx->who[DOCTOR], &fx->who[PATIENT], MESSAGE_HAND_OVER,
                        id32, body, INFO));
        assert_int_equal(fixture_settle(fx), 1);
    }
    assert_int_equal(fixture_count(fx->home[PATIENT], "SELECT count(*) FROM record"), rows);

    /* the next version may just not have been seen: it waits, and nothing is refused */
    RECORD_JSON_AUTO early = hand_over_of(fx, &row);
    OK(workflow_set_int(early, "keyVersion", row.key_version + 1, INFO));
    assert_int_equal(send_as(fx, MESSAGE_HAND_OVER, &fx->who[PATIENT], early), 0);
    assert_int_equal(
        fixture_count(fx->home[PATIENT], "SELECT count(*) FROM inbox WHERE state = 'new'"), 1);

    /* unaltered, and twice: taken once */
    for (int i = 0; i < 2; i++) {
        RECORD_JSON_AUTO body = hand_over_of(fx, &row);
        assert_int_equal(send_as(fx, MESSAGE_HAND_OVER, &fx->who[HOSPITAL], body), 0);
        assert_int_equal(send_as(fx, MESSAGE_HAND_OVER, &fx->who[PATIENT], body), 0);
    }
    assert_int_equal(fixture_count(fx->home[PATIENT], "SELECT count(*) FROM record"), rows + 1);
    RECORD_JSON_AUTO relayed = NULL;
    OK(storing_relay(fx->home[HOSPITAL], &fx->who[HOSPITAL], &relayed, INFO));
    assert_int_equal(json_object_array_length(fixture_member(relayed, "refused")), 0);
    assert_int_equal(json_object_array_length(fixture_member(relayed, "txs")), 1);
    assert_int_equal(fixture_settle(fx), 0);
    storing_assert_state(fx->home[PATIENT], row.cid, "anchored", NULL);
}

/* What names a key to come nobody can check: of such a bounded number waits. */
static void unprovable_hand_overs_do_not_fill_the_inbox(void **state)
{
    enum { SENT = 230, MOST = 200 };
    struct fixture *fx = *state;
    struct storing_row row = storing_make(fx, 40);
    RECORD_JSON_AUTO early = hand_over_of(fx, &row);
    OK(db_run(fx->home[DOCTOR]->db, INFO, "DELETE FROM outbox"));
    OK(db_run(fx->home[PATIENT]->db, INFO, "DELETE FROM inbox"));
    json_object_object_del(early, "envelope");
    OK(workflow_set_int(early, "keyVersion", row.key_version + 1, INFO));
    for (int i = 0; i < SENT; i++) {
        uint8_t id32[32] = {0xaa, (uint8_t)i, (uint8_t)(i >> 8)};
        OK(message_send_unsigned(fx->home[BUYER], &fx->who[BUYER], &fx->who[PATIENT],
                                 MESSAGE_HAND_OVER, id32, early, INFO));
    }
    assert_int_equal(fixture_settle(fx), SENT - MOST);
    assert_int_equal(
        fixture_count(fx->home[PATIENT], "SELECT count(*) FROM inbox WHERE state = 'new'"), MOST);
    OK(db_run(fx->home[PATIENT]->db, INFO, "DELETE FROM inbox"));
}

/* Signed by a member, but nothing the contract would take: the batch must go on without it. */
static void unstorable_hand_overs_are_refused(void **state)
{
    struct fixture *fx = *state;
    struct storing_row row = storing_make(fx, 9);
    BASE_SECRET_AUTO stored = {0};
    struct groupsig_member_secret member;
    const struct groupsig_group_key *key = NULL;
    OK(db_run(fx->home[DOCTOR]->db, INFO, "DELETE FROM outbox"));
    OK(workflow_secret_get(fx->home[DOCTOR], &stored, WORKFLOW_KEY_MEMBER, &fx->who[DOCTOR], INFO));
    assert_int_equal(groupsig_member_secret_parse(&member, stored.data, stored.len), GROUPSIG_OK);
    OK(workflow_group_key(fx->home[DOCTOR], row.key_version, &key, INFO));
    for (int i = 0; i < 2; i++) {
        struct storing_row odd = row;
        uint8_t msg32[32];
        memset(i == 0 ? odd.owner.bytes : odd.root, 0, i == 0 ? 20 : 32);
        OK(record_msg32(msg32, fx->home[DOCTOR]->domain.chain_id,
                        fx->home[DOCTOR]->domain.contract.bytes, odd.root, odd.owner.bytes, INFO));
        assert_int_equal(groupsig_sign(key, odd.sig, &member, msg32, &workflow_rng), GROUPSIG_OK);
        RECORD_JSON_AUTO body = hand_over_of(fx, &odd);
        json_object_object_del(body, "envelope"); /* by its CID */
        assert_int_equal(send_as(fx, MESSAGE_HAND_OVER, &fx->who[HOSPITAL], body), 1);
    }
    groupsig_member_secret_clear(&member);
}

static void forged_cards_are_refused(void **state)
{
    struct fixture *fx = *state;
    RECORD_JSON_AUTO card = NULL;
    RECORD_JSON_AUTO record = fixture_record(fx, &fx->who[PATIENT], 30);
    RECORD_JSON_AUTO content = NULL;
    uint8_t root[32] = {1}, sig[GROUPSIG_SIGNATURE_BYTES] = {6, 1};
    int64_t cards = fixture_count(fx->home[HOSPITAL], "SELECT count(*) FROM index_card");
    OK(record_release_content(&content, record, INFO));
    OK(storing_make_index_card(&card, root, &fx->who[PATIENT], content, INFO));
    RECORD_JSON_AUTO body = json_object_new_object();
    OK(workflow_set_text(body, "type", "galen.index-card/1", INFO));
    OK(workflow_set_object(body, "card", &card, INFO));
    OK(record_json_set_hex(body, "sig", sig, sizeof sig, INFO));
    OK(workflow_set_int(body, "keyVersion", 1, INFO));
    assert_int_equal(send_as(fx, MESSAGE_INDEX_CARD, &fx->who[HOSPITAL], body), 1);
    assert_int_equal(send_as(fx, MESSAGE_INDEX_CARD, &fx->who[PATIENT], body), 1);
    OK(workflow_set_text(fixture_member(body, "card"), "notes", "free text", INFO));
    assert_int_equal(send_as(fx, MESSAGE_INDEX_CARD, &fx->who[HOSPITAL], body), 1);
    assert_int_equal(fixture_count(fx->home[HOSPITAL], "SELECT count(*) FROM index_card"), cards);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spam_events_stop_nothing),
        cmocka_unit_test(front_run_copy_is_dropped),
        cmocka_unit_test(lying_envelopes_are_refused),
        cmocka_unit_test(envelope_for_someone_else),
        cmocka_unit_test(forged_hand_overs_are_refused),
        cmocka_unit_test(unprovable_hand_overs_do_not_fill_the_inbox),
        cmocka_unit_test(unstorable_hand_overs_are_refused),
        cmocka_unit_test(forged_cards_are_refused),
    };
    return cmocka_run_group_tests_name("storing-hostile", tests, fixture_grouped,
                                       fixture_tear_down);
}
