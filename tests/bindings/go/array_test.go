// Tests of what is special to arrays in Go: rows, raw arrays, memory after Close, and goroutines.
package check_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"shareable"
)

func newArray[T shareable.Element](t testing.TB, shape []int, options ...shareable.CreateOption) *shareable.Array[T] {
	t.Helper()
	array, err := shareable.NewArray[T](shape, append(options, shareable.WithName(newName()))...)
	return ended(t, array, err)
}

func newArrayOf[T shareable.Element](t testing.TB, items []T, shape ...int) *shareable.Array[T] {
	t.Helper()
	array, err := shareable.NewArrayOf(items, shape, shareable.WithName(newName()))
	return ended(t, array, err)
}

func openArray[T shareable.Element](t testing.TB, name string, options ...shareable.OpenOption) *shareable.Array[T] {
	t.Helper()
	array, err := shareable.OpenArray[T](name, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { array.Close() })
	return array
}

func openRawArray(t testing.TB, name string) *shareable.RawArray {
	t.Helper()
	array, err := shareable.OpenRawArray(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { array.Close() })
	return array
}

// ended unlinks and closes an array at the end of the test.
func ended[A interface {
	Unlink() error
	Close() error
}](t testing.TB, array A, err error) A {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		array.Unlink()
		array.Close()
	})
	return array
}

// npy returns a .npy file with that header and so many bytes of items, which are 0.
func npy(header string, items int) []byte {
	file := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(file[8:], uint16(len(header)))
	return append(append(file, header...), make([]byte, items)...)
}

// header returns a header whose items begin at a multiple of 64.
func header(descr, isFortranOrder, shape string) string {
	text := fmt.Sprintf("{'descr': %s, 'fortran_order': %s, 'shape': %s, }", descr, isFortranOrder, shape)
	return text + strings.Repeat(" ", 63-(len(text)+10)%64) + "\n"
}

// native returns the description of a number in the byte order of this machine.
func native(code string) string {
	if one := uint16(1); *(*byte)(unsafe.Pointer(&one)) == 1 {
		return "'<" + code + "'"
	}
	return "'>" + code + "'"
}

// file writes a file into /dev/shm, as a program without this library does.
func file(t testing.TB, content []byte) string {
	t.Helper()
	name := newName()
	path := "/dev/shm/" + name
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	return name
}

func TestArrayReturnsItsRows(t *testing.T) {
	array := newArrayOf(t, []uint8{0, 1, 2, 3, 4, 5}, 3, 2)
	row, err := array.Row(1)
	ok(t, err)
	equal(t, row, []uint8{2, 3})
	equal(t, cap(row), 2)
	row[0] = 200
	equal(t, array.Data()[2], uint8(200))
	row, err = array.Row(-1)
	ok(t, err)
	equal(t, row, []uint8{4, 5})
	for _, i := range []int{3, -4, math.MaxInt, math.MinInt} {
		_, err = array.Row(i)
		fails(t, err, is(shareable.ErrIndex), fmt.Sprint(i), "3 rows", array.Name())
	}
	_, err = newArray[bool](t, nil).Row(0)
	fails(t, err, is(shareable.ErrIndex), "no dimensions")
	image, err := newArrayOf(t, []uint8{0, 1, 2, 3, 4, 5, 6, 7}, 2, 2, 2).Row(1)
	ok(t, err)
	equal(t, image, []uint8{4, 5, 6, 7})
}

func TestArrayOfAnyTypeIsCreatedFromBytes(t *testing.T) {
	descr := "[('name', '|S4'), ('ä', '<i4')]"
	items := []byte("one\x00\x01\x00\x00\x00two\x00\x02\x00\x00\x00")
	array, err := shareable.NewRawArrayOf(descr, items, []int{2}, shareable.WithName(newName()))
	ended(t, array, err)
	again := openRawArray(t, array.Name())
	equal(t, again.Descr(), descr)
	equal(t, again.Bytes(), items)
	zeros, err := shareable.NewRawArray("'<f2'", []int{3}, shareable.WithName(newName()))
	ended(t, zeros, err)
	equal(t, zeros.Bytes(), make([]byte, 6))
	for _, wrong := range [][]byte{nil, items[1:], append([]byte{0}, items...)} {
		_, err := shareable.NewRawArrayOf(descr, wrong, []int{2}, shareable.WithName(newName()))
		fails(t, err, is(shareable.ErrArgument), fmt.Sprint(len(wrong), " bytes"), "16")
	}
	for wrong, word := range map[string]string{"": "string or a list", "'|O'": "Python objects", "'<f8', 1": "does not end",
		"'<f8'\x00": "NUL", "[('\xff', '<f8')]": "UTF-8", "float": "string or a list", "'<q9'": "'<q9'"} {
		_, err := shareable.NewRawArray(wrong, nil, shareable.WithName(newName()))
		fails(t, err, is(shareable.ErrArgument), word)
	}
}

func TestArrayPrintsItsTypeNameAndShape(t *testing.T) {
	array := newArray[float32](t, []int{3, 4})
	bytes := openRawArray(t, array.Name())
	equal(t, array.String(), fmt.Sprintf("Array[float32](%q, [3 4])", array.Name()))
	equal(t, bytes.String(), fmt.Sprintf("RawArray(%q, %s, [3 4])", array.Name(), native("f4")))
	ok(t, array.Close())
	equal(t, array.String(), fmt.Sprintf("Array[float32](%q, [3 4], closed)", array.Name()))
}

func TestAByteOtherThan0IsTrue(t *testing.T) {
	array := openArray[bool](t, file(t, append(npy(header("'|b1'", "False", "(4,)"), 0), 0, 1, 2, 255)))
	for i, want := range []bool{false, true, true, true} {
		value, err := array.At(i)
		ok(t, err)
		equal(t, value, want)
		equal(t, *(*byte)(unsafe.Pointer(&value)) <= 1, true)
	}
}

func TestAccessToAnArrayDoesNotAllocate(t *testing.T) {
	array := newArray[float64](t, []int{2, 3})
	flags := newArray[bool](t, []int{2, 3})
	for name, access := range map[string]func(){
		"Data":       func() { array.Data() },
		"Row":        func() { array.Row(1) },
		"At":         func() { array.At(1, 2) },
		"At of bool": func() { flags.At(1, 2) },
		"Set":        func() { array.Set(1.5, 1, 2) },
	} {
		if allocated := testing.AllocsPerRun(100, access); allocated != 0 {
			t.Error(name, "allocates", allocated, "times")
		}
	}
}

func TestDataStaysMappedAfterClose(t *testing.T) {
	array, err := shareable.OpenArray[int64](newArrayOf(t, []int64{1, 2, 3}, 3).Name())
	ok(t, err)
	name, data := array.Name(), array.Data()
	ok(t, array.Unlink())
	ok(t, array.Close())
	array = nil
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
	equal(t, mapped(name), true)
	data[0] = 5
	equal(t, data, []int64{5, 2, 3})
}

func TestAnArrayWithoutDataIsUnmapped(t *testing.T) {
	name := newArray[int8](t, []int{5000}).Name()
	array, err := shareable.OpenArray[int8](name)
	ok(t, err)
	_, err = array.At(4999)
	ok(t, err)
	equal(t, mapped(name), true)
	ok(t, array.Close())
	equal(t, mapped(name), false)

	array, err = shareable.OpenArray[int8](name)
	ok(t, err)
	equal(t, mapped(name), true)
	equal(t, array.Len(), 5000)
	array = nil
	equal(t, collected(0, func() int {
		if mapped(name) {
			return 1
		}
		return 0
	}), 0)
}

// A refused array leaves no mapping.
func TestAnArrayOfAnotherTypeIsNotKept(t *testing.T) {
	array := newArray[float64](t, []int{5})
	files, ranges := openFiles(), lines(t, "/proc/self/maps", "")
	for i := 0; i < 100; i++ {
		_, err := shareable.OpenArray[int8](array.Name())
		fails(t, err, is(shareable.ErrType))
		equal(t, mapped(array.Name()), false)
	}
	equal(t, openFiles(), files)
	if now := lines(t, "/proc/self/maps", ""); now > ranges+20 {
		t.Error(now-ranges, "ranges of addresses are left")
	}
}

func TestCloseDuringAccessToAnArray(t *testing.T) {
	for round := 0; round < 20; round++ {
		array := newArrayOf(t, []int64{7, 7}, 2)
		var users sync.WaitGroup
		for _, access := range []func() (int64, error){
			func() (int64, error) { return array.At(1) },
			func() (int64, error) { return 7, array.Set(7, 1) },
			func() (int64, error) {
				row, err := openRow(array)
				return row, err
			},
		} {
			users.Add(1)
			go func(access func() (int64, error)) {
				defer users.Done()
				for {
					value, err := access()
					if err != nil {
						if !errors.Is(err, shareable.ErrClosed) {
							t.Error(err)
						}
						return
					}
					if value != 7 {
						t.Error("got", value)
						return
					}
				}
			}(access)
		}
		time.Sleep(time.Duration(round) * 50 * time.Microsecond)
		ok(t, array.Close())
		users.Wait()
	}
}

func openRow(array *shareable.Array[int64]) (int64, error) {
	row, err := array.Row(0)
	if err != nil {
		return 0, err
	}
	return row[0], nil
}

func TestEveryMethodOfAClosedArrayFails(t *testing.T) {
	array := newArray[float64](t, []int{2})
	bytes := openRawArray(t, array.Name())
	ok(t, array.Close())
	ok(t, bytes.Close())
	everyMethodFails(t, "closed Array", array, "Close", "Unlink")
	everyMethodFails(t, "closed RawArray", bytes, "Close", "Unlink")
	everyMethodFails(t, "nil Array", (*shareable.Array[float64])(nil), "Close")
	everyMethodFails(t, "zero Array", new(shareable.Array[float64]), "Close")
	everyMethodFails(t, "nil RawArray", (*shareable.RawArray)(nil), "Close")
	everyMethodFails(t, "zero RawArray", new(shareable.RawArray), "Close")
	everyMethodFails(t, "Memory of a nil Array", (*shareable.Array[float64])(nil).Memory(), "Close")
	equal(t, (*shareable.Array[float64])(nil).String(), `Array[float64]("", [], closed)`)
}

func TestNoMethodOfAnArrayPanicsWithZeroArguments(t *testing.T) {
	for _, shape := range [][]int{nil, {0}, {2}, {2, 3}} {
		shape := shape
		noMethodPanics(t, "Array", func() any { return newArray[bool](t, shape) })
		noMethodPanics(t, "RawArray", func() any { return openRawArray(t, newArray[int32](t, shape).Name()) })
	}
	for name, function := range map[string]any{
		"OpenArray[bool]":  shareable.OpenArray[bool],
		"OpenRawArray":     shareable.OpenRawArray,
		"NewArrayOf[int8]": shareable.NewArrayOf[int8],
		"NewRawArray":      shareable.NewRawArray,
		"NewRawArrayOf":    shareable.NewRawArrayOf,
	} {
		results := call(t, name, reflect.ValueOf(function), zeroArgument)
		if results[len(results)-1].IsNil() {
			t.Error(name, "returns no error")
		}
	}
}

// Whatever bytes a block contains, opening it as an array fails, or every item can be read and
// written.
func FuzzArrayOfArbitraryBytes(f *testing.F) {
	for _, descr := range []string{"'<f8'", "'>i4'", "'|b1'", "'|S0'", "[('x', '<f4'), ('y', '|V3')]"} {
		for _, shape := range []string{"()", "(2,)", "(2, 0, 3)", "(9223372036854775807,)"} {
			f.Add(npy(header(descr, "False", shape), 100))
			f.Add(npy(header(descr, "True", shape), 1))
		}
	}
	slices := 0 // each keeps an array mapped until the process ends
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) == 0 || len(content) > 1<<16 {
			return
		}
		memory, err := shareable.NewMemory(len(content), shareable.WithName(newName()))
		ok(t, err)
		defer memory.Close()
		defer memory.Unlink()
		_, err = memory.WriteAt(content, 0)
		ok(t, err)
		array, err := shareable.OpenRawArray(memory.Name())
		if err != nil {
			fails(t, err, nil)
			return
		}
		defer array.Close()
		useItems[bool](t, memory.Name())
		useItems[int16](t, memory.Name())
		useItems[int32](t, memory.Name())
		useItems[float64](t, memory.Name())
		if slices++; slices > 10000 {
			return
		}
		equal(t, len(array.Bytes()) <= len(content), true)
		if array.ItemSize() > 0 {
			equal(t, len(array.Bytes()), array.Len()*array.ItemSize())
		}
		for _, indexes := range endsOf(array.Shape()) {
			item, err := array.At(indexes...)
			equal(t, err == nil, array.Len() > 0)
			if err == nil {
				copy(item, make([]byte, array.ItemSize()))
			}
		}
	})
}

// endsOf returns the indexes of the first and of the last item.
func endsOf(shape []int) [][]int {
	first, last := make([]int, len(shape)), make([]int, len(shape))
	for i := range last {
		last[i] = -1
	}
	return [][]int{first, last}
}

// useItems reads and writes items of an array that has the type T.
func useItems[T shareable.Element](t *testing.T, name string) {
	array, err := shareable.OpenArray[T](name)
	if err != nil {
		fails(t, err, is(shareable.ErrType))
		return
	}
	defer array.Close()
	for _, indexes := range endsOf(array.Shape()) {
		value, err := array.At(indexes...)
		equal(t, err == nil, array.Len() > 0)
		equal(t, array.Set(value, indexes...) == nil, array.Len() > 0)
	}
}
