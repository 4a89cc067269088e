package shareable

import (
	"time"

	"shareable/internal/raw"
)

// Delete deletes a key. The only option is [WithTimeout].
//
// It fails with [ErrNoKey], which is also fs.ErrNotExist, if the key is not in the dict or has
// expired, with [ErrKey] if the key is not a string or a []byte, or with [ErrTimedOut],
// [ErrClosed], [ErrReadOnly], [ErrBusy] or [ErrSystem]. If another process has truncated the block,
// the call raises SIGBUS.
func (d *Dict) Delete(key any, options ...DictOption) error {
	w, err := d.options("Delete", options, optionTimeout)
	if err != nil {
		return err
	}
	status := d.write(key, w.timeout, func(dict uintptr, k raw.Key, timeout int64) int { return raw.DictDelete(dict, k, timeout) })
	return d.lookupError(key, status)
}

// Pop deletes a key and returns the value that it had, as [Dict.Get] does. No other process can
// change the value in between. The only option is [WithTimeout]. It fails with the errors of Get
// and [Dict.Delete]: then the key remains.
func (d *Dict) Pop(key any, options ...DictOption) (any, error) {
	w, err := d.options("Pop", options, optionTimeout)
	if err != nil {
		return nil, err
	}
	var item raw.Item
	status := d.write(key, w.timeout, func(dict uintptr, k raw.Key, timeout int64) (status int) {
		item, status = raw.DictPop(dict, k, timeout)
		return status
	})
	if status != 0 {
		return nil, d.lookupError(key, status)
	}
	return goValue(item), nil
}

// Clear deletes all keys that are in the dict, one after the other. The only option is
// [WithTimeout]. It fails with the errors of [Dict.Delete], except [ErrNoKey] and [ErrKey]. If
// another process has truncated the block, the call raises SIGBUS.
func (d *Dict) Clear(options ...DictOption) error {
	w, err := d.options("Clear", options, optionTimeout)
	if err != nil {
		return err
	}
	m := d.block()
	return d.dictError(m.call(func(uintptr) int { return raw.DictClear(m.dict, w.timeout) }))
}

// TTL returns the time until a key expires, or 0 if it does not expire. It fails with [ErrNoKey],
// [ErrKey], [ErrClosed] or [ErrBusy]. If another process has truncated the block, the call raises
// SIGBUS.
func (d *Dict) TTL(key any) (time.Duration, error) {
	var ttl int64
	status := d.call(key, func(dict uintptr, k raw.Key) (status int) {
		ttl, status = raw.DictTTL(dict, k)
		return status
	})
	return time.Duration(ttl), d.lookupError(key, status)
}

// Expire makes a key expire after this time, or never if it is 0. The only option is [WithTimeout].
// It fails with [ErrNoKey] if the key is not in the dict, or with the errors of [Dict.Set]. If
// another process has truncated the block, the call raises SIGBUS.
func (d *Dict) Expire(key any, ttl time.Duration, options ...DictOption) error {
	w, err := d.options("Expire", options, optionTimeout)
	if err != nil {
		return err
	}
	if ttl < 0 {
		return d.negativeTTL(ttl)
	}
	status := d.write(key, w.timeout, func(dict uintptr, k raw.Key, timeout int64) int {
		return raw.DictExpire(dict, k, int64(ttl), timeout)
	})
	return d.lookupError(key, status)
}

// DeleteExpired deletes expired keys, at most max, or all if max is 0, and returns their number,
// also on failure. Without it, an expired key has its place until the key is set again, or an
// insert into a full dict needs the place. The only option is [WithTimeout]. It fails with
// [ErrArgument] if max is negative, or with [ErrTimedOut], [ErrClosed], [ErrReadOnly], [ErrBusy] or
// [ErrSystem]. If another process has truncated the block, the call raises SIGBUS.
func (d *Dict) DeleteExpired(max int, options ...DictOption) (deleted int, err error) {
	w, err := d.options("DeleteExpired", options, optionTimeout)
	if err != nil {
		return 0, err
	}
	if max < 0 {
		return 0, newError(ErrArgument, "dict '%s': the most keys to delete are %d, which is negative", d.Name(), max)
	}
	m := d.block()
	status := m.call(func(uintptr) (status int) {
		deleted, status = raw.DictDeleteExpired(m.dict, max, w.timeout)
		return status
	})
	return deleted, d.dictError(status)
}
