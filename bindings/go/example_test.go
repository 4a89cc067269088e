package shareable_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sort"
	"sync/atomic"
	"time"

	"shareable"
)

func Example() {
	name := fmt.Sprint("demo-", os.Getpid())
	list, err := shareable.NewList([]any{"howdy", []byte("HoWdY"), -273.154, 100, nil, true, 42}, shareable.WithName(name))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer list.Close()
	defer list.Unlink()

	again, err := shareable.OpenList(name) // as another process would
	if err != nil {
		fmt.Println(err)
		return
	}
	defer again.Close()
	if err := again.Set(2, -78.5); err != nil {
		fmt.Println(err)
	}

	celsius, _ := list.GetFloat(2)
	index, _ := list.Index(42)
	last, _ := list.Get(-1)
	fmt.Println(celsius, list.Len(), index, last)
	// Output: -78.5 7 6 42
}

func ExampleNewMemory() {
	memory, err := shareable.NewMemory(4096)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer memory.Close()
	copy(memory.Bytes(), "howdy")

	again, err := shareable.OpenMemory(memory.Name()) // as another process would
	if err != nil {
		fmt.Println(err)
		return
	}
	defer again.Close()
	text := make([]byte, 5)
	again.ReadAt(text, 0)
	fmt.Printf("%s %d\n", text, again.Size())

	memory.Unlink()
	_, err = shareable.OpenMemory(memory.Name())
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// howdy 4096
	// true
}

func ExampleList_SetString() {
	list, err := shareable.NewList([]any{"howdy", 1}, shareable.WithCapacity(32))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer list.Close()
	defer list.Unlink()

	fmt.Println(list.SetString(0, "a text that has room"))
	err = list.SetString(1, "nine long")
	fmt.Println(errors.Is(err, shareable.ErrCapacity))
	// Output:
	// <nil>
	// true
}

func ExampleList_GetInts() {
	list, err := shareable.NewList([]any{1, 2, 3, "four"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer list.Close()
	defer list.Unlink()

	var numbers [4]int64
	n, err := list.GetInts(0, numbers[:])
	fmt.Println(numbers[:n], errors.Is(err, shareable.ErrType))
	// Output: [1 2 3] true
}

func ExampleNewListOf() {
	list, err := shareable.NewListOf([]float64{20.5, 21, 19.75})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer list.Close()
	defer list.Unlink()

	degrees, _ := list.GetFloat(1)
	format, _ := list.Format()
	fmt.Println(degrees, format)
	// Output: 21 ddd
}

func ExampleAt() {
	list, err := shareable.NewList([]any{90 * time.Second, "howdy"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer list.Close()
	defer list.Unlink()

	every, err := shareable.At[time.Duration](list, 0)
	fmt.Println(every, err)
	_, err = shareable.At[time.Duration](list, 1)
	fmt.Println(errors.Is(err, shareable.ErrType))
	// Output:
	// 1m30s <nil>
	// true
}

func ExampleList_Int64s() {
	list, err := shareable.NewListOf([]int64{3, 1, 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer list.Close()
	defer list.Unlink()

	numbers, err := list.Int64s()
	if err != nil {
		fmt.Println(err)
		return
	}
	sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] }) // sorts the list
	atomic.AddInt64(&numbers[2], 10)
	fmt.Println(list.Values())
	// Output: [1 2 13] <nil>
}

func ExampleList_All() {
	list, err := shareable.NewList([]any{"howdy", 42})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer list.Close()
	defer list.Unlink()

	list.All()(func(value any, err error) bool { // from Go 1.23 on: for value, err := range list.All()
		fmt.Println(value, err)
		return true
	})
	// Output:
	// howdy <nil>
	// 42 <nil>
}

func ExampleList_Wait() {
	list, err := shareable.NewList([]any{"idle", 0}, shareable.WithCapacity(16))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer list.Close()
	defer list.Unlink()

	go func() { // as another process would
		list.SetFloat(1, 36.6)
		list.SetString(0, "measured")
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	state, err := list.Wait(ctx, 0, "idle")
	degrees, _ := list.GetFloat(1)
	fmt.Println(state, degrees, err)
	// Output: measured 36.6 <nil>
}

func ExampleList_Lock() {
	list, err := shareable.NewList([]any{100, 0})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer list.Close()
	defer list.Unlink()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ownerDied, err := list.Lock(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	if ownerDied { // it may have left a change incomplete
		list.SetInts(0, []int64{100, 0})
	}
	list.Add(0, -30) // no process that takes the lock sees the sum changed
	list.Add(1, 30)
	fmt.Println(list.Values())
	fmt.Println(list.Unlock())
	// Output:
	// [70 30] <nil>
	// <nil>
}

func ExampleNewArray() {
	image, err := shareable.NewArray[uint8]([]int{3, 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer image.Close()
	defer image.Unlink()
	row, err := image.Row(1) // not a copy
	if err != nil {
		fmt.Println(err)
		return
	}
	for x := range row {
		row[x] = uint8(10 * x)
	}

	again, err := shareable.OpenArray[uint8](image.Name()) // as another process would
	if err != nil {
		fmt.Println(err)
		return
	}
	defer again.Close()
	pixel, _ := again.At(1, -1)
	fmt.Println(again.Shape(), pixel)
	fmt.Println(again.Data())
	// Output:
	// [3 4] 30
	// [0 0 0 0 0 10 20 30 0 0 0 0]
}

func ExampleOpenArray() {
	samples, err := shareable.NewArrayOf([]float64{20.5, 21, 19.75}, []int{3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer samples.Close()
	defer samples.Unlink()

	_, err = shareable.OpenArray[int32](samples.Name())
	fmt.Println(errors.Is(err, shareable.ErrType))
	// Output: true
}

func ExampleNewRawArray() {
	points, err := shareable.NewRawArray("[('x', '<i2'), ('y', '<i2')]", []int{2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer points.Close()
	defer points.Unlink()

	point, err := points.At(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	binary.LittleEndian.PutUint16(point[2:], 1000)
	fmt.Println(points.Bytes(), points.ItemSize(), points.Descr())
	// Output: [0 0 0 0 0 0 232 3] 4 [('x', '<i2'), ('y', '<i2')]
}

func ExampleNewDict() {
	settings, err := shareable.NewDict(1000)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer settings.Close()
	defer settings.Unlink()
	settings.Set("workers", 8)

	again, err := shareable.OpenDict(settings.Name()) // as another process would
	if err != nil {
		fmt.Println(err)
		return
	}
	defer again.Close()
	fmt.Println(again.GetInt("workers"))
	fmt.Println(shareable.GetOr(again, "color", "blue"))
	_, err = again.Get("color")
	fmt.Println(errors.Is(err, shareable.ErrNoKey))
	// Output:
	// 8 <nil>
	// blue <nil>
	// true
}

func ExampleDict_Add() {
	limits, err := shareable.NewDict(10000)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer limits.Close()
	defer limits.Unlink()

	for i := 0; i < 3; i++ { // two requests a minute
		requests, err := limits.Add("198.51.100.7", 1, shareable.WithTTL(time.Minute))
		fmt.Println(requests <= 2, err)
	}
	// Output:
	// true <nil>
	// true <nil>
	// false <nil>
}

func ExampleDict_Wait() {
	settings, err := shareable.NewDict(1000)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer settings.Close()
	defer settings.Unlink()

	settings.Set("workers", 8)
	go settings.Set("workers", 16) // as another process would
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(settings.Wait(ctx, "workers", 8))
	// Output: 16 <nil>
}

func ExampleDict_All() {
	settings, err := shareable.NewDict(1000)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer settings.Close()
	defer settings.Unlink()

	settings.Set("workers", 8)
	settings.Set([]byte("key"), "value")
	settings.All()(func(entry shareable.Entry, err error) bool {
		fmt.Printf("%q %v %v\n", entry.Key, entry.Value, err)
		return true
	})
	// Output:
	// "workers" 8 <nil>
	// "key" value <nil>
}
