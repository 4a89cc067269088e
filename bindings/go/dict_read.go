package shareable

import (
	"runtime"

	"shareable/internal/raw"
)

// Reads of values in Go. A reader finds the key, reads its value under the value's own version
// word, and then checks that the key's item has not changed since it was found, and that the handle
// is open. A place never moves, so what was read then is a value that the key had. C is called for
// everything else: a writer that has the item locked, an index that changes, an expiry.

// isUnchanged reports whether a value that was read belongs to the key, as List.isUnchanged does.
func (d *Dict) isUnchanged(h hit, version uint64) bool {
	a := &d.list.block.access
	unchanged := load(a.versions, 2*h.place+1) == version && load(a.versions, 2*h.place) == h.version &&
		d.list.block.calls.isOpen.Load()
	runtime.KeepAlive(d)
	return unchanged
}

// isAbsent reports whether a key that was not found was absent: after Close, no key is found.
func (d *Dict) isAbsent() bool {
	return d.list.block.isOpen()
}

// valueAt returns the offset in the data area of the value of a place, and the size of its slot.
func (d *Dict) valueAt(place uint64) (start, size uint64) {
	x := &d.index
	return 8 * (place*x.words + x.keyWords), 8 * (x.words - x.keyWords)
}

// getNumber reads an int, a float or a bool by its format, and returns its word.
func (d *Dict) getNumber(key any, kind Type, format uint64) (uint64, Status) {
	k, ok := keyOf(key)
	for attempt := 0; ok && attempt < readAttempts && d != nil; attempt++ {
		h, result := d.find(k)
		if result == absent && d.isAbsent() {
			return 0, ErrNoKey
		}
		if result != found {
			break
		}
		a, i := &d.list.block.access, 2*h.place+1
		start, _ := d.valueAt(h.place)
		version := load(a.versions, i)
		if version&unreadable == 0 && load(a.formats, i) == format && a.code(i) == codeNumber {
			word := load(a.data, start/8)
			if d.isUnchanged(h, version) {
				return word, 0
			}
		} else if a.isSettled(i, version) {
			break
		}
	}
	item, status := d.callGet(key)
	switch {
	case status != 0:
		return 0, status
	case Type(item.Type) != kind:
		return 0, ErrType
	case kind == TypeBool && item.Bits != 0:
		return boolMask, 0
	}
	return item.Bits, 0
}

// callGet calls C to read the value of a key.
func (d *Dict) callGet(key any) (item raw.Item, status Status) {
	slowReads.Add(1)
	status = d.call(key, func(dict uintptr, k raw.Key) (status int) {
		item, status = raw.DictGet(dict, kept(k))
		return status
	})
	return item, status
}

// getText reads a str or bytes.
func (d *Dict) getText(key any, kind Type, code uint64) ([]byte, Status) {
	k, ok := keyOf(key)
	for attempt := 0; ok && attempt < readAttempts && d != nil; attempt++ {
		h, result := d.find(k)
		if result == absent && d.isAbsent() {
			return nil, ErrNoKey
		}
		if result != found {
			break
		}
		a, i := &d.list.block.access, 2*h.place+1
		start, size := d.valueAt(h.place)
		version := load(a.versions, i)
		if version&unreadable == 0 && a.code(i) == code {
			text, ok := a.text(start, size, load(a.formats, i))
			if d.isUnchanged(h, version) && ok && isText(text, code) {
				return text, 0
			}
		}
		if a.isSettled(i, version) {
			break
		}
	}
	item, status := d.callGet(key)
	if status == 0 && Type(item.Type) != kind {
		return nil, ErrType
	}
	return item.Text, status
}

// getValue reads a value of any type.
func (d *Dict) getValue(key any) (any, Status) {
	k, ok := keyOf(key)
	for attempt := 0; ok && attempt < readAttempts && d != nil; attempt++ {
		h, result := d.find(k)
		if result == absent && d.isAbsent() {
			return nil, ErrNoKey
		}
		if result != found {
			break
		}
		a, i := &d.list.block.access, 2*h.place+1
		start, size := d.valueAt(h.place)
		version := load(a.versions, i)
		if version&unreadable == 0 {
			format, code := load(a.formats, i), a.code(i)
			if code == codeStr || code == codeBytes {
				value, ok := a.textValue(start, size, format, code)
				if d.isUnchanged(h, version) && ok {
					return value, 0
				}
			} else {
				word := load(a.data, start/8)
				if d.isUnchanged(h, version) {
					if value, ok := wordValue(format, code, word); ok {
						return value, 0
					}
				}
			}
		}
		if a.isSettled(i, version) {
			break
		}
	}
	item, status := d.callGet(key)
	if status != 0 {
		return nil, status
	}
	return goValue(item), 0
}

// has returns 0 if the dict has a key.
func (d *Dict) has(key any) Status {
	if k, ok := keyOf(key); ok && d != nil {
		h, result := d.find(k)
		if result == absent && d.isAbsent() {
			return ErrNoKey
		}
		if result == found && d.isUnchanged(h, load(d.list.block.access.versions, 2*h.place+1)) {
			return 0
		}
	}
	return d.call(key, func(dict uintptr, k raw.Key) (status int) {
		_, status = raw.DictTTL(dict, kept(k))
		return status
	})
}
