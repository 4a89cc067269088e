package shareable

import (
	"context"
	"time"

	"shareable/internal/raw"
)

// A list without a dict area is checked each checkInterval, as C does: a watch of its keys reports
// only changes of values. So is an absent key through a read-only handle, for which the watch only
// compares an item: the key may be inserted into another place.
const checkInterval = 50 * time.Millisecond

// Wait waits until the value of a key differs from old, as [List.Wait] compares, then reads the
// value and returns it as [Dict.Get] does. If the value already differs, Wait returns at once. If
// the key is not in the dict, is deleted or expires, the error is [ErrNoKey].
//
//	for value, err := dict.Get(key); err == nil; value, err = dict.Wait(ctx, key, value) {
//		show(value)
//	}
//
// It is woken as List.Wait is, and goroutines wait as they do there. An expiry ends the wait within
// 50 milliseconds, as do an insertion and a deletion in a list that is not a dict (see [OpenDict]).
// If the context ends first, or has ended before, the error is ctx.Err(). A nil context never ends.
// If another goroutine closes the dict, the error is [ErrClosed]. It also fails with [ErrKey],
// [ErrValueType] or [ErrOverflow], or with the errors of Get. If another process has truncated the
// block, the call raises SIGBUS.
func (d *Dict) Wait(ctx context.Context, key, old any) (any, error) {
	s, invalid := scalarOf(old)
	if invalid != 0 {
		return nil, d.valueError(key, invalid, old)
	}
	return d.wait(ctx, key, true, s)
}

// WaitFor waits until a key is in the dict and returns its value. Another goroutine or process
// inserts it. If the key is in the dict, WaitFor returns at once. It waits, and fails, as
// [Dict.Wait] does, except with [ErrNoKey]. If the dict is read-only, an insert ends the wait within
// 50 milliseconds.
func (d *Dict) WaitFor(ctx context.Context, key any) (any, error) {
	return d.wait(ctx, key, false, scalar{})
}

// wait waits until the value differs from old, or, if there is no old value, until there is a
// value.
func (d *Dict) wait(ctx context.Context, key any, hasOld bool, old scalar) (any, error) {
	m := d.block()
	k, ok := keyOf(key)
	if !ok {
		return nil, d.explain(key, ErrKey)
	}
	k = kept(k)
	var item raw.Item
	var untilCheck left
	switch {
	case !d.orClosed().hasArea || (!hasOld && m.readOnly):
		untilCheck = func() time.Duration { return checkInterval }
	case hasOld:
		untilCheck = func() time.Duration { return m.timeLeft(k) }
	}
	status, err := m.wait(ctx, waitKey{item: keyOfDict, key: k}, 0, func(timeout int64) (status int) {
		item, status = raw.DictWait(m.dict, k, hasOld, uint32(old.kind), old.bits, old.text, timeout)
		return status
	}, untilCheck)
	if err != nil {
		return nil, err
	}
	if status != 0 {
		return nil, d.keyError(key, Status(status))
	}
	return goValue(item), nil
}

// timeLeft returns the time until a key expires, or 0 if it does not, or is absent.
func (m *Memory) timeLeft(k raw.Key) (left time.Duration) {
	m.call(func(uintptr) int {
		ttl, status := raw.DictTTL(m.dict, k)
		left = time.Duration(ttl)
		return status
	})
	return left
}
