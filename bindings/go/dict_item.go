package shareable

import (
	"math"
	"reflect"
	"unsafe"

	"shareable/internal/raw"
)

// Get returns the value of a key as int64, float64, bool, string, []byte or nil. The result is a
// copy. The read takes no lock. It does not call C, except for keys with a TTL and, in a dict made
// with [Evict], keys that were not used recently.
//
// It fails with [ErrNoKey], which is also fs.ErrNotExist, if the key is not in the dict or has
// expired, with [ErrKey] if the key is not a string or a []byte, with [ErrClosed], with
// [ErrCorrupt] if the value is corrupt, with [ErrUTF8] if it is a str that is not UTF-8, or with
// [ErrBusy] if a writer has held it for a second. If another process has truncated the block, the
// call raises SIGBUS.
func (d *Dict) Get(key any) (any, error) {
	value, status := d.getValue(key)
	return value, d.lookupError(key, status)
}

// Has reports whether a key is in the dict. It fails with [ErrKey], [ErrClosed] or [ErrBusy]. If
// another process has truncated the block, the call raises SIGBUS.
func (d *Dict) Has(key any) (bool, error) {
	status := d.has(key)
	if isAbsent(key, status) {
		return false, nil
	}
	return status == 0, d.keyError(key, status)
}

// GetInt returns the value of a key, which must be an int. It fails with the errors of [Dict.Get],
// or with [ErrType] if the value has another type. If another process has truncated the block, the
// call raises SIGBUS.
func (d *Dict) GetInt(key any) (int64, error) {
	word, status := d.getNumber(key, TypeInt, formatInt)
	return int64(word), d.lookupError(key, status)
}

// GetFloat returns the value of a key, which must be a float. It fails with the errors of
// [Dict.GetInt]. If another process has truncated the block, the call raises SIGBUS.
func (d *Dict) GetFloat(key any) (float64, error) {
	word, status := d.getNumber(key, TypeFloat, formatFloat)
	return math.Float64frombits(word), d.lookupError(key, status)
}

// GetBool returns the value of a key, which must be a bool. It fails with the errors of
// [Dict.GetInt]. If another process has truncated the block, the call raises SIGBUS.
func (d *Dict) GetBool(key any) (bool, error) {
	word, status := d.getNumber(key, TypeBool, formatBool)
	return word&boolMask != 0, d.lookupError(key, status)
}

// GetString returns the value of a key, which must be a str. It fails with the errors of
// [Dict.GetInt]. If another process has truncated the block, the call raises SIGBUS.
func (d *Dict) GetString(key any) (string, error) {
	text, status := d.getText(key, TypeStr, codeStr)
	return stringOf(text), d.lookupError(key, status)
}

// GetBytes returns a copy of the value of a key, which must be bytes. It fails with the errors of
// [Dict.GetInt]. If another process has truncated the block, the call raises SIGBUS.
func (d *Dict) GetBytes(key any) ([]byte, error) {
	text, status := d.getText(key, TypeBytes, codeBytes)
	return text, d.lookupError(key, status)
}

// GetStale returns the value of a key as [Dict.Get] does, also if the key has expired and still has
// its place: then stale is true. It fails with the errors of Get.
func (d *Dict) GetStale(key any) (value any, stale bool, err error) {
	var item raw.Item
	status := d.call(key, func(dict uintptr, k raw.Key) (status int) {
		item, status = raw.DictGetStale(dict, k)
		return status
	})
	if status < 0 {
		return nil, false, d.lookupError(key, status)
	}
	return goValue(item), status > 0, nil
}

// Get returns the value of a key, which must have the type of T: an int for int64 and int, a float
// for float64, a bool, a str for string, bytes for []byte. It is the typed getter for generic code:
//
//	timeout, err := shareable.Get[time.Duration](settings, "timeout")
//
// It fails with the errors of [Dict.GetInt], or with [ErrOverflow] if int has 32 bits and the value
// does not fit. If another process has truncated the block, the call raises SIGBUS.
func Get[T Item](d *Dict, key any) (T, error) {
	value, status := getAs[T](d, key)
	return value, d.lookupError(key, status)
}

// GetOr returns the value of a key as [Get] does, or another value if the key is absent:
//
//	workers, err := shareable.GetOr(settings, "workers", 4)
//
// It fails with the errors of Get, except [ErrNoKey].
func GetOr[T Item](d *Dict, key any, otherwise T) (T, error) {
	value, status := getAs[T](d, key)
	if isAbsent(key, status) {
		return otherwise, nil
	}
	return value, d.keyError(key, status)
}

func getAs[T Item](d *Dict, key any) (value T, status Status) {
	var kind reflect.Kind
	switch any((*T)(nil)).(type) { // takes less time than kindOf
	case *int64:
		kind = reflect.Int64
	case *int:
		kind = reflect.Int
	case *float64:
		kind = reflect.Float64
	case *string:
		kind = reflect.String
	default:
		kind = kindOf[T]()
	}
	status = d.getInto(unsafe.Pointer(&value), kind, key)
	return value, status
}

// getInto reads the value of a key into a variable of the Go type of that kind.
func (d *Dict) getInto(pointer unsafe.Pointer, kind reflect.Kind, key any) (status Status) {
	var word uint64
	switch kind {
	case reflect.Int64:
		*(*uint64)(pointer), status = d.getNumber(key, TypeInt, formatInt)
	case reflect.Int:
		word, status = d.getNumber(key, TypeInt, formatInt)
		if *(*int)(pointer) = int(word); int64(int(word)) != int64(word) {
			status = ErrOverflow
		}
	case reflect.Float64:
		*(*uint64)(pointer), status = d.getNumber(key, TypeFloat, formatFloat)
	case reflect.Bool:
		word, status = d.getNumber(key, TypeBool, formatBool)
		*(*bool)(pointer) = word&boolMask != 0
	case reflect.String:
		var text []byte
		text, status = d.getText(key, TypeStr, codeStr)
		*(*string)(pointer) = stringOf(text)
	default:
		*(*[]byte)(pointer), status = d.getText(key, TypeBytes, codeBytes)
	}
	return status
}
