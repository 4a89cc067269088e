package shareable

import (
	"math"
	"reflect"
	"unsafe"

	"shareable/internal/raw"
)

// Type is the type of an item.
type Type int

// The types that an item can have.
const (
	TypeNone  Type = raw.TypeNone  // nil
	TypeInt   Type = raw.TypeInt   // int64
	TypeFloat Type = raw.TypeFloat // float64
	TypeBool  Type = raw.TypeBool  // bool
	TypeStr   Type = raw.TypeStr   // string, UTF-8
	TypeBytes Type = raw.TypeBytes // []byte
)

// String returns Python's name of the type, for example "float".
func (t Type) String() string {
	names := [...]string{"None", "int", "float", "bool", "str", "bytes"}
	if t < 0 || int(t) >= len(names) {
		return "unknown"
	}
	return names[t]
}

// Slot is a value for [NewList] whose item gets room for Capacity bytes of text. The value may have
// any type that an item can have.
type Slot struct {
	Value    any
	Capacity int
}

// Item is the constraint of [At] and [NewListOf]: the Go types of items, except nil. It includes
// types defined by one of these, for example [time.Duration].
type Item interface {
	~int64 | ~int | ~float64 | ~bool | ~string | ~[]byte
}

func kindOf[T any]() reflect.Kind {
	var zero T
	return reflect.TypeOf(zero).Kind()
}

// scalar is a value in the form that C takes. Its text is in the caller's memory and must be used
// only until the caller returns.
type scalar struct {
	kind Type
	bits uint64
	text string
}

func intScalar(value int64) scalar     { return scalar{kind: TypeInt, bits: uint64(value)} }
func floatScalar(value float64) scalar { return scalar{kind: TypeFloat, bits: math.Float64bits(value)} }
func strScalar(value string) scalar    { return scalar{kind: TypeStr, text: value} }
func bytesScalar(value []byte) scalar  { return scalar{kind: TypeBytes, text: stringOf(value)} }

func uintScalar(value uint64) (scalar, Status) {
	if value > math.MaxInt64 {
		return scalar{}, ErrOverflow
	}
	return intScalar(int64(value)), 0
}

func boolScalar(value bool) scalar {
	if value {
		return scalar{kind: TypeBool, bits: 1}
	}
	return scalar{kind: TypeBool}
}

// stringOf returns the bytes as a string without a copy. They must not change while the string is
// in use.
func stringOf(bytes []byte) string {
	return *(*string)(unsafe.Pointer(&bytes))
}

// scalarOf converts a value of any type that an item can have. It tries the common types first. It
// returns the status 0, ErrOverflow or ErrValueType.
func scalarOf(value any) (scalar, Status) {
	switch v := value.(type) {
	case nil:
		return scalar{kind: TypeNone}, 0
	case int:
		return intScalar(int64(v)), 0
	case int64:
		return intScalar(v), 0
	case float64:
		return floatScalar(v), 0
	case bool:
		return boolScalar(v), 0
	case string:
		return strScalar(v), 0
	case []byte:
		return bytesScalar(v), 0
	}
	return scalarOfKind(reflect.ValueOf(value))
}

// scalarOfKind converts the other integers and floats, and defined types.
func scalarOfKind(value reflect.Value) (scalar, Status) {
	switch kind := value.Kind(); kind {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intScalar(value.Int()), 0
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return uintScalar(value.Uint())
	case reflect.Float32, reflect.Float64:
		return floatScalar(value.Float()), 0
	case reflect.Bool:
		return boolScalar(value.Bool()), 0
	case reflect.String:
		return strScalar(value.String()), 0
	case reflect.Slice:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			return bytesScalar(value.Bytes()), 0
		}
	}
	return scalar{}, ErrValueType
}

// goValue returns an item as a Go value.
func goValue(item raw.Item) any {
	switch Type(item.Type) {
	case TypeInt:
		return int64(item.Bits)
	case TypeFloat:
		return math.Float64frombits(item.Bits)
	case TypeBool:
		return item.Bits != 0
	case TypeStr:
		return stringOf(item.Text)
	case TypeBytes:
		return item.Text
	}
	return nil
}

// intsOf returns the values as int64s if all of them are int or int64. Otherwise, or if there are
// no values, it returns nil.
func intsOf(values []any) []int64 {
	var integers []int64
	for i, value := range values {
		var integer int64
		switch v := value.(type) {
		case int:
			integer = int64(v)
		case int64:
			integer = v
		default:
			return nil
		}
		if i == 0 {
			integers = make([]int64, len(values))
		}
		integers[i] = integer
	}
	return integers
}

// packed contains values in C memory, with all their texts in one buffer, so that one call of C
// passes any number of values.
type packed struct {
	values []raw.Value
	text   []byte
}

func (p *packed) free() {
	raw.FreeValues(p.values)
	raw.FreeText(p.text)
}

// pack packs the values. The caller must free the result. A text gets the given capacity. A Slot
// gets its own capacity if that is larger.
func pack(values []any, capacity uint32) (packed, error) {
	p := packed{values: raw.NewValues(len(values))}
	if p.values == nil {
		return p, newError(ErrNoMemory, "not enough memory for %d values", len(values))
	}
	size := 0
	for i, value := range values {
		length, err := p.put(i, value, capacity)
		if err != nil {
			p.free()
			return packed{}, err
		}
		size += length
	}
	if size > 0 && !p.putTexts(values, size) {
		p.free()
		return packed{}, newError(ErrNoMemory, "not enough memory for %d bytes of text", size)
	}
	return p, nil
}

// put packs one value without its text, and returns the length of the text.
func (p *packed) put(i int, value any, capacity uint32) (int, error) {
	slot, isSlot := value.(Slot)
	if isSlot {
		value = slot.Value
	}
	s, status := scalarOf(value)
	if status != 0 {
		return 0, newError(status, "item %d: %s", i, valueMessage(status, value))
	}
	reserved := uint32(0)
	if s.kind == TypeStr || s.kind == TypeBytes {
		reserved = capacity
	}
	if isSlot {
		slotCapacity, err := cCapacity(slot.Capacity)
		if err != nil {
			return 0, newError(ErrArgument, "item %d: the capacity of %d bytes is negative", i, slot.Capacity)
		}
		if slotCapacity > reserved {
			reserved = slotCapacity
		}
	}
	p.values[i] = raw.Value{Type: uint32(s.kind), Capacity: reserved, Length: uint64(len(s.text)), Bits: s.bits}
	return len(s.text), nil
}

// putTexts packs the texts, which have size bytes in all, and points the values to them.
func (p *packed) putTexts(values []any, size int) bool {
	p.text = raw.NewText(size)
	rest := p.text
	for i := range p.values {
		if p.values[i].Length == 0 || len(rest) == 0 {
			continue
		}
		value := values[i]
		if slot, ok := value.(Slot); ok {
			value = slot.Value
		}
		s, _ := scalarOf(value)
		p.values[i].Bits = uint64(uintptr(unsafe.Pointer(&rest[0])))
		rest = rest[copy(rest, s.text):]
	}
	return p.text != nil
}

// valueMessage returns the message about a value that no item can have.
func valueMessage(status Status, value any) string {
	text := raw.Status_message(int(status))
	if status == ErrValueType {
		return text + ", not " + reflect.TypeOf(value).String()
	}
	return text
}
