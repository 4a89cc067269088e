// Runs every Go operation on each list and dict whose name it reads (see mutate.c). An operation may
// return only documented errors. Reading an item must return the value that was written to it, unless the list
// is changing.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"time"

	"shareable"
)

var values = []any{int64(7), -0.5, true, nil, "text", "é\x00", []byte("\xff"), strings.Repeat("long ", 30), int64(1<<63 - 1)}

// errHeld means that a writer seems to hold an item. Each operation on such an item takes a second,
// so the driver continues with the next list.
var errHeld = errors.New("held")

var listCount int // number of lists that were read
var sink float64  // keeps numbers that are only read

// expired returns a context whose deadline has passed.
func expired() context.Context {
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	cancel()
	return ctx
}

// check panics at an error that is not documented.
func check(err error) {
	var known *shareable.Error
	if errors.Is(err, shareable.ErrBusy) {
		panic(errHeld)
	}
	if err != nil && !errors.As(err, &known) && !errors.Is(err, context.DeadlineExceeded) {
		panic(fmt.Errorf("%T: %w", err, err))
	}
}

// second returns the error of a call that also returns a value.
func second[T any](_ T, err error) error { return err }

func useList(list *shareable.List) {
	for _, value := range append(values, uint64(1<<63), []int{1}) {
		check(second(list.Count(value)))
		check(second(list.Index(value)))
	}
	check(second(list.Values()))
	check(second(list.Format()))
	hash, err := list.Hash()
	check(err)
	check(second(list.WaitAny(expired(), hash)))
	check(second(list.GetInts(0, make([]int64, 40))))
	check(second(list.GetFloats(-1, make([]float64, 1))))
	_ = list.String()
	_ = list.Memory().String()
	for range [2]int{} {
		_, _, err := list.TryLock()
		check(err)
	}
	check(list.Unlock())
}

// readMemory reads the numbers and the block in place. They stay mapped until this process exits.
func readMemory(list *shareable.List) {
	integers, err := list.Int64s()
	check(err)
	floats, err := list.Float64s()
	check(err)
	sum := 0.0
	for _, integer := range integers {
		sum += float64(integer)
	}
	for _, real := range floats {
		sum += real
	}
	for _, b := range list.Memory().Bytes() {
		sum += float64(b)
	}
	sink = sum
}

func useItem(list *shareable.List, index int) {
	check(second(list.Get(index)))
	check(second(list.Type(index)))
	check(second(list.Capacity(index)))
	check(second(list.GetInt(index)))
	check(second(list.GetFloat(index)))
	check(second(list.GetBool(index)))
	check(second(list.GetString(index)))
	check(second(list.GetBytes(index)))
	check(second(shareable.At[string](list, index)))
	check(second(list.Wait(expired(), index, 7)))
	check(list.Set(index, 7))
}

func change(list *shareable.List, index int, isStill bool) {
	for _, value := range values {
		if err := list.Set(index, value); err != nil {
			check(err)
			continue
		}
		again, err := list.Get(index)
		check(err)
		if isStill && !reflect.DeepEqual(again, value) {
			panic(fmt.Errorf("item %d is %v, not %v", index, again, value))
		}
		check(second(list.Add(index, 2)))
	}
	check(second(list.Swap(index, 5)))
	check(second(list.CompareAndSwap(index, 5, 6)))
	check(second(list.SetInts(index, []int64{1, 2})))
	check(second(list.SetFloats(index, []float64{1})))
}

func tryList(name string, isStill, isReadOnly bool) {
	var options []shareable.OpenOption
	if isReadOnly {
		options = append(options, shareable.ReadOnly())
	}
	list, err := shareable.OpenList(name, options...)
	if err != nil {
		check(err)
		return
	}
	defer list.Close()
	useList(list)
	if listCount++; listCount < 60 {
		readMemory(list)
	}
	for index := -2; index <= list.Len() && index < 12; index++ {
		useItem(list, index)
		if !isReadOnly {
			change(list, index, isStill)
		}
	}
	check(list.Close())
	check(second(list.Get(0)))
}

// readDict reads the whole dict and some keys, and returns these keys.
func readDict(dict *shareable.Dict) []any {
	_ = dict.String()
	_ = dict.Len()
	keys := []any{"one", []byte("two"), "absent"}
	dict.All()(func(entry shareable.Entry, err error) bool {
		check(err)
		if len(keys) < 7 && err == nil {
			keys = append(keys, entry.Key)
		}
		return true
	})
	for _, key := range keys {
		_, _, err := dict.GetStale(key)
		check(err)
		check(second(dict.Get(key)))
		check(second(dict.GetInt(key)))
		check(second(dict.GetFloat(key)))
		check(second(dict.GetBool(key)))
		check(second(dict.GetString(key)))
		check(second(dict.GetBytes(key)))
		check(second(dict.Has(key)))
		check(second(dict.TTL(key)))
		check(second(dict.Wait(expired(), key, 7)))
	}
	return keys
}

func changeDict(dict *shareable.Dict, keys []any) {
	now := shareable.WithTimeout(0)
	for _, key := range keys {
		for _, value := range values {
			check(dict.Set(key, value, now))
			check(second(dict.Add(key, 2, now)))
		}
		check(second(dict.SetIfAbsent(key, 5, shareable.WithTTL(1), shareable.NoEvict(), now)))
		check(second(dict.CompareAndSwap(key, 5, 6, now)))
		check(dict.Expire(key, time.Second, now))
		check(second(dict.Pop(key, now)))
		check(second(dict.AddFloat(key, 0.5, now)))
		check(dict.Delete(key, now))
	}
	check(second(dict.DeleteExpired(0, now)))
	check(dict.Reindex(now))
	check(dict.Clear(now))
}

func tryDict(name string, options ...shareable.OpenOption) {
	dict, err := shareable.OpenDict(name, options...)
	if err != nil {
		check(err)
		return
	}
	defer dict.Close()
	keys := readDict(dict)
	if len(options) == 0 {
		changeDict(dict, keys)
	}
	check(dict.Close())
	check(second(dict.Get("one")))
}

func tryBlock(name string) {
	block, err := shareable.OpenMemory(name)
	if err != nil {
		check(err)
		return
	}
	defer block.Close()
	last := make([]byte, 1)
	check(second(block.ReadAt(last, int64(block.Size()-1))))
	check(second(block.WriteAt(last, int64(block.Size()-1))))
}

// answer returns the answer to a line: "." if there was no fault.
func answer(name string, isStill bool) (text string) {
	defer func() {
		if err := recover(); err != nil && err != errHeld {
			text = strings.ReplaceAll(fmt.Sprint(err), "\n", " ")
		}
	}()
	text = "."
	tryBlock(name)
	tryDict(name, shareable.ReadOnly())
	tryDict(name)
	tryList(name, isStill, true)
	tryList(name, isStill, false)
	return
}

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		name, state, _ := strings.Cut(lines.Text(), " ")
		fmt.Println(answer(name, state == "still"))
		runtime.GC()
	}
}
