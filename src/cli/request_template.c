/* galen request template: what a buyer wants, as JSON. */
#include "cli/cli.h"

#include <string.h>

#include "record/record.h"

/* {age: false, …} of a group, those that --ask names true. */
static enum galen_err add_group(const struct cli *cli, struct json_object *out, const char *group,
                                const char *const fields[4], size_t *n_known,
                                struct galen_errinfo *info)
{
    const char *asked[CLI_MAX_REPEATS];
    size_t n = cli_options(cli, "ask", asked);
    RECORD_JSON_AUTO flags = json_object_new_object();
    for (size_t i = 0; i < 4; i++) {
        bool is_asked = false;
        for (size_t a = 0; a < n; a++) {
            bool is_it = strcmp(asked[a], fields[i]) == 0;
            is_asked = is_asked || is_it;
            *n_known += is_it;
        }
        GALEN_TRY(record_json_set(flags, fields[i], json_object_new_boolean(is_asked), info));
    }
    struct json_object *given = flags;
    flags = NULL;
    return record_json_set(out, group, given, info);
}

static enum galen_err build(const struct cli *cli, struct json_object **out,
                            struct galen_errinfo *info)
{
    static const char *const demographics[] = {"age", "gender", "location", "ethnicity"};
    static const char *const medical[] = {"diagnosis", "treatment", "medications", "lab_results"};
    const char *asked[CLI_MAX_REPEATS];
    const char *filters[CLI_MAX_REPEATS];
    const char *category = NULL, *price = NULL, *text = NULL;
    uint64_t years = 0, min_records = 0;
    char period[32];
    size_t n_known = 0;
    RECORD_JSON_AUTO made = json_object_new_object();
    GALEN_TRY(cli_need(cli, "category", &category, info));
    GALEN_TRY(cli_need(cli, "price-wei", &price, info));
    GALEN_TRY(cli_need(cli, "years", &text, info));
    GALEN_TRY(cli_number(text, "--years", 1, 150, &years, info));
    GALEN_TRY(cli_need(cli, "min-records", &text, info));
    GALEN_TRY(cli_number(text, "--min-records", 1, 65535, &min_records, info));
    GALEN_TRY(record_json_set(made, "category", json_object_new_string(category), info));
    GALEN_TRY(add_group(cli, made, "demographics", demographics, &n_known, info));
    GALEN_TRY(add_group(cli, made, "medical_data", medical, &n_known, info));
    if (n_known != cli_options(cli, "ask", asked)) {
        base_fail(info, GALEN_ERR_USAGE, "--ask names a field that no release has");
        return base_hint(info, "age, gender, location, ethnicity, diagnosis, treatment, "
                               "medications or lab_results");
    }
    snprintf(period, sizeof period, "%u year%s", (unsigned)years, years == 1 ? "" : "s");
    GALEN_TRY(record_json_set(made, "time_period", json_object_new_string(period), info));
    GALEN_TRY(
        record_json_set(made, "min_records", json_object_new_int64((int64_t)min_records), info));
    GALEN_TRY(record_json_set(made, "price_wei", json_object_new_string(price), info));
    size_t n_filters = cli_options(cli, "filter", filters);
    if (n_filters > 0) {
        struct json_object *list = json_object_new_array();
        GALEN_TRY(record_json_set(made, "filters", list, info));
        for (size_t i = 0; i < n_filters; i++)
            GALEN_TRY(record_json_push(list, json_object_new_string(filters[i]), info));
    }
    *out = made;
    made = NULL;
    return GALEN_OK;
}

enum galen_err cli_request_template(struct cli *cli, struct json_object **result, bool *passed,
                                    struct galen_errinfo *info)
{
    RECORD_JSON_AUTO given = NULL;
    RECORD_JSON_AUTO whole = NULL;
    if (cli->n_args > 0)
        GALEN_TRY(cli_read_json(cli->args[0], &given, info));
    else
        GALEN_TRY(build(cli, &given, info));
    GALEN_TRY(purchasing_check_template(given, &whole, info));
    if (cli_option(cli, "output") != NULL)
        return cli_write_json(cli, whole, info);
    *result = whole;
    whole = NULL;
    return GALEN_OK;
}
