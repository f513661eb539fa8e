/* Steps of opening and revocation for the tests. */
#include "opening_stage.h"

#include <string.h>

void stage_commit_registry(struct fixture *fx)
{
    OK(group_commit(fx->home[GM], &fx->who[GM], 0, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_countersign(fx->home[RM], &fx->who[RM], NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(group_commit(fx->home[GM], &fx->who[GM], 0, NULL, INFO));
}

void stage_ask_opening(struct fixture *fx, const char *root_hex, char id_hex[65])
{
    const struct opening_target target = {.record = root_hex};
    RECORD_JSON_AUTO made = NULL;
    OK(opening_request(fx->home[GM], &fx->who[GM], &target, "values nobody measured", &made, INFO));
    snprintf(id_hex, 65, "%s", fixture_text(made, "id") + 2);
    assert_int_equal(fixture_settle(fx), 0);
}

void stage_open(struct fixture *fx, const char *root_hex, char id_hex[65])
{
    stage_ask_opening(fx, root_hex, id_hex);
    OK(opening_approve(fx->home[RM], &fx->who[RM], id_hex, true, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
}

void stage_reveal(struct fixture *fx, const char *id_hex)
{
    OK(opening_reveal(fx->home[GM], &fx->who[GM], id_hex, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
    OK(opening_reveal_approve(fx->home[RM], &fx->who[RM], id_hex, NULL, INFO));
    assert_int_equal(fixture_settle(fx), 0);
}

struct json_object *stage_show(struct workflow *wf, const char *id_hex)
{
    struct json_object *shown = NULL;
    OK(opening_show(wf, id_hex, &shown, INFO));
    return shown;
}

int64_t stage_send(struct fixture *fx, enum fixture_home from, enum fixture_home to,
                   const char *kind, struct json_object *body)
{
    uint8_t id32[32];
    base_random(id32, sizeof id32);
    OK(message_send(fx->home[from], &fx->who[from], &fx->who[to], kind, id32, body, INFO));
    return fixture_settle(fx);
}

void stage_member(struct fixture *fx, const struct chain_address *wallet,
                  struct group_member *member, uint8_t salt[32])
{
    uint8_t fingerprint[32], commitment[48];
    bool found = false;
    {
        DB_ROWS_AUTO rows = {0};
        OK(db_query(&rows, fx->home[GM]->db, INFO,
                    "SELECT fingerprint, commitment FROM member WHERE wallet = ?",
                    DB_BLOB(wallet->bytes, 20)));
        OK(db_next(&rows, &found, INFO));
        assert_true(found);
        OK(db_bytes(&rows, 0, fingerprint, 32, INFO));
        OK(db_bytes(&rows, 1, commitment, 48, INFO));
    }
    OK(group_find_member(fx->home[GM], &found, member, salt, &fx->who[GM], true, fingerprint,
                         commitment, INFO));
    assert_true(found);
}

void stage_successor(struct fixture *fx, enum fixture_home home, struct chain_address *next)
{
    const char *role = home == GM ? "gm" : "rm";
    char name[8];
    snprintf(name, sizeof name, "%s-2", role);
    OK(workflow_identity_new(fx->home[home], next, name, role, INFO));
    fixture_fund(fx, next, "10");
    fixture_give_card(fx->home[home], next, fx->home[home == GM ? RM : GM]);
}

static void call_hub(struct fixture *fx, enum fixture_home home, const struct chain_address *from,
                     const struct base_buf *data, const char *operation)
{
    const struct workflow_call call = {.from = from,
                                       .data = data,
                                       .role = home == GM ? "gm" : "rm",
                                       .flow = "group",
                                       .operation = operation,
                                       .request_id = -1};
    OK(workflow_transact(fx->home[home], &call, NULL, NULL, NULL, INFO));
}

void stage_hand_over(struct fixture *fx, enum fixture_home home, const struct chain_address *next)
{
    BASE_BUF_AUTO propose = {0};
    BASE_BUF_AUTO accept = {0};
    OK(datahub_encode_propose_manager(&propose, next, INFO));
    if (home == GM)
        OK(datahub_encode_accept_group_manager(&accept, INFO));
    else
        OK(datahub_encode_accept_revocation_manager(&accept, INFO));
    call_hub(fx, home, &fx->who[home], &propose, "proposeManager");
    call_hub(fx, home, next, &accept, "acceptManager");
    fx->who[home] = *next;
    assert_int_equal(fixture_settle(fx), 0);
}
