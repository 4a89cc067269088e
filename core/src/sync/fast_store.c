/*
 * fast_store.c - the hazards of the sync area: acquiring one, giving it up, and waiting for the
 * stores of others.
 */
#include "sync/fast_store.h"

#include "base/membarrier.h"
#include "sync/backoff.h"
#include "sync/redo_acquire.h"

static shareable__hazard *acquire_hazard(void *address, shareable__writer *writer, bool check_owners) {
  shareable__area *area = address;

  for (int k = 0; k < SHAREABLE__AREA_HAZARDS; k++) {
    shareable__hazard *hazard = &area->hazards[k];
    uint32_t id = shareable__writer_id_load(&hazard->writer_id);

    if (id != 0 && (!check_owners || shareable__writer_is_alive(writer, id)))
      continue;
    if (shareable__writer_id_swap(&hazard->writer_id, id, shareable__writer_id(writer))) {
      __atomic_store_n(&hazard->item, 0, __ATOMIC_RELEASE);
      return hazard;
    }
  }
  return NULL;
}

shareable_status shareable__sync_register(shareable__sync *sync) {
  return shareable__writer_register(&sync->writer, acquire_hazard, sync->area);
}

/*
 * The hazard is released first: once the writer id is dead, another process may take the hazard.
 * Without one, the handle has kept no record, and the area, which may be truncated, is not accessed.
 */
void shareable__sync_unregister(shareable__sync *sync) {
  shareable__hazard *hazard = sync->area == NULL ? NULL : sync->writer.hazard;

  if (hazard != NULL && shareable__writer_is_current_process(&sync->writer)) {
    shareable__redo_free_kept(sync);
    __atomic_store_n(&hazard->item, 0, __ATOMIC_RELEASE);
    shareable__writer_id_swap(&hazard->writer_id, shareable__writer_id(&sync->writer), 0);
  }
  shareable__sync_unregister_late(sync);
}

void shareable__sync_unregister_late(shareable__sync *sync) {
  if (sync->area != NULL)
    shareable__writer_unregister(&sync->writer);
}

bool shareable__sync_quiesce(shareable__sync *sync, size_t i) {
  shareable__backoff backoff = {0};

  shareable__membarrier();
  for (int k = 0; k < SHAREABLE__AREA_HAZARDS; k++) {
    shareable__hazard *hazard = &sync->area->hazards[k];

    while (__atomic_load_n(&hazard->item, __ATOMIC_ACQUIRE) == i + 1) {
      shareable__backoff_action action = shareable__backoff_wait(&backoff, 0);
      if (action != SHAREABLE__RETRY &&
          !shareable__writer_is_alive(&sync->writer, shareable__writer_id_load(&hazard->writer_id)))
        break;
      if (action == SHAREABLE__TIMED_OUT)
        return false;
    }
  }
  return true;
}
