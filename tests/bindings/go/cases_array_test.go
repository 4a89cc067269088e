package check_test

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"shareable"
)

func arrayIsCreatedAndOpenedByName(t *testing.T) {
	name := newName()
	array, err := shareable.NewArray[float64]([]int{3, 4}, shareable.WithName("/"+name))
	ended(t, array, err)
	equal(t, array.Name(), name)
	equal(t, array.Shape(), []int{3, 4})
	equal(t, array.Strides(), []int{4, 1})
	equal(t, array.Len(), 12)
	equal(t, array.Data(), make([]float64, 12))
	equal(t, array.Memory().Size(), 128+12*8)

	again := openArray[float64](t, name)
	equal(t, again.Name(), name)
	equal(t, again.Shape(), []int{3, 4})
	array.Data()[11] = 42.5
	equal(t, again.Data()[11], 42.5)
	ok(t, again.Set(-1, 0, 1))
	value, err := array.At(0, 1)
	ok(t, err)
	equal(t, value, -1.0)
	array.Shape()[0] = 1000 // changes a copy
	equal(t, array.Shape(), []int{3, 4})
}

func arrayWithoutANameGetsARandomPsmName(t *testing.T) {
	array, err := shareable.NewArray[uint8](nil)
	ended(t, array, err)
	equal(t, strings.HasPrefix(array.Name(), "psm_"), true)
}

func arrayIsCreatedFromItems(t *testing.T) {
	items := []int16{1, 2, 3, 4, 5, 6}
	array := newArrayOf(t, items, 2, 3)
	items[0] = 100 // the items were copied
	equal(t, array.Data(), []int16{1, 2, 3, 4, 5, 6})
	value, err := array.At(1, 0)
	ok(t, err)
	equal(t, value, int16(4))
	equal(t, newArrayOf(t, []float32{1.5}).Data(), []float32{1.5})
	equal(t, newArrayOf[float32](t, nil, 3, 0).Len(), 0)
	for _, shape := range [][]int{nil, {5}, {7}, {2, 2}, {0}, {-6}, {math.MaxInt, math.MaxInt}} {
		_, err := shareable.NewArrayOf(items, shape, shareable.WithName(newName()))
		fails(t, err, is(shareable.ErrArgument))
	}
	_, err = shareable.NewArrayOf[float64](nil, []int{3}, shareable.WithName(newName()))
	fails(t, err, is(shareable.ErrArgument), "0 bytes", "24")
}

// roundTrip stores the items by Data and by Set, and reads them through another handle.
func roundTrip[T shareable.Element](t *testing.T, descr string, items ...T) {
	t.Helper()
	array := newArray[T](t, []int{len(items)})
	equal(t, array.Data(), make([]T, len(items)))
	equal(t, openRawArray(t, array.Name()).Descr(), descr)
	again := openArray[T](t, array.Name(), shareable.ReadOnly())
	copy(array.Data(), items)
	equal(t, again.Data(), items)
	for i := range items {
		ok(t, array.Set(items[len(items)-1-i], i))
	}
	for i := range items {
		value, err := again.At(-1 - i)
		ok(t, err)
		equal(t, value, items[i])
	}
	equal(t, openArray[T](t, newArrayOf(t, items, len(items)).Name()).Data(), items)
}

func arrayHoldsEveryTypeOfNumbers(t *testing.T) {
	roundTrip(t, "'|b1'", false, true, true)
	roundTrip(t, "'|i1'", int8(math.MinInt8), 0, math.MaxInt8)
	roundTrip(t, native("i2"), int16(math.MinInt16), 0, math.MaxInt16)
	roundTrip(t, native("i4"), int32(math.MinInt32), 0, math.MaxInt32)
	roundTrip(t, native("i8"), int64(math.MinInt64), 0, math.MaxInt64)
	roundTrip(t, "'|u1'", uint8(1), math.MaxUint8)
	roundTrip(t, native("u2"), uint16(1), math.MaxUint16)
	roundTrip(t, native("u4"), uint32(1), math.MaxUint32)
	roundTrip(t, native("u8"), uint64(1), math.MaxUint64)
	roundTrip(t, native("f4"), float32(0.5), float32(math.Inf(-1)))
	roundTrip(t, native("f8"), math.Pi, math.SmallestNonzeroFloat64, math.Inf(1))
	roundTrip(t, native("c8"), complex64(complex(1, -2)), 0)
	roundTrip(t, native("c16"), complex128(complex(math.Pi, -math.MaxFloat64)), 0)
	roundTrip(t, native("i8"), time.Second, -time.Hour)

	halves := file(t, append(npy(header(native("f2"), "False", "(2,)"), 0), 0, 1, 2, 3)) // Go has no type of 16 bits for floats
	equal(t, openRawArray(t, halves).Bytes(), []byte{0, 1, 2, 3})
}

func arrayHoldsFieldsAndTheOtherByteOrder(t *testing.T) {
	descr := "[('x', '<f4'), ('n', '>i2', (2,))]"
	content := append(npy(header(descr, "True", "(2, 2)"), 0), "aaaaAAAAbbbbBBBBccccCCCCddddDDDD"...)
	array := openRawArray(t, file(t, content))
	equal(t, array.Descr(), descr)
	equal(t, array.ItemSize(), 8)
	equal(t, array.Shape(), []int{2, 2})
	equal(t, array.Strides(), []int{8, 16})
	equal(t, array.Len(), 4)
	equal(t, string(array.Bytes()), "aaaaAAAAbbbbBBBBccccCCCCddddDDDD")
	item, err := array.At(0, -1)
	ok(t, err)
	equal(t, string(item), "ccccCCCC")
	equal(t, cap(item), 8)
	copy(item, "changed!")
	equal(t, string(openRawArray(t, array.Name()).Bytes()[16:24]), "changed!")

	none := openRawArray(t, file(t, npy(header("'|S0'", "False", "(3,)"), 0)))
	equal(t, none.ItemSize(), 0)
	equal(t, none.Len(), 3)
	equal(t, none.Bytes(), []byte{})
	item, err = none.At(2)
	ok(t, err)
	equal(t, item, []byte{})

	numbers := openRawArray(t, newArrayOf(t, []uint8{1, 2, 3}, 3).Name())
	equal(t, numbers.Descr(), "'|u1'")
	equal(t, numbers.Bytes(), []byte{1, 2, 3})

	foreign := "'>i4'"
	if native("i4") == foreign {
		foreign = "'<i4'"
	}
	integers, err := shareable.NewRawArrayOf(foreign, []byte{0, 0, 0, 1, 0, 0, 0, 2}, []int{2}, shareable.WithName(newName()))
	ended(t, integers, err)
	again := openRawArray(t, integers.Name())
	equal(t, again.Descr(), foreign)
	equal(t, again.Bytes(), []byte{0, 0, 0, 1, 0, 0, 0, 2})
}

func arrayRefusesAnotherType(t *testing.T) {
	reals := newArray[float64](t, []int{2})
	_, err := shareable.OpenArray[byte](reals.Name())
	fails(t, err, is(shareable.ErrType), "'"+reals.Name()+"'", "float64", "uint8")
	_, err = shareable.OpenArray[int64]("/" + reals.Name())
	fails(t, err, is(shareable.ErrType), "'"+reals.Name()+"'", "float64", "int64")
	_, err = shareable.OpenArray[bool](newArray[uint8](t, nil).Name())
	fails(t, err, is(shareable.ErrType), "uint8", "bool")
	_, err = shareable.OpenArray[complex128](newArray[complex64](t, nil).Name())
	fails(t, err, is(shareable.ErrType), "complex64", "complex128")

	half := file(t, npy(header(native("f2"), "False", "(2,)"), 4))
	_, err = shareable.OpenArray[float32](half)
	fails(t, err, is(shareable.ErrType), "float16", "float32", "OpenRawArray")
	unaligned := file(t, npy("{'descr': "+native("i8")+", 'fortran_order': False, 'shape': (2,), }       \n", 16))
	_, err = shareable.OpenArray[int64](unaligned)
	fails(t, err, is(shareable.ErrType), "unaligned int64", "OpenRawArray")
	for _, descr := range []string{"'>i8'", "'<i8'"} {
		if descr == native("i8") {
			continue
		}
		_, err = shareable.OpenArray[int64](file(t, npy(header(descr, "False", "(2,)"), 16)))
		fails(t, err, is(shareable.ErrType), descr, "int64", "OpenRawArray")
	}
	fields := file(t, npy(header("[('x', '<f4'), ('y', '<f4')]", "False", "(2,)"), 16))
	_, err = shareable.OpenArray[float64](fields)
	fails(t, err, is(shareable.ErrType), "[('x', '<f4'), ('y', '<f4')]", "float64", "OpenRawArray")
	_, err = shareable.OpenArray[uint8](file(t, npy(header("'|S1'", "False", "(2,)"), 2)))
	fails(t, err, is(shareable.ErrType), "'|S1'", "uint8")
}

func arrayRefusesAnUnknownType(t *testing.T) {
	for _, descr := range []string{"no such type", "f3", "", "'<q9'", "'<f8', 1", "'<f8'\x00", "[('x',)]"} {
		_, err := shareable.NewRawArray(descr, []int{2}, shareable.WithName(newName()))
		fails(t, err, is(shareable.ErrArgument))
	}
	equal(t, blocks(), []string(nil))
}

func arrayRefusesPythonObjects(t *testing.T) {
	for _, descr := range []string{"'|O'", "[('a', '|O')]"} {
		_, err := shareable.NewRawArray(descr, []int{2}, shareable.WithName(newName()))
		fails(t, err, is(shareable.ErrArgument), "Python objects")
		equal(t, blocks(), []string(nil))
		name := file(t, npy(header(descr, "False", "(2,)"), 16))
		_, err = shareable.OpenArray[int64](name)
		fails(t, err, is(shareable.ErrNotArray), name, "Python objects")
		_, err = shareable.OpenRawArray(name)
		fails(t, err, is(shareable.ErrNotArray), name, "Python objects")
		ok(t, shareable.Unlink(name))
	}
}

func arrayIsAlignedTo64Bytes(t *testing.T) {
	for dimensions := 1; dimensions <= 64; dimensions++ {
		shape := make([]int, dimensions)
		for i := range shape {
			shape[i] = 1
		}
		array := newArray[complex128](t, shape)
		equal(t, uintptr(unsafe.Pointer(&array.Data()[0]))%64, uintptr(0))
		equal(t, openArray[complex128](t, array.Name()).Shape(), shape)
	}
}

func arrayMayBeEmptyOrHaveNoDimensions(t *testing.T) {
	for _, shape := range [][]int{{0}, {3, 0, 2}, {1 << 28, 0}} {
		empty := newArray[uint16](t, shape)
		equal(t, empty.Data(), []uint16{})
		equal(t, empty.Len(), 0)
		again := openArray[uint16](t, empty.Name())
		equal(t, again.Shape(), shape)
		_, err := again.At(make([]int, len(shape))...)
		fails(t, err, is(shareable.ErrIndex))
	}
	row, err := newArray[uint16](t, []int{3, 0, 2}).Row(2)
	ok(t, err)
	equal(t, row, []uint16{})

	single := newArray[int64](t, nil)
	equal(t, single.Shape(), []int{})
	equal(t, single.Strides(), []int{})
	equal(t, single.Len(), 1)
	ok(t, single.Set(7))
	value, err := openArray[int64](t, single.Name()).At()
	ok(t, err)
	equal(t, value, int64(7))
	equal(t, single.Data(), []int64{7})
}

func arrayInFortranOrderIsReadAndWritten(t *testing.T) {
	content := npy(header("'|u1'", "True", "(2, 3)"), 0)
	array := openArray[uint8](t, file(t, append(content, 0, 10, 1, 11, 2, 12)))
	equal(t, array.Shape(), []int{2, 3})
	strides := array.Strides()
	equal(t, strides, []int{1, 2})
	for i := 0; i < 2; i++ {
		for j := 0; j < 3; j++ {
			value, err := array.At(i, j)
			ok(t, err)
			equal(t, value, uint8(10*i+j))
			equal(t, array.Data()[i*strides[0]+j*strides[1]], value)
		}
	}
	ok(t, array.Set(99, 1, 0))
	equal(t, array.Data(), []uint8{0, 99, 1, 11, 2, 12})
	_, err := array.Row(0)
	fails(t, err, is(shareable.ErrNotContiguous), "Fortran order", array.Name())

	// The order does not matter if one dimension has more than one item.
	for _, shape := range []string{"(3,)", "(3, 1)", "(1, 3, 1)"} {
		column := openArray[uint8](t, file(t, append(npy(header("'|u1'", "True", shape), 0), 1, 2, 3)))
		row, err := column.Row(0)
		ok(t, err)
		equal(t, row[0], uint8(1))
	}
}

func arrayIsIndexedFromEitherEnd(t *testing.T) {
	array := newArrayOf(t, []int32{0, 1, 2, 3, 4, 5}, 2, 3)
	for i := -2; i < 2; i++ {
		for j := -3; j < 3; j++ {
			value, err := array.At(i, j)
			ok(t, err)
			equal(t, value, int32((i+2)%2*3+(j+3)%3))
		}
	}
	ok(t, array.Set(100, -1, -3))
	equal(t, array.Data()[3], int32(100))
}

func arrayRefusesAnIndexPastEitherEnd(t *testing.T) {
	array := newArray[int32](t, []int{2, 3})
	for _, indexes := range [][]int{{2, 0}, {-3, 0}, {0, 3}, {0, -4}, {math.MaxInt, 0}, {0, math.MinInt}} {
		_, err := array.At(indexes...)
		fails(t, err, is(shareable.ErrIndex), fmt.Sprint(indexes), "[2 3]", array.Name())
		fails(t, array.Set(1, indexes...), is(shareable.ErrIndex), fmt.Sprint(indexes), array.Name())
		_, err = openRawArray(t, array.Name()).At(indexes...)
		fails(t, err, is(shareable.ErrIndex), fmt.Sprint(indexes), array.Name())
	}
	for _, indexes := range [][]int{nil, {0}, {0, 0, 0}} {
		_, err := array.At(indexes...)
		fails(t, err, is(shareable.ErrIndex), fmt.Sprint(len(indexes), " indexes"), "2", array.Name())
	}
	equal(t, array.Data(), make([]int32, 6))
}

func arrayRefusesAShapeThatNoArrayCanHave(t *testing.T) {
	for word, shape := range map[string][]int{"negative": {3, -1}, "0 to 64 dimensions": make([]int, 65),
		"too large": {math.MaxInt, math.MaxInt}} {
		_, err := shareable.NewArray[float64](shape, shareable.WithName(newName()))
		fails(t, err, is(shareable.ErrArgument), word)
	}
	_, err := shareable.NewArray[float64](nil, shareable.WithName(newName()), shareable.WithCapacity(8))
	fails(t, err, is(shareable.ErrArgument), "WithCapacity")
	_, err = shareable.NewArray[float64](nil, shareable.WithName(newName()), shareable.NoSync())
	fails(t, err, is(shareable.ErrArgument))
	_, err = shareable.NewArray[float64](nil, shareable.WithName(newName()), shareable.WithMode(0o1000))
	fails(t, err, is(shareable.ErrArgument), "mode")
	for _, length := range []int{math.MaxInt, math.MaxInt - 128} {
		_, err = shareable.NewArray[uint8]([]int{length}, shareable.WithName(newName()))
		fails(t, err, nil)
	}
}

func arrayThatDoesNotFitIsRefusedWithSizesInTheMessage(t *testing.T) {
	name := newName()
	_, err := shareable.NewArray[uint8]([]int{1 << 50}, shareable.WithName(name))
	fails(t, err, is(shareable.ErrNoSpace, syscall.ENOSPC), name, fmt.Sprint(1<<50+128), "free")
	equal(t, blocks(), []string(nil))
}

func arrayRefusesANameThatExists(t *testing.T) {
	array := newArrayOf(t, []uint8{1}, 1)
	_, err := shareable.NewArray[float64]([]int{3}, shareable.WithName(array.Name()))
	fails(t, err, is(shareable.ErrExists, fs.ErrExist), array.Name())
	equal(t, array.Data(), []uint8{1})
}

func arrayRefusesABadName(t *testing.T) {
	for _, name := range []string{"", "/", ".", "a/b", "a\x00b", strings.Repeat("n", 256)} {
		_, err := shareable.NewArray[float64](nil, shareable.WithName(name))
		fails(t, err, is(shareable.ErrName))
		_, err = shareable.OpenArray[float64](name)
		fails(t, err, is(shareable.ErrName))
		_, err = shareable.OpenRawArray(name)
		fails(t, err, is(shareable.ErrName))
	}
}

func arrayRefusesToOpenAMissingBlock(t *testing.T) {
	name := newName()
	_, err := shareable.OpenArray[float64](name)
	fails(t, err, is(shareable.ErrNotFound, fs.ErrNotExist), name)
	_, err = shareable.OpenRawArray(name)
	fails(t, err, is(shareable.ErrNotFound, fs.ErrNotExist), name)
	equal(t, blocks(), []string(nil))
}

func arrayRefusesBlocksThatAreNotArrays(t *testing.T) {
	long := npy("", 100)
	copy(long[6:], "\x03\x00\x00\x00\x00\x01")
	for _, c := range []struct {
		content []byte
		word    string
	}{
		{[]byte("short"), "too small"},
		{make([]byte, 4096), "does not begin as a .npy file"},
		{append([]byte("\x93NUMPY\x04\x00"), make([]byte, 100)...), "version"},
		{long, "longer than 1 MiB"},
		{npy("", 100), "not a dict"},
		{npy("__import__('os').system('true')", 16), "not a dict"},
		{npy("{}", 16), "keys descr, fortran_order and shape"},
		{npy(header("'|O'", "False", "(2,)"), 16), "Python objects"},
		{npy(header("[('x', '|O')]", "False", "(2,)"), 16), "Python objects"},
		{npy(header("'<f8'", "False", "(-1,)"), 16), "shape"},
		{npy(header("'<f8'", "False", "(2)"), 16), "shape"},
		{npy(header("'<f8'", "0", "(2,)"), 16), "fortran_order"},
		{npy(header("'<f8'", "False", "(9223372036854775807, 9223372036854775807)"), 16), "too large"},
		{npy(header("'<f8'", "False", "(9223372036854775807, 0)"), 16), "too large"},
		{npy(header("'<f8'", "False", "(18446744073709551617,)"), 16), "shape"},
		{npy(header("'<f8'", "False", "("+strings.Repeat("1,", 65)+")"), 16), "shape"},
		{npy(header("'<f8'", "False", "(2,)")+"}", 16), "keys"},
		{npy(strings.Repeat("[", 60000), 16), "not a dict"},
		{npy(header(strings.Repeat("[", 10000), "False", "(2,)"), 16), ""},
	} {
		name := file(t, c.content)
		_, err := shareable.OpenArray[float64](name)
		fails(t, err, is(shareable.ErrNotArray), name, c.word)
		_, err = shareable.OpenRawArray(name)
		fails(t, err, is(shareable.ErrNotArray), name, c.word)
	}
	_, err := shareable.OpenArray[float64](newList(t, demo()).Name())
	fails(t, err, is(shareable.ErrNotArray))
	_, err = shareable.OpenList(newArray[float64](t, []int{3}).Name())
	fails(t, err, is(shareable.ErrNotList))
}

func arrayThatIsNotCompleteIsNotReady(t *testing.T) {
	for _, content := range [][]byte{
		npy(header("'<f8'", "False", "(2,)"), 15),
		npy(header("'<f8'", "False", "(2,)"), 0),
		npy(header("'|u1'", "False", "(9223372036854775807,)"), 100),
		npy(header("'<f8'", "False", "(2,)"), 16)[:40],
	} {
		name := file(t, content)
		_, err := shareable.OpenArray[float64](name)
		fails(t, err, is(shareable.ErrNotReady), name, fmt.Sprint("the block has ", len(content)))
	}
}

func arrayIgnoresLaterChangesOfTheHeader(t *testing.T) {
	array := newArrayOf(t, []int32{1, 2, 3}, 3)
	bytes := array.Memory().Bytes()
	for i := range bytes[:128] {
		bytes[i] = 0xff
	}
	equal(t, array.Shape(), []int{3})
	equal(t, array.Data(), []int32{1, 2, 3})
	_, err := shareable.OpenArray[int32](array.Name())
	fails(t, err, is(shareable.ErrNotArray))
}

func arrayAttachedReadOnlyRefusesWrites(t *testing.T) {
	array := newArrayOf(t, []int32{1, 2}, 2)
	again := openArray[int32](t, array.Name(), shareable.ReadOnly())
	fails(t, again.Set(7, 0), is(shareable.ErrReadOnly), array.Name())
	equal(t, again.Data(), []int32{1, 2})

	// A fault ends a program, unless SetPanicOnFault turns it into a panic.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		equal(t, recover() != nil, true)
		equal(t, array.Data(), []int32{1, 2})
	}()
	again.Data()[0] = 7
}

func arrayHasTheRequestedModeAndIsLazy(t *testing.T) {
	array := newArray[uint8](t, []int{1 << 29}, shareable.WithMode(0o640), shareable.Lazy(), shareable.Owned())
	status, err := os.Stat("/dev/shm/" + array.Name())
	ok(t, err)
	equal(t, status.Mode().Perm()&^0o040, fs.FileMode(0o600)) // the umask may remove a bit
	ok(t, array.Set(1, -1))
	value, err := array.At(1<<29 - 1)
	ok(t, err)
	equal(t, value, uint8(1))
}

func arrayReturnsItsBlock(t *testing.T) {
	array := newArray[uint8](t, []int{3})
	equal(t, array.Memory().Name(), array.Name())
	equal(t, array.Memory().Size(), 128+3)
	equal(t, string(array.Memory().Bytes()[1:6]), "NUMPY")
	openMemory(t, array.Name()).Bytes()[128] = 9
	equal(t, array.Data(), []uint8{9, 0, 0})
}

// If the environment variable is set, the test program makes two arrays and exits.
func init() {
	if name := os.Getenv("SHAREABLE_TEST_ARRAY_OWNER"); name != "" {
		_, owned := shareable.NewArray[uint8]([]int{3}, shareable.WithName(name), shareable.Owned())
		_, kept := shareable.NewArray[uint8]([]int{3}, shareable.WithName(name+"-kept"))
		fmt.Println(owned, kept)
		os.Exit(0)
	}
}

func arrayIsUnlinkedWhenItsOwnerExits(t *testing.T) {
	name := newName()
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), "SHAREABLE_TEST_ARRAY_OWNER="+name)
	output, err := owner.Output()
	ok(t, err)
	equal(t, string(output), "<nil> <nil>\n")
	for end := time.Now().Add(10 * time.Second); exists(name) && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	equal(t, []bool{exists(name), exists(name + "-kept")}, []bool{false, true})
	ok(t, shareable.Unlink(name+"-kept"))
}

func arrayCanBeClosedTwiceAndKeepsItsNameAndShape(t *testing.T) {
	array := newArrayOf(t, []float64{1, 2, 3}, 3)
	bytes := openRawArray(t, array.Name())
	data := array.Data()
	for i := 0; i < 2; i++ {
		ok(t, array.Close())
		ok(t, bytes.Memory().Close())
	}
	equal(t, array.Data(), []float64(nil))
	_, err := array.At(0)
	fails(t, err, is(shareable.ErrClosed), array.Name())
	fails(t, array.Set(1, 100), is(shareable.ErrClosed), array.Name())
	_, err = array.Row(0)
	fails(t, err, is(shareable.ErrClosed), array.Name())
	equal(t, bytes.Bytes(), []byte(nil))
	_, err = bytes.At(0)
	fails(t, err, is(shareable.ErrClosed), array.Name())
	equal(t, array.Shape(), []int{3})
	equal(t, array.Strides(), []int{1})
	equal(t, array.Len(), 3)
	equal(t, bytes.Descr(), native("f8"))
	data[0] = 4 // the slice stays mapped
	equal(t, data, []float64{4, 2, 3})
	ok(t, array.Unlink())
}

func arrayIsUnlinkedOnceAndThenNotFound(t *testing.T) {
	array := newArray[int8](t, []int{3})
	ok(t, array.Unlink())
	fails(t, array.Unlink(), is(shareable.ErrNotFound), array.Name())
	_, err := shareable.OpenArray[int8](array.Name())
	fails(t, err, is(shareable.ErrNotFound), array.Name())
	ok(t, array.Set(1, 0)) // other users keep using it
}

// numpy runs a program with NumPy, without this library, and returns what it prints.
func numpy(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import numpy").Run() != nil {
		t.Skip("no NumPy for " + python)
	}
	command := exec.Command(python, append([]string{"-c", "import sys; import numpy as np\n" + program}, arguments...)...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	ok(t, err)
	return string(output)
}

// saved checks the array that NumPy saved as NAME-CODE-ORDER: 0 to 5 in the shape (2, 3).
func saved[T shareable.Element](t *testing.T, name, code string, value func(i int) T) {
	t.Helper()
	for _, order := range []string{"C", "F"} {
		array := openArray[T](t, name+"-"+code+"-"+order)
		equal(t, array.Shape(), []int{2, 3})
		for i := 0; i < 6; i++ {
			got, err := array.At(i/3, i%3)
			ok(t, err)
			equal(t, got, value(i))
			ok(t, array.Set(value(5-i), i/3, i%3))
		}
	}
}

func arrayOpensWhatNumpySaves(t *testing.T) {
	name := newName()
	t.Cleanup(func() {
		for _, path := range blocks() {
			if strings.HasPrefix(path, "/dev/shm/"+name+"-") {
				os.Remove(path)
			}
		}
	})
	numpy(t, `
for code in sys.argv[2].split():
    for order in "CF":
        with open(f"/dev/shm/{sys.argv[1]}-{code}-{order}", "wb") as file:
            np.save(file, np.array(np.arange(6).reshape(2, 3), code, order=order))
`, name, "b1 i1 i2 i4 i8 u1 u2 u4 u8 f4 f8 c8 c16 f2")
	saved(t, name, "b1", func(i int) bool { return i != 0 })
	saved(t, name, "i1", func(i int) int8 { return int8(i) })
	saved(t, name, "i2", func(i int) int16 { return int16(i) })
	saved(t, name, "i4", func(i int) int32 { return int32(i) })
	saved(t, name, "i8", func(i int) int64 { return int64(i) })
	saved(t, name, "u1", func(i int) uint8 { return uint8(i) })
	saved(t, name, "u2", func(i int) uint16 { return uint16(i) })
	saved(t, name, "u4", func(i int) uint32 { return uint32(i) })
	saved(t, name, "u8", func(i int) uint64 { return uint64(i) })
	saved(t, name, "f4", func(i int) float32 { return float32(i) })
	saved(t, name, "f8", func(i int) float64 { return float64(i) })
	saved(t, name, "c8", func(i int) complex64 { return complex(float32(i), 0) })
	saved(t, name, "c16", func(i int) complex128 { return complex(float64(i), 0) })
	equal(t, openRawArray(t, name+"-f2-F").ItemSize(), 2)
	equal(t, numpy(t, `
for code in sys.argv[2].split():
    for order in "CF":
        loaded = np.load(f"/dev/shm/{sys.argv[1]}-{code}-{order}")
        wanted = np.arange(5, -1, -1).reshape(2, 3).astype(code)
        if loaded.dtype != wanted.dtype or not (loaded == wanted).all():
            print(code, order, loaded)
`, name, "b1 i1 i2 i4 i8 u1 u2 u4 u8 f4 f8 c8 c16"), "")
}

func arrayIsReadAndWrittenByNumpy(t *testing.T) {
	array := newArrayOf(t, []float32{0, 1, 2, 3, 4, 5}, 2, 3)
	equal(t, numpy(t, `
array = np.load("/dev/shm/" + sys.argv[1], mmap_mode="r+")
print(array.dtype, array.shape, array.tolist())
array[1] += 0.5
`, array.Name()), "float32 (2, 3) [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]\n")
	equal(t, array.Data(), []float32{0, 1, 2, 3.5, 4.5, 5.5})

	pairs, err := shareable.NewRawArray("[('x', '<f4'), ('name', '|S4')]", []int{2}, shareable.WithName(newName()))
	ended(t, pairs, err)
	for _, bytes := range [][]byte{pairs.Memory().Bytes(), array.Memory().Bytes()} {
		equal(t, string(bytes[:8]), "\x93NUMPY\x01\x00")
	}
	item, err := pairs.At(1)
	ok(t, err)
	binary.LittleEndian.PutUint32(item, math.Float32bits(2.5))
	copy(item[4:], "two")
	equal(t, numpy(t, `print(np.load("/dev/shm/" + sys.argv[1]).tolist())`, pairs.Name()), "[(0.0, b''), (2.5, b'two')]\n")

	for _, shape := range [][]int{nil, {0}, {3, 0, 2}, {1}} {
		array := newArray[complex128](t, shape)
		want := strings.Trim(strings.ReplaceAll(fmt.Sprint(array.Shape()), " ", ", "), "[]")
		if len(shape) == 1 {
			want += ","
		}
		equal(t, numpy(t, `print(np.load("/dev/shm/" + sys.argv[1]).shape)`, array.Name()), "("+want+")\n")
	}
}
