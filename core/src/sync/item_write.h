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

/*
 * The same for an item that the caller has locked, except that it stays locked. `before` is the
 * unlocked version word; *after becomes the one to unlock the item with. Returns E_BUSY, with the old
 * value in the item, if a fast store to the item stays in progress.
 */
shareable_status shareable__item_write_locked(shareable__sync *sync, size_t i, const shareable__slot *slot,
                                              const shareable__encoded_item *item, uint64_t before, uint64_t *after);

#endif
