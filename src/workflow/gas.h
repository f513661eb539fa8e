/* What DataHub's calls cost, as measured (docs/gas.md, by `make gas`). Made by the build. */
#ifndef GALEN_WORKFLOW_GAS_H
#define GALEN_WORKFLOW_GAS_H

#include <stddef.h>
#include <stdint.h>

struct gas_figure {
    const char *call; /* as docs/gas.md names it */
    uint64_t gas;     /* of a whole transaction, or of one record, entry or recipient in it */
};
extern const struct gas_figure gas_figures[];
extern const size_t gas_n_figures;

#endif
