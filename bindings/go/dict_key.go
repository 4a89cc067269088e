package shareable

import (
	"reflect"
	"runtime"
	"strings"
	"unsafe"

	"shareable/internal/raw"
)

// keyOf returns a key in the form that C takes. Its text is in the caller's memory and must be used
// only until the caller returns. It returns false if the key is not a str or bytes.
func keyOf(key any) (k raw.Key, ok bool) {
	switch v := key.(type) {
	case string:
		return raw.Key{Type: uint32(TypeStr), Text: v}, true
	case []byte:
		return raw.Key{Type: uint32(TypeBytes), Text: stringOf(v)}, true
	}
	return keyOfKind(key)
}

// keyOfKind returns a key of a defined type.
func keyOfKind(key any) (k raw.Key, ok bool) {
	variable := (*inside)(unsafe.Pointer(&key)).variable
	switch kind := typeOf(key); {
	case kind == nil:
		return raw.Key{}, false
	case kind.Kind() == reflect.String:
		return raw.Key{Type: uint32(TypeStr), Text: *(*string)(variable)}, true
	case kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Uint8:
		return raw.Key{Type: uint32(TypeBytes), Text: stringOf(*(*[]byte)(variable))}, true
	}
	return raw.Key{}, false
}

// inside is what an interface contains: the address of a type, and that of a variable.
type inside struct {
	kind     uintptr
	variable unsafe.Pointer
}

// typeOf does what [reflect.TypeOf] does, without the variable of the interface. The compiler would
// allocate the variables of all keys for reflect.TypeOf.
func typeOf(value any) reflect.Type {
	var bare any
	(*inside)(unsafe.Pointer(&bare)).kind = (*inside)(unsafe.Pointer(&value)).kind
	return reflect.TypeOf(bare)
}

// kept returns a key with a copy of its text, which may be passed to C and may be kept. The
// compiler allocates every text that may be passed to C.
func kept(k raw.Key) raw.Key {
	return raw.Key{Type: k.Type, Text: strings.Clone(k.Text)}
}

// isKey reports whether the dict can have the key.
func (d *Dict) isKey(k raw.Key) bool {
	return k.Text != "" && len(k.Text) <= d.keySize && k.Text[len(k.Text)-1] != 0
}

// call calls C with the dict and a key. It returns its status, or ErrClosed, or ErrKey if the key
// is not a str or bytes.
func (d *Dict) call(key any, method func(dict uintptr, k raw.Key) int) Status {
	m := d.block()
	k, ok := keyOf(key)
	if !ok {
		return ErrKey
	}
	if !m.acquire() {
		return ErrClosed
	}
	status := method(m.dict, k)
	m.release()
	return Status(status)
}

// keyError returns the error for a status about a key, or nil for success. It is small enough to be
// inlined.
func (d *Dict) keyError(key any, status Status) error {
	if status == 0 {
		return nil
	}
	return d.explain(key, status)
}

// lookupError does the same for a method that looks for a key: a key that the dict cannot have is
// absent.
func (d *Dict) lookupError(key any, status Status) error {
	if status == 0 {
		return nil
	}
	return d.explainLookup(key, status)
}

func (d *Dict) explainLookup(key any, status Status) error {
	if isAbsent(key, status) {
		status = ErrNoKey
	}
	return d.explain(key, status)
}

// isAbsent reports whether the status of a lookup means that the key is absent. A dict has no key
// that is empty or too long, or ends in a NUL.
func isAbsent(key any, status Status) bool {
	_, ok := keyOf(key)
	return status == ErrNoKey || status == ErrKey && ok
}

// explain returns the error for a status about a key.
func (d *Dict) explain(key any, status Status) error {
	m := d.block()
	k, ok := keyOf(key)
	if !m.isOpen() {
		return d.dictError(int(ErrClosed))
	}
	if !ok {
		return newError(ErrKey, "a key of dict '%s' must be a string or a []byte, not %s", m.name, typeName(key))
	}
	return d.explainKey(kept(k), int(status))
}

// typeName returns the name of the type of a value.
func typeName(value any) string {
	if kind := typeOf(value); kind != nil {
		return kind.String()
	}
	return "nil"
}

// dictError returns the error for a status that is not about a key, or nil for success.
func (d *Dict) dictError(status int) error {
	if status == 0 {
		return nil
	}
	return d.explainKey(raw.Key{}, status)
}

// explainKey returns the error that C has for a status about a key, which it keeps.
func (d *Dict) explainKey(k raw.Key, status int) error {
	m := d.block()
	cerr := new(raw.Error)
	if m.acquire() {
		defer m.release()
	} else {
		status = int(ErrClosed) // this message needs no access to the dict
	}
	raw.ExplainDict(m.dict, k, status, cerr)
	runtime.KeepAlive(m)
	return goError(cerr)
}
