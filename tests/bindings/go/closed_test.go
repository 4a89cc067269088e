package check_test

import (
	"context"
	"errors"
	"io/fs"
	"reflect"
	"testing"
	"time"

	"shareable"
)

var (
	contextType = reflect.TypeOf((*context.Context)(nil)).Elem()
	errorType   = reflect.TypeOf((*error)(nil)).Elem()
)

// argumentOf returns an argument of the type that an open handle would accept.
func argumentOf(t *testing.T, kind reflect.Type) reflect.Value {
	switch {
	case kind == contextType:
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		t.Cleanup(cancel)
		return reflect.ValueOf(ctx)
	case kind.Kind() == reflect.Interface:
		return reflect.ValueOf(1)
	case kind.Kind() == reflect.Slice:
		return reflect.MakeSlice(kind, 1, 1)
	}
	return reflect.Zero(kind)
}

// callMethod calls the method with all parameters except those of "...", and returns its results.
func callMethod(t *testing.T, method reflect.Value) []reflect.Value {
	var arguments []reflect.Value
	n := method.Type().NumIn()
	if method.Type().IsVariadic() {
		n--
	}
	for i := 0; i < n; i++ {
		arguments = append(arguments, argumentOf(t, method.Type().In(i)))
	}
	return method.Call(arguments)
}

// drain calls an iterator, which must not panic.
func drain(iterator reflect.Value) {
	yield := reflect.MakeFunc(iterator.Type().In(0), func([]reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(true)}
	})
	iterator.Call([]reflect.Value{yield})
}

// everyMethodFails calls every method of the handle. One that returns an error must return
// ErrClosed, unless its name is among those that work through a closed handle. None may panic.
func everyMethodFails(t *testing.T, kind string, handle any, works ...string) {
	t.Helper()
	value := reflect.ValueOf(handle)
	for i := 0; i < value.NumMethod(); i++ {
		name := value.Type().Method(i).Name
		for _, result := range callMethod(t, value.Method(i)) {
			if result.Kind() == reflect.Func {
				drain(result)
			}
			if result.Type() != errorType || contains(works, name) {
				continue
			}
			if err, _ := result.Interface().(error); !errors.Is(err, shareable.ErrClosed) {
				t.Errorf("%s of a %s returns the error %v", name, kind, err)
			}
		}
	}
}

func contains(names []string, name string) bool {
	for _, each := range names {
		if each == name {
			return true
		}
	}
	return false
}

func TestEveryMethodOfANilOrZeroHandleFails(t *testing.T) {
	everyMethodFails(t, "nil List", (*shareable.List)(nil), "Close")
	everyMethodFails(t, "zero List", new(shareable.List), "Close")
	everyMethodFails(t, "nil Memory", (*shareable.Memory)(nil), "Close")
	everyMethodFails(t, "zero Memory", new(shareable.Memory), "Close")
	everyMethodFails(t, "Memory of a nil List", (*shareable.List)(nil).Memory(), "Close")
	everyMethodFails(t, "nil Manager", (*shareable.Manager)(nil), "Close")
	everyMethodFails(t, "zero Manager", new(shareable.Manager), "Close")
	equal(t, blocks(), []string(nil))
}

func TestEveryMethodOfAClosedHandleFails(t *testing.T) {
	list, memory, manager := newList(t, demo()), newMemory(t, 16), startManager(t, "")
	byMemory := openList(t, list.Name())
	ok(t, byMemory.Memory().Close())
	ok(t, list.Close())
	ok(t, memory.Close())
	ok(t, manager.Close())
	everyMethodFails(t, "List whose Memory is closed", byMemory, "Close", "Unlink")
	everyMethodFails(t, "closed Memory", memory, "Close", "Unlink")
	everyMethodFails(t, "closed Manager", manager, "Close")
	if _, err := shareable.At[string](list, 0); !errors.Is(err, shareable.ErrClosed) {
		t.Error(err)
	}
}

func TestANilOrZeroErrorMatchesNoStatus(t *testing.T) {
	var none *shareable.Error
	equal(t, none.Error(), "shareable: no error")
	equal(t, none.Unwrap(), error(nil))
	equal(t, errors.Is(none, shareable.ErrClosed), false)
	equal(t, errors.Is(none, fs.ErrNotExist), false)
	equal(t, errors.Is(new(shareable.Error), shareable.ErrClosed), false)
	equal(t, errors.Is(&shareable.Error{Status: shareable.ErrNotFound}, fs.ErrNotExist), true)
	equal(t, (&shareable.Error{Status: shareable.ErrClosed}).Error(), shareable.ErrClosed.Error())
	for _, status := range []shareable.Status{0, 1, -1000} {
		equal(t, status.Error() != "", true)
		equal(t, status.Is(fs.ErrNotExist), false)
		_ = status.Name()
	}
}
