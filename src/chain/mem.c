/* An arena: what a decoder allocates lives in it and goes with it. */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "chain/internal.h"

struct chain_mem_block {
    struct chain_mem_block *next;
    alignas(max_align_t) uint8_t bytes[];
};

void *chain_mem_alloc(struct chain_mem *mem, size_t count, size_t size)
{
    size_t len;
    GALEN_ASSERT(count != 0 && size != 0);
    if (__builtin_mul_overflow(count, size, &len) ||
        __builtin_add_overflow(len, sizeof(struct chain_mem_block), &len))
        return NULL;
    struct chain_mem_block *block = calloc(1, len);
    if (block == NULL)
        return NULL;
    block->next = mem->blocks;
    mem->blocks = block;
    return block->bytes;
}

void chain_mem_clear(struct chain_mem *mem)
{
    if (mem == NULL)
        return;
    while (mem->blocks != NULL) {
        struct chain_mem_block *next = mem->blocks->next;
        free(mem->blocks);
        mem->blocks = next;
    }
}
