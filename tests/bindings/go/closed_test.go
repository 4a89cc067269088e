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

// maker returns an argument of the type.
type maker = func(t *testing.T, kind reflect.Type) reflect.Value

// zeroArgument returns the zero value of the type: nil, 0 or "".
func zeroArgument(_ *testing.T, kind reflect.Type) reflect.Value {
	return reflect.Zero(kind)
}

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

// call calls the function, with one argument for the parameter "...", and returns its results. It
// also calls an iterator that is a result. Neither may panic.
func call(t *testing.T, name string, function reflect.Value, argument maker) (results []reflect.Value) {
	t.Helper()
	defer func() {
		if fault := recover(); fault != nil {
			t.Errorf("%s panics: %v", name, fault)
		}
	}()
	kind := function.Type()
	var arguments []reflect.Value
	for i := 0; i < kind.NumIn(); i++ {
		in := kind.In(i)
		if kind.IsVariadic() && i == kind.NumIn()-1 {
			in = in.Elem()
		}
		if in.Kind() == reflect.Func {
			arguments = append(arguments, reflect.Zero(in)) // an option that is nil
		} else {
			arguments = append(arguments, argument(t, in))
		}
	}
	results = function.Call(arguments)
	for _, result := range results {
		if result.Kind() == reflect.Func {
			drain(result)
		}
	}
	return results
}

// drain calls an iterator.
func drain(iterator reflect.Value) {
	yield := reflect.MakeFunc(iterator.Type().In(0), func([]reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(true)}
	})
	iterator.Call([]reflect.Value{yield})
}

// everyMethodFails calls every method of the handle. One that returns an error must return
// ErrClosed, unless its name is among those that work through a closed handle.
func everyMethodFails(t *testing.T, kind string, handle any, works ...string) {
	t.Helper()
	value := reflect.ValueOf(handle)
	for i := 0; i < value.NumMethod(); i++ {
		name := value.Type().Method(i).Name
		for _, argument := range []maker{argumentOf, zeroArgument} {
			for _, result := range call(t, name+" of a "+kind, value.Method(i), argument) {
				if result.Type() != errorType || contains(works, name) {
					continue
				}
				if err, _ := result.Interface().(error); !errors.Is(err, shareable.ErrClosed) {
					t.Errorf("%s of a %s returns the error %v", name, kind, err)
				}
			}
		}
	}
}

// noMethodPanics calls every method of a handle that open returns, with arguments that are nil or 0.
func noMethodPanics(t *testing.T, kind string, open func() any) {
	t.Helper()
	for i := 0; i < reflect.ValueOf(open()).NumMethod(); i++ {
		value := reflect.ValueOf(open())
		call(t, value.Type().Method(i).Name+" of a "+kind, value.Method(i), zeroArgument)
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
	everyMethodFails(t, "nil Dict", (*shareable.Dict)(nil), "Close")
	everyMethodFails(t, "zero Dict", new(shareable.Dict), "Close")
	fails(t, (*shareable.Dict)(nil).Unlink(), is(shareable.ErrClosed), "dict")
	everyMethodFails(t, "List of a nil Dict", (*shareable.Dict)(nil).List(), "Close")
	everyMethodFails(t, "nil Manager", (*shareable.Manager)(nil), "Close")
	everyMethodFails(t, "zero Manager", new(shareable.Manager), "Close")
	equal(t, blocks(), []string(nil))
}

func TestEveryMethodOfAClosedHandleFails(t *testing.T) {
	list, memory, manager := newList(t, demo()), newMemory(t, 16), startManager(t, "")
	byMemory, dict, byList := openList(t, list.Name()), newDict(t, 10), newDict(t, 10)
	ok(t, byMemory.Memory().Close())
	ok(t, byList.List().Close())
	ok(t, dict.Close())
	ok(t, list.Close())
	ok(t, memory.Close())
	ok(t, manager.Close())
	everyMethodFails(t, "List whose Memory is closed", byMemory, "Close", "Unlink")
	everyMethodFails(t, "closed Memory", memory, "Close", "Unlink")
	everyMethodFails(t, "closed Dict", dict, "Close", "Unlink")
	everyMethodFails(t, "Dict whose List is closed", byList, "Close", "Unlink")
	everyMethodFails(t, "closed Manager", manager, "Close")
	if _, err := shareable.At[string](list, 0); !errors.Is(err, shareable.ErrClosed) {
		t.Error(err)
	}
	if _, err := shareable.Get[string](dict, "key"); !errors.Is(err, shareable.ErrClosed) {
		t.Error(err)
	}
	if _, err := shareable.GetOr(dict, "key", 1); !errors.Is(err, shareable.ErrClosed) {
		t.Error(err)
	}
}

func TestNoMethodPanicsWithNilOrZeroArguments(t *testing.T) {
	noMethodPanics(t, "List", func() any { return newList(t, demo()) })
	noMethodPanics(t, "empty List", func() any { return newList(t, nil) })
	kept += 2 // by Int64s and Float64s of the empty list
	noMethodPanics(t, "Dict", func() any { return newDict(t, 10) })
	noMethodPanics(t, "Memory", func() any { return newMemory(t, 16) })
	noMethodPanics(t, "Manager", func() any { return startManager(t, "") })
	noMethodPanics(t, "nil Error", func() any { return (*shareable.Error)(nil) })
	noMethodPanics(t, "zero Error", func() any { return new(shareable.Error) })
	noMethodPanics(t, "zero Status", func() any { return shareable.Status(0) })
	noMethodPanics(t, "zero Type", func() any { return shareable.Type(0) })
	noMethodPanics(t, "negative Type", func() any { return shareable.Type(-1) })
	if _, err := newList(t, demo()).Index(shareable.Slot{}); !errors.Is(err, shareable.ErrValueType) {
		t.Error(err)
	}
}

// A function that fails must return an error: nil or 0 is no valid argument of these.
func TestNoFunctionPanicsWithNilOrZeroArguments(t *testing.T) {
	for name, function := range map[string]any{
		"At[int]":        shareable.At[int],
		"At[[]byte]":     shareable.At[[]byte],
		"Get[int]":       shareable.Get[int],
		"GetOr[[]byte]":  shareable.GetOr[[]byte],
		"NewDict":        shareable.NewDict,
		"NewMemory":      shareable.NewMemory,
		"OpenMemory":     shareable.OpenMemory,
		"OpenDict":       shareable.OpenDict,
		"OpenList":       shareable.OpenList,
		"Unlink":         shareable.Unlink,
		"ConnectManager": shareable.ConnectManager,
	} {
		results := call(t, name, reflect.ValueOf(function), zeroArgument)
		if len(results) == 0 || results[len(results)-1].IsNil() {
			t.Error(name, "returns no error")
		}
	}
	for name, err := range map[string]error{
		"NewMemory(-1)":        second(shareable.NewMemory(-1)),
		"TransferOwnership(0)": shareable.TransferOwnership(0),
		"Capacity -1":          second(shareable.NewList([]any{"a"}, shareable.WithCapacity(-1))),
	} {
		if err == nil {
			t.Error(name, "returns no error")
		}
	}
	for _, create := range []func() (*shareable.List, error){
		func() (*shareable.List, error) { return shareable.NewList(nil, nil) },
		func() (*shareable.List, error) { return shareable.NewListOf[string](nil, nil) },
		func() (*shareable.List, error) { return shareable.NewListOf[float64](nil, nil) },
		func() (*shareable.List, error) { return shareable.NewList([]any{shareable.Slot{}}) },
	} {
		list, err := create()
		ok(t, err)
		ok(t, list.Unlink())
		ok(t, list.Close())
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
