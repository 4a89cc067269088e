package shareable

import "shareable/internal/raw"

// Set writes the value of a key, and inserts the key if it is absent. The value is an integer, a
// float, a bool, a string, a []byte or nil, or of a type defined by one of these. The key does not
// expire, unless there is the option [WithTTL]:
//
//	err := sessions.Set(id, user, shareable.WithTTL(time.Hour))
//
// The other options are [WithTimeout] and [NoEvict].
//
// It fails with [ErrFull] if the key is absent and each place has a key, with [ErrKey] if the dict
// cannot have the key, with [ErrCapacity] or [ErrTooLong] if the value is too long, or with
// [ErrValueType], [ErrOverflow], [ErrUTF8], [ErrTimedOut], [ErrClosed], [ErrReadOnly],
// [ErrArgument], [ErrBusy] or [ErrSystem] as [List.Set] does. On failure, the dict does not change,
// except that an expired key may be deleted. If another process has truncated the block, the call
// raises SIGBUS.
func (d *Dict) Set(key, value any, options ...DictOption) error {
	status, err := d.set("Set", key, value, 0, optionNoEvict, options)
	if err != nil {
		return err
	}
	return d.keyError(key, status)
}

// SetIfAbsent does the same only if the key is absent or has expired, and reports whether it did.
// It has the options and the errors of [Dict.Set].
func (d *Dict) SetIfAbsent(key, value any, options ...DictOption) (bool, error) {
	status, err := d.set("SetIfAbsent", key, value, raw.DictIfAbsent, optionNoEvict, options)
	if err != nil || status == ErrKeyExists {
		return false, err
	}
	return status == 0, d.keyError(key, status)
}

// The most times that a key is there for one step of GetOrSet and absent for the other. A damaged
// dict is always so.
const getOrSetTries = 1000

// GetOrSet returns the value of a key. If the key is absent or has expired, it first inserts the
// key, as [Dict.SetIfAbsent] does. It returns the value as [Dict.Get] does, and whether the key was
// in the dict. If several goroutines or processes call it at once, one of them inserts its value,
// and all of them get that value.
//
// It has the options of [Dict.Set], and fails with the errors of Dict.Set or Dict.Get.
func (d *Dict) GetOrSet(key, value any, options ...DictOption) (actual any, found bool, err error) {
	s, invalid := scalarOf(value)
	if invalid != 0 {
		return nil, false, d.valueError(key, invalid, value)
	}
	if _, err := d.options("GetOrSet", options, optionNoEvict|optionTTL|optionTimeout); err != nil {
		return nil, false, err
	}
	for try := 0; try < getOrSetTries; try++ {
		actual, status := d.getValue(key)
		if !isAbsent(key, status) {
			return actual, status == 0, d.lookupError(key, status)
		}
		set, err := d.SetIfAbsent(key, value, options...)
		if err != nil {
			return nil, false, err
		}
		if set {
			return goValue(raw.Item{Type: uint32(s.kind), Bits: s.bits, Text: []byte(s.text)}), false, nil
		}
	}
	return nil, false, d.explain(key, ErrBusy)
}

// SetIfPresent does the same as [Dict.Set] only if the key is in the dict, and reports whether it
// did. It has the options and the errors of Dict.Set, without [NoEvict] and [ErrFull].
func (d *Dict) SetIfPresent(key, value any, options ...DictOption) (bool, error) {
	status, err := d.set("SetIfPresent", key, value, raw.DictIfPresent, 0, options)
	if err != nil || status == ErrNoKey {
		return false, err
	}
	return status == 0, d.keyError(key, status)
}

// set calls C to write the value of a key. An error is about the options or the value.
func (d *Dict) set(method string, key, value any, flags uint32, accepted dictOption, options []DictOption) (Status, error) {
	w, err := d.options(method, options, accepted|optionTTL|optionTimeout)
	if err != nil {
		return 0, err
	}
	s, invalid := scalarOf(value)
	if invalid != 0 {
		return 0, d.valueError(key, invalid, value)
	}
	return d.write(key, w.timeout, func(dict uintptr, k raw.Key, timeout int64) int {
		return raw.DictSet(dict, k, uint32(s.kind), s.bits, s.text, flags|w.flags, w.ttl, timeout)
	}), nil
}

// valueError returns the error for a value that no item can have.
func (d *Dict) valueError(key any, status Status, value any) error {
	err := d.explain(key, status)
	if e, ok := err.(*Error); ok && e.Status == ErrValueType {
		e.message += ", not " + typeName(value)
	}
	return err
}

// Add adds delta to an int in one atomic operation and returns the new value. If the key is absent,
// it is inserted with the value delta, or the sum of delta and [WithInitial]. No addition by this
// library is lost, in any process, goroutine or language. So a counter of a rate limit is one call:
//
//	requests, err := limits.Add(client, 1, shareable.WithTTL(time.Minute))
//
// The options are [WithInitial], [WithTTL], which is only used for a key that Add inserts, and
// [WithTimeout].
//
// It fails with [ErrType] if the value is not an int, with [ErrOverflow] if the sum does not fit in
// 64 bits, or with the errors of [Dict.Set]. On failure, the value does not change. If another
// process has truncated the block, the call raises SIGBUS.
func (d *Dict) Add(key any, delta int64, options ...DictOption) (new int64, err error) {
	w, err := d.options("Add", options, optionInitial|optionTTL|optionTimeout)
	if err != nil {
		return 0, err
	}
	status := d.write(key, w.timeout, func(dict uintptr, k raw.Key, timeout int64) (status int) {
		new, status = raw.DictAdd(dict, k, delta, w.initial, w.ttl, timeout)
		return status
	})
	return new, d.keyError(key, status)
}

// AddFloat does the same as [Dict.Add] with a float. It fails with [ErrType] if the value is not a
// float, or with the errors of [Dict.Set].
func (d *Dict) AddFloat(key any, delta float64, options ...DictOption) (new float64, err error) {
	w, err := d.options("AddFloat", options, optionInitial|optionInitialFloat|optionTTL|optionTimeout)
	if err != nil {
		return 0, err
	}
	status := d.write(key, w.timeout, func(dict uintptr, k raw.Key, timeout int64) (status int) {
		new, status = raw.DictAddFloat(dict, k, delta, w.initialReal, w.ttl, timeout)
		return status
	})
	return new, d.keyError(key, status)
}

// CompareAndSwap replaces an int by new in one atomic operation if it is old, and reports whether
// it did. The TTL remains. The only option is [WithTimeout].
//
// It fails with [ErrNoKey] if the key is not in the dict, with [ErrType] if the value is not an
// int, or with the errors of [Dict.Set]. If another process has truncated the block, the call
// raises SIGBUS.
func (d *Dict) CompareAndSwap(key any, old, new int64, options ...DictOption) (swapped bool, err error) {
	w, err := d.options("CompareAndSwap", options, optionTimeout)
	if err != nil {
		return false, err
	}
	status := d.write(key, w.timeout, func(dict uintptr, k raw.Key, timeout int64) (status int) {
		swapped, status = raw.DictCompareAndSwap(dict, k, old, new, timeout)
		return status
	})
	return swapped, d.keyError(key, status)
}
