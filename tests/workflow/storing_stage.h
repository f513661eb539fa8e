/* What the tests of storing have in common beyond the stage: records made, anchored, looked at. */
#ifndef GALEN_TESTS_WORKFLOW_STORING_STAGE_H
#define GALEN_TESTS_WORKFLOW_STORING_STAGE_H

#include "fixture.h"
#include "workflow/storing_internal.h"

struct storing_row storing_row_of(struct workflow *wf, const char *root_hex, const char *side);
/* State and (unless NULL) a part of the reason of a patient's row, by its CID. */
void storing_assert_state(struct workflow *wf, const uint8_t cid32[32], const char *state,
                          const char *reason);
void storing_sync_patient(struct fixture *fx);
/* A record of the patient's, made by the doctor and not carried anywhere; the doctor's row. */
struct storing_row storing_make(struct fixture *fx, int variant);
/* Anchors whatever stands in the row, by the buyer: anyone can. */
void storing_anchor(struct fixture *fx, const struct storing_row *row);
/* Takes a block out of the shared folder; kept receives its bytes. */
void storing_hide_block(struct workflow *wf, const uint8_t cid[32], struct base_buf *kept);

#endif
