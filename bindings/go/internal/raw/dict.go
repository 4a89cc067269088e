package raw

// #include "dict.h"
import "C"

import "unsafe"

// Which keys DictSet writes.
const (
	DictIfAbsent  = C.SHAREABLE_DICT_IF_ABSENT
	DictIfPresent = C.SHAREABLE_DICT_IF_PRESENT
	DictNoEvict   = C.SHAREABLE_DICT_NO_EVICT
)

// DictAddresses contains the addresses of a dict's parts. It is C's shareable_dict_addresses.
type DictAddresses struct {
	AreaVersion uint32
	Evicts      bool
	KeySize     uint64
	ValueSize   uint64
	Places      uint64
	Slots       uint64
	Seed        [2]uint64
	Sequence    unsafe.Pointer
	HasExpiries unsafe.Pointer
	Expiries    unsafe.Pointer
	Index       unsafe.Pointer
}

// Key is a key of a dict: its type, and its text.
type Key struct {
	Type uint32
	Text string
}

// CreateDict makes a dict and returns its handle. The name ends in NUL, or is nil.
func CreateDict(name *byte, places, keySize, valueSize uint64, flags, mode uint32, cerr *Error) (dict uintptr, status int) {
	result := C.raw_dict_create((*C.char)(unsafe.Pointer(name)), C.size_t(places), C.size_t(keySize), C.size_t(valueSize),
		C.uint32_t(flags), C.uint32_t(mode), unsafe.Pointer(cerr))
	return uintptr(result.dict), int(result.status)
}

// OpenDict opens a dict and returns its handle. The name ends in NUL.
func OpenDict(name *byte, flags uint32, cerr *Error) (dict uintptr, status int) {
	result := C.raw_dict_open((*C.char)(unsafe.Pointer(name)), C.uint32_t(flags), unsafe.Pointer(cerr))
	return uintptr(result.dict), int(result.status)
}

// UnrefDict releases the handle of a dict.
func UnrefDict(dict uintptr) {
	C.raw_dict_unref(C.uintptr_t(dict))
}

// DictList returns the handle of a dict's list, which belongs to the dict.
func DictList(dict uintptr) (list uintptr) {
	return uintptr(C.raw_dict_list(C.uintptr_t(dict)))
}

// DictProperties returns the properties of a dict that never change.
func DictProperties(dict uintptr) (places, keySize, valueSize int, evicts bool) {
	p := C.raw_dict_read_properties(C.uintptr_t(dict))
	return int(p.places), int(p.key_size), int(p.value_size), p.evicts != 0
}

// DictAccess returns the addresses of a dict's parts. If the dict is closed, all members are 0.
func DictAccess(dict uintptr) DictAddresses {
	a := C.raw_dict_access(C.uintptr_t(dict))
	return DictAddresses{
		AreaVersion: uint32(a.area_version),
		Evicts:      a.evicts != 0,
		KeySize:     uint64(a.key_size),
		ValueSize:   uint64(a.value_size),
		Places:      uint64(a.places),
		Slots:       uint64(a.slots),
		Seed:        [2]uint64{uint64(a.seed[0]), uint64(a.seed[1])},
		Sequence:    a.sequence,
		HasExpiries: a.has_expiries,
		Expiries:    a.expiries,
		Index:       a.index,
	}
}

// DictLength returns the number of keys.
func DictLength(dict uintptr) (length, status int) {
	result := C.raw_dict_length(C.uintptr_t(dict))
	return int(result.value), int(result.status)
}

// DictGet reads the value of a key.
func DictGet(dict uintptr, key Key) (item Item, status int) {
	result := C.raw_dict_get(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text)
	return valueOf(dict, key, &result)
}

// valueOf converts the value of a key that C returned.
func valueOf(dict uintptr, key Key, result *C.raw_item) (item Item, status int) {
	if result.status != C.SHAREABLE_E_BUFFER {
		return itemOf(0, 0, result)
	}
	return growing(uint64(result.length), func(buffer []byte) C.raw_item {
		return C.raw_dict_get_into(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text, unsafe.Pointer(first(buffer)),
			C.size_t(len(buffer)))
	})
}

// growing reads a value into a buffer of that length. It starts again if another process has
// written a longer text in between.
func growing(length uint64, read func(buffer []byte) C.raw_item) (item Item, status int) {
	for {
		text := make([]byte, length)
		result := read(text)
		if result.status >= C.SHAREABLE_OK {
			return Item{Type: uint32(result._type), Bits: uint64(result.bits), Text: text[:result.length:result.length]}, int(result.status)
		}
		if result.status != C.SHAREABLE_E_BUFFER {
			return Item{}, int(result.status)
		}
		length = uint64(result.length)
	}
}

// shortText is the length of the buffer with which a read begins.
const shortText = 64

// DictGetStale reads the value of a key that may have expired. The status is 1 if it has.
func DictGetStale(dict uintptr, key Key) (item Item, status int) {
	return growing(shortText, func(buffer []byte) C.raw_item {
		return C.raw_dict_get_stale(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text, unsafe.Pointer(first(buffer)),
			C.size_t(len(buffer)))
	})
}

// DictPop reads the value of a key and deletes the key.
func DictPop(dict uintptr, key Key, timeout int64) (item Item, status int) {
	return growing(shortText, func(buffer []byte) C.raw_item {
		return C.raw_dict_pop(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text, unsafe.Pointer(first(buffer)),
			C.size_t(len(buffer)), C.int64_t(timeout))
	})
}

// DictSet writes the value of a key. The value is given as a type, the bits of a number and a text.
func DictSet(dict uintptr, key Key, kind uint32, bits uint64, text string, flags uint32, ttl, timeout int64) (status int) {
	return int(C.raw_dict_set(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text, C.uint32_t(kind), C.uint64_t(bits), text,
		C.uint32_t(flags), C.int64_t(ttl), C.int64_t(timeout)))
}

// DictAdd adds to an int, and returns the new value.
func DictAdd(dict uintptr, key Key, delta, initial, ttl, timeout int64) (value int64, status int) {
	result := C.raw_dict_add(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text, C.int64_t(delta), C.int64_t(initial),
		C.int64_t(ttl), C.int64_t(timeout))
	return int64(result.value), int(result.status)
}

// DictAddFloat adds to a float, and returns the new value.
func DictAddFloat(dict uintptr, key Key, delta, initial float64, ttl, timeout int64) (value float64, status int) {
	result := C.raw_dict_add_float(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text, C.double(delta), C.double(initial),
		C.int64_t(ttl), C.int64_t(timeout))
	return float64(result.value), int(result.status)
}

// DictCompareAndSwap writes an int if the value is the expected int, and returns whether it was.
func DictCompareAndSwap(dict uintptr, key Key, expected, desired, timeout int64) (swapped bool, status int) {
	result := C.raw_dict_compare_exchange(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text, C.int64_t(expected),
		C.int64_t(desired), C.int64_t(timeout))
	return result.value != 0, int(result.status)
}

// DictDelete deletes a key.
func DictDelete(dict uintptr, key Key, timeout int64) (status int) {
	return int(C.raw_dict_delete(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text, C.int64_t(timeout)))
}

// DictTTL returns the nanoseconds until a key expires, or 0.
func DictTTL(dict uintptr, key Key) (ttl int64, status int) {
	result := C.raw_dict_ttl(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text)
	return int64(result.value), int(result.status)
}

// DictExpire makes a key expire.
func DictExpire(dict uintptr, key Key, ttl, timeout int64) (status int) {
	return int(C.raw_dict_expire(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text, C.int64_t(ttl), C.int64_t(timeout)))
}

// DictDeleteExpired deletes at most max expired keys, or all if max is 0, and returns their number.
func DictDeleteExpired(dict uintptr, max int, timeout int64) (deleted, status int) {
	result := C.raw_dict_delete_expired(C.uintptr_t(dict), C.size_t(max), C.int64_t(timeout))
	return int(result.value), int(result.status)
}

// DictClear deletes all keys.
func DictClear(dict uintptr, timeout int64) (status int) {
	return int(C.raw_dict_clear(C.uintptr_t(dict), C.int64_t(timeout)))
}

// DictReindex makes the index again.
func DictReindex(dict uintptr, timeout int64) (status int) {
	return int(C.raw_dict_reindex(C.uintptr_t(dict), C.int64_t(timeout)))
}

// DictCopy copies all keys to another dict.
func DictCopy(source, target uintptr, timeout int64) (status int) {
	return int(C.raw_dict_copy(C.uintptr_t(source), C.uintptr_t(target), C.int64_t(timeout)))
}

// DictEvicted returns the number of keys that calls through the handle have evicted.
func DictEvicted(dict uintptr) uint64 {
	return uint64(C.raw_dict_evicted(C.uintptr_t(dict)))
}

// DictVisit is a visit of all keys. Next reads the entries one after the other.
type DictVisit struct {
	cursor     C.uint64_t
	key, value []byte // the buffers for the texts
}

// NewDictVisit returns a visit of a dict whose keys have at most that many bytes.
func NewDictVisit(keySize int) *DictVisit {
	return &DictVisit{key: make([]byte, keySize), value: make([]byte, shortText)}
}

// Next reads the next key and its value. The status is E_NO_KEY at the end. After another failure,
// the visit continues with the next place.
func (v *DictVisit) Next(dict uintptr) (key, value Item, status int) {
	for {
		entry := C.raw_dict_next(C.uintptr_t(dict), v.cursor, unsafe.Pointer(first(v.key)), C.size_t(len(v.key)),
			unsafe.Pointer(first(v.value)), C.size_t(len(v.value)))
		v.cursor = entry.cursor
		switch {
		case entry.status == C.SHAREABLE_E_BUFFER && uint64(entry.value_length) > uint64(len(v.value)):
			v.value = make([]byte, entry.value_length)
			continue
		case entry.status != C.SHAREABLE_OK:
			v.cursor++
			return Item{}, Item{}, int(entry.status)
		}
		key = Item{Type: uint32(entry.key_type), Text: append([]byte{}, v.key[:entry.key_length]...)}
		value = Item{Type: uint32(entry.value_type), Bits: uint64(entry.bits)}
		if value.Type == TypeStr || value.Type == TypeBytes {
			value.Text = append([]byte{}, v.value[:entry.value_length]...)
		}
		return key, value, C.SHAREABLE_OK
	}
}

// DictWait waits until the value of a key differs, or the key is deleted or expires, and then reads
// the value. If hasValue is false, it waits until the key is in the dict.
func DictWait(dict uintptr, key Key, hasValue bool, kind uint32, bits uint64, text string, timeout int64) (item Item, status int) {
	has := C.int(0)
	if hasValue {
		has = 1
	}
	result := C.raw_dict_wait(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text, has, C.uint32_t(kind), C.uint64_t(bits),
		text, C.int64_t(timeout))
	return valueOf(dict, key, &result)
}

// WatchKey adds a key of a dict to a watch, and arms it until the next report.
func WatchKey(watch, dict uintptr, key Key) (id uint64, status int) {
	result := C.raw_watch_add_key(C.uintptr_t(watch), C.uintptr_t(dict), C.uint32_t(key.Type), key.Text)
	return uint64(result.id), int(result.status)
}

// ExplainDict stores the error for a status about a key. A key of the type None is no key.
func ExplainDict(dict uintptr, key Key, status int, cerr *Error) {
	C.raw_dict_explain(C.uintptr_t(dict), C.uint32_t(key.Type), key.Text, C.int(status), unsafe.Pointer(cerr))
}
