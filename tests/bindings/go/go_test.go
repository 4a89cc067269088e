// Tests of what only Go has: its types, errors, goroutines and garbage collector.
package check_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"shareable"
)

func TestEveryIntegerAndFloatTypeIsStored(t *testing.T) {
	type own int16
	type text string
	type data []byte
	list := newList(t, []any{int8(-8), int16(-16), int32(-32), int64(-64), uint(1), uint8(8), uint16(16), uint32(32),
		uint64(64), uintptr(65), 'r', float32(0.5), own(3), time.Second, text("named"), data("named"), fs.FileMode(0o600)})
	items(t, list, []any{int64(-8), int64(-16), int64(-32), int64(-64), int64(1), int64(8), int64(16), int64(32),
		int64(64), int64(65), int64('r'), 0.5, int64(3), int64(time.Second), "named", []byte("named"), int64(0o600)})
	ok(t, list.Set(0, uint16(math.MaxUint16)))
	item(t, list, 0, int64(math.MaxUint16))
	ok(t, list.Set(1, data("set")))
	item(t, list, 1, []byte("set"))
}

func TestLongTextsAreReadCompletely(t *testing.T) {
	for _, length := range []int{63, 64, 65, 1000, 100000} {
		text := strings.Repeat("x", length-1) + "é"[1:]
		list := newList(t, []any{[]byte(text), strings.Repeat("y", length)})
		item(t, list, 0, []byte(text))
		item(t, list, 1, strings.Repeat("y", length))
		got, err := list.GetString(1)
		ok(t, err)
		equal(t, len(got), length)
	}
}

func TestAnErrorMatchesItsStatusItsErrnoAndTheStandardError(t *testing.T) {
	_, err := shareable.OpenList("go-test-absent")
	wrapped := fmt.Errorf("opening: %w", err)
	var own *shareable.Error
	var status shareable.Status
	equal(t, errors.As(wrapped, &own), true)
	equal(t, errors.As(wrapped, &status), true)
	equal(t, own.Status, shareable.ErrNotFound)
	equal(t, own.Errno, syscall.ENOENT)
	equal(t, status.Name(), "E_NOT_FOUND")
	equal(t, shareable.ErrIndex.Error(), "shareable: index out of range")
	equal(t, errors.Is(err, fs.ErrExist), false)
	equal(t, errors.Is(err, shareable.ErrExists), false)
	equal(t, errors.Is(fmt.Errorf("wrapped: %w", shareable.ErrSystem), syscall.EIO), false)

	if os.Getuid() != 0 {
		memory := newMemory(t, 1, shareable.WithMode(0o200))
		_, err = shareable.OpenMemory(memory.Name())
		fails(t, err, is(shareable.ErrPermission, fs.ErrPermission, syscall.EACCES), memory.Name())
	}
}

func TestOpeningADirectoryReportsTheErrno(t *testing.T) {
	name := newName()
	ok(t, os.Mkdir("/dev/shm/"+name, 0o700))
	defer os.Remove("/dev/shm/" + name)
	_, err := shareable.OpenMemory(name)
	var own *shareable.Error
	equal(t, errors.As(err, &own), true)
	equal(t, own.Status, shareable.ErrSystem)
	equal(t, errors.Is(err, own.Errno), true)
	equal(t, errors.Is(err, syscall.EIO), false)
}

// errors.go repeats the statuses of the header, so the test checks that it has all of them.
func TestEveryStatusHasASentinel(t *testing.T) {
	top := os.Getenv("top_srcdir")
	if top == "" {
		t.Skip("top_srcdir is not set, so the sources are not known")
	}
	header, err := os.ReadFile(top + "/core/include/shareable.h")
	ok(t, err)
	source, err := os.ReadFile(top + "/bindings/go/errors.go")
	ok(t, err)
	names := regexp.MustCompile(`X\((E_[A-Z0-9_]+),`).FindAllStringSubmatch(string(header), -1)
	if len(names) < 20 {
		t.Fatal("only", len(names), "statuses found")
	}
	for _, name := range names {
		if !strings.Contains(string(source), "Status(raw."+name[1]+")") {
			t.Error("no sentinel for", name[1])
		}
	}
}

func TestANilOrZeroHandleIsClosed(t *testing.T) {
	for _, list := range []*shareable.List{nil, new(shareable.List)} {
		_, err := list.Get(0)
		fails(t, err, is(shareable.ErrClosed))
		_, err = list.GetInt(0)
		fails(t, err, is(shareable.ErrClosed))
		fails(t, list.Set(0, "text"), is(shareable.ErrClosed))
		fails(t, list.Unlink(), is(shareable.ErrClosed))
		for _, err := range atomics(list, 0) {
			fails(t, err, is(shareable.ErrClosed))
		}
		_, err = list.Wait(nil, 0, 1)
		fails(t, err, is(shareable.ErrClosed))
		_, err = list.Hash()
		fails(t, err, is(shareable.ErrClosed))
		_, err = list.WaitAny(nil, 0)
		fails(t, err, is(shareable.ErrClosed))
		fails(t, second(list.Lock(nil)), is(shareable.ErrClosed))
		fails(t, list.Unlock(), is(shareable.ErrClosed))
		_, err = list.Count(1)
		fails(t, err, is(shareable.ErrClosed))
		_, err = list.Format()
		fails(t, err, is(shareable.ErrClosed))
		_, err = list.GetInts(0, make([]int64, 1))
		fails(t, err, is(shareable.ErrClosed))
		ok(t, list.Close())
		equal(t, list.Len(), 0)
		equal(t, list.Name(), "")
		equal(t, list.Memory().Size(), 0)
		equal(t, list.String(), `List("", 0 items, closed)`)
	}
	for _, memory := range []*shareable.Memory{nil, new(shareable.Memory)} {
		equal(t, memory.Bytes(), []byte(nil))
		_, err := memory.ReadAt(nil, 0)
		fails(t, err, is(shareable.ErrClosed))
		_, err = memory.WriteAt(nil, 0)
		fails(t, err, is(shareable.ErrClosed))
		fails(t, memory.Unlink(), is(shareable.ErrClosed))
		ok(t, memory.Close())
		equal(t, memory.Size(), 0)
	}
}

func TestBytesStayMappedAfterClose(t *testing.T) {
	memory := newMemory(t, 4096)
	bytes := memory.Bytes()
	copy(bytes, "howdy")
	memory.Unlink()
	ok(t, memory.Close())
	memory = nil
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
	bytes[4095] = 1
	equal(t, string(bytes[:5]), "howdy")
}

func TestMemoryIsAReaderAtAndAWriterAt(t *testing.T) {
	memory := newMemory(t, 10)
	_, err := memory.WriteAt([]byte("howdy"), 2)
	ok(t, err)
	text, err := io.ReadAll(io.NewSectionReader(memory, 1, 20))
	ok(t, err)
	equal(t, string(text), "\x00howdy\x00\x00\x00")
}

func mapped(name string) bool {
	maps, _ := os.ReadFile("/proc/self/maps")
	for _, line := range strings.Split(string(maps), "\n") {
		if strings.Contains(line, "/dev/shm/") && strings.Contains(line, name) { // Unlink renames the file first
			return true
		}
	}
	return false
}

func TestAnUnreachableHandleIsUnmapped(t *testing.T) {
	memory, err := shareable.OpenMemory(newMemory(t, 4096).Name())
	ok(t, err)
	made := newList(t, demo())
	list, err := shareable.OpenList(made.Name())
	ok(t, err)
	ok(t, made.Close()) // this handle maps the block too
	block := list.Memory()
	names := []string{memory.Name(), block.Name()}
	list = nil
	runtime.GC()
	for _, name := range names {
		equal(t, mapped(name), true)
	}
	equal(t, block.Size() > 0, true) // the Memory keeps the list reachable
	equal(t, memory.Size() > 0, true)
	memory, block = nil, nil
	for _, name := range names {
		for end := time.Now().Add(10 * time.Second); mapped(name) && time.Now().Before(end); {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
		equal(t, mapped(name), false)
	}
}

func TestNewMemoryRejectsListOptions(t *testing.T) {
	_, err := shareable.NewMemory(1, shareable.WithName(newName()), shareable.WithCapacity(8))
	fails(t, err, is(shareable.ErrArgument), "WithCapacity")
	memory := newMemory(t, 1<<20, shareable.Lazy())
	equal(t, len(memory.Bytes()), 1<<20)
}

func TestTypedAccessDoesNotAllocate(t *testing.T) {
	list := newList(t, []any{1, 2.5, true, "text", []byte("text")})
	text, data := strings.Repeat("s", 8), []byte("bytes")
	for name, access := range map[string]func(){
		"GetInt":         func() { list.GetInt(0) },
		"SetInt":         func() { list.SetInt(0, 1<<40) },
		"GetFloat":       func() { list.GetFloat(1) },
		"SetFloat":       func() { list.SetFloat(1, 0.5) },
		"GetBool":        func() { list.GetBool(2) },
		"SetBool":        func() { list.SetBool(2, false) },
		"SetString":      func() { list.SetString(3, text) },
		"SetBytes":       func() { list.SetBytes(4, data) },
		"Add":            func() { list.Add(0, 1) },
		"Swap":           func() { list.Swap(0, 1) },
		"CompareAndSwap": func() { list.CompareAndSwap(0, 1, 2) },
		"TryLock":        func() { list.TryLock() },
		"At of int64":    func() { shareable.At[int64](list, 0) },
		"At of int":      func() { shareable.At[int](list, 0) },
		"At of float64":  func() { shareable.At[float64](list, 1) },
		"At of Duration": func() { shareable.At[time.Duration](list, 0) },
	} {
		if allocated := testing.AllocsPerRun(100, access); allocated != 0 {
			t.Error(name, "allocates", allocated, "times")
		}
	}
	if allocated := testing.AllocsPerRun(100, func() { list.GetString(3) }); allocated > 1 {
		t.Error("GetString allocates", allocated, "times")
	}
}

// Every call succeeds until the list is closed, and then returns ErrClosed. No call returns another
// error.
func TestCloseDuringOtherCalls(t *testing.T) {
	for round := 0; round < 20; round++ {
		list := newList(t, demo())
		var users sync.WaitGroup
		var failures atomic.Int64
		use := func(access func() error) {
			defer users.Done()
			for {
				if err := access(); err != nil {
					if !errors.Is(err, shareable.ErrClosed) {
						failures.Add(1)
						t.Error(err)
					}
					return
				}
			}
		}
		accesses := []func() error{
			func() error { _, err := list.GetInt(6); return err },
			func() error { return list.SetFloat(2, -78.5) },
			func() error { _, err := list.Get(0); return err },
			func() error { _, err := list.Count(42); return err },
			func() error { _, err := list.Memory().ReadAt(make([]byte, 64), 0); return err },
			func() error { _, err := list.Format(); return err },
			func() error { _, err := list.GetInts(6, make([]int64, 1)); return err },
			func() error { _, err := list.Add(3, 1); return err },
			func() error { _, err := list.Wait(context.Background(), 0, "howdy"); return err },
			func() error { _, err := list.WaitAny(context.Background(), 0); return err },
			func() error {
				if _, err := list.Lock(context.Background()); err != nil {
					return err
				}
				return list.Unlock()
			},
		}
		users.Add(len(accesses))
		for _, access := range accesses {
			go use(access)
		}
		time.Sleep(time.Duration(round) * 100 * time.Microsecond)
		ok(t, list.Close())
		users.Wait()
		ok(t, list.Unlink())
		equal(t, failures.Load(), int64(0))
	}
}

func BenchmarkGetInt(b *testing.B) {
	list, err := shareable.NewList([]any{42})
	if err != nil {
		b.Fatal(err)
	}
	defer list.Close()
	defer list.Unlink()
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		list.GetInt(0)
	}
}

func BenchmarkGet(b *testing.B) {
	list, err := shareable.NewList(demo())
	if err != nil {
		b.Fatal(err)
	}
	defer list.Close()
	defer list.Unlink()
	for i, name := range []string{"str", "bytes", "float", "int", "None", "bool"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for j := 0; j < b.N; j++ {
				list.Get(i)
			}
		})
	}
}

func BenchmarkNewListOfAMillionInts(b *testing.B) {
	values := make([]any, 1000000)
	for i := range values {
		values[i] = i
	}
	for i := 0; i < b.N; i++ {
		list, err := shareable.NewList(values)
		if err != nil {
			b.Fatal(err)
		}
		list.Unlink()
		list.Close()
	}
}
