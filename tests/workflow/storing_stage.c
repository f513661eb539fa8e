/* What the tests of storing have in common beyond the stage. */
#include "storing_stage.h"

#include <string.h>

struct storing_row storing_row_of(struct workflow *wf, const char *root_hex, const char *side)
{
    struct storing_row row;
    OK(storing_find_row(wf, &row, root_hex, side, INFO));
    return row;
}

void storing_assert_state(struct workflow *wf, const uint8_t cid32[32], const char *state,
                          const char *reason)
{
    char cid[STORE_CID_TEXT];
    struct storing_row row;
    store_cid_encode(cid, cid32);
    OK(storing_find_row(wf, &row, cid, "patient", INFO));
    if (strcmp(row.state, state) != 0)
        fail_msg("%s (%s) instead of %s", row.state, row.reason, state);
    if (reason != NULL && strstr(row.reason, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", row.reason, reason);
}

void storing_sync_patient(struct fixture *fx)
{
    json_object_put(fixture_sync(fx->home[PATIENT]));
}

struct storing_row storing_make(struct fixture *fx, int variant)
{
    RECORD_JSON_AUTO record = fixture_record(fx, &fx->who[PATIENT], variant);
    RECORD_JSON_AUTO result = NULL;
    OK(storing_store(fx->home[DOCTOR], &fx->who[DOCTOR], record, NULL, &result, INFO));
    return storing_row_of(fx->home[DOCTOR], fixture_text(result, "merkleRoot"), "doctor");
}

void storing_anchor(struct fixture *fx, const struct storing_row *row)
{
    struct storing_row by_buyer = *row;
    by_buyer.holder = fx->who[BUYER]; /* anyone can send it */
    OK(storing_send_from_wallet(fx->home[BUYER], &by_buyer, NULL, INFO));
}

void storing_hide_block(struct workflow *wf, const uint8_t cid[32], struct base_buf *kept)
{
    OK(store_get(kept, wf->store, cid, INFO));
    OK(store_remove(wf->store, cid, INFO));
}
