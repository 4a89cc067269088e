/*
 * item_write.h - writing an item so that other processes see the old or the new value, even if the
 * writer is killed.
 */
#ifndef SHAREABLE__ITEM_WRITE_H
#define SHAREABLE__ITEM_WRITE_H

#include "format/item.h"
#include "sync/area.h"

/*
 * Writes an item completely or not at all. Returns E_READ_ONLY; E_SYSTEM if the handle cannot
 * register as a writer; or E_BUSY if living writers hold the item for too long.
 */
shareable_status shareable__sync_write_item(shareable__sync *sync, size_t i, const shareable__slot *slot,
                                            const shareable__encoded_item *item);

#endif
