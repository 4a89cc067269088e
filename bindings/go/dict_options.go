package shareable

import (
	"strings"
	"time"

	"shareable/internal/raw"
)

// DictOption is an option of the methods of a [Dict] that write. A method honours an option or
// fails with [ErrArgument]. The zero DictOption changes nothing.
type DictOption struct {
	kind  dictOption
	value int64   // a time in nanoseconds, or an int
	real  float64 // of WithInitial
}

// dictOption is a set of options.
type dictOption uint

const (
	optionTimeout dictOption = 1 << iota
	optionTTL
	optionNoEvict
	optionInitial      // an int
	optionInitialFloat // a float
)

// optionNames contains the names of the options, in the order of their bits.
var optionNames = []string{"WithTimeout", "WithTTL", "NoEvict", "WithInitial of an int", "WithInitial of a float"}

// WithTimeout sets the longest time to wait for the lock of the dict, instead of 10 seconds: 0
// tries once, and a negative time waits without a limit. That includes the time to wait for a process
// that writes the value; if that is stopped, the call fails with [ErrBusy] after a second.
func WithTimeout(timeout time.Duration) DictOption {
	return DictOption{kind: optionTimeout, value: int64(timeout)}
}

// WithTTL makes the key expire after this time, in which the time counts during which the machine
// is suspended. With 0 it does not expire. It is an option of [Dict.Set], [Dict.SetIfAbsent] and
// [Dict.SetIfPresent], which replace the TTL that the key had, and of [Dict.GetOrSet], [Dict.Add]
// and [Dict.AddFloat], which use it only for a key that they insert.
func WithTTL(ttl time.Duration) DictOption {
	return DictOption{kind: optionTTL, value: int64(ttl)}
}

// WithInitial sets the value to which [Dict.Add] and [Dict.AddFloat] add if the key is absent,
// instead of 0.
func WithInitial[T int | int64 | float64](initial T) DictOption {
	switch v := any(initial).(type) {
	case int:
		return DictOption{kind: optionInitial, value: int64(v), real: float64(v)}
	case int64:
		return DictOption{kind: optionInitial, value: v, real: float64(v)}
	case float64:
		return DictOption{kind: optionInitialFloat, real: v}
	}
	return DictOption{}
}

// NoEvict lets [Dict.Set], [Dict.SetIfAbsent] and [Dict.GetOrSet] fail with [ErrFull] if a dict that
// was made with [Evict] is full.
func NoEvict() DictOption {
	return DictOption{kind: optionNoEvict}
}

// dictTimeout is the time to wait for the lock of a dict without the option.
const dictTimeout = 10 * time.Second

// dictWrite contains the options of a call.
type dictWrite struct {
	timeout, ttl int64
	initial      int64
	initialReal  float64
	flags        uint32
}

// options returns the options of a call, if the method accepts all of them.
func (d *Dict) options(method string, options []DictOption, accepted dictOption) (w dictWrite, err error) {
	w.timeout = int64(dictTimeout)
	for _, option := range options {
		if option.kind&^accepted != 0 {
			return w, d.optionError(method, option.kind)
		}
		switch option.kind {
		case optionTimeout:
			w.timeout = option.value
		case optionTTL:
			if w.ttl = option.value; w.ttl < 0 {
				return w, d.negativeTTL(time.Duration(w.ttl))
			}
		case optionNoEvict:
			w.flags |= raw.DictNoEvict
		case optionInitial, optionInitialFloat:
			w.initial, w.initialReal = option.value, option.real
		}
	}
	return w, nil
}

func (d *Dict) negativeTTL(ttl time.Duration) error {
	return newError(ErrArgument, "dict '%s': the TTL of %s is negative", d.Name(), ttl)
}

func (d *Dict) optionError(method string, kind dictOption) error {
	var names []string
	for i, name := range optionNames {
		if kind>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return newError(ErrArgument, "dict '%s': %s is not an option of %s", d.Name(), strings.Join(names, ", "), method)
}
