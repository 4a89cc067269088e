// Worker is a worker of the stress test, in Go: see stress.h. It works until it is killed.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"shareable"
)

const (
	values        = 12
	added         = 12
	locked        = 13
	tick          = 14
	tock          = 15
	swapped       = 18
	numbers       = 19
	numberCount   = 4
	calls         = 23
	answers       = 27
	burst         = 64
	valueBurst    = 32
	columns       = 16
	recordTextMax = 472
)

const limit = 2 * time.Second

const (
	reads = iota
	writes
	waits
	notedAdded
	notedLocked
	ownerDied
	torn
	stuck
	corrupt
	others
	lost
	notedSwapped
	measured
	fast
)

type worker struct {
	list, tally *shareable.List
	row         int
	dice        *rand.Rand
	hash        uint64
	number      int   // of this worker among those of its role
	called      int64 // the last value that a caller wrote

	// Operations, and those without a call of C. That is the fast path.
	measured, fast int64
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "stress: a worker in Go:", err)
		os.Exit(1)
	}
}

func (w *worker) countMany(column int, number int64) {
	_, err := w.tally.Add(w.row+column, number)
	must(err)
}

func (w *worker) count(column int) {
	w.countMany(column, 1)
}

// measure counts the operation whose beginning had the number of calls of C.
func (w *worker) measure(calls int64) {
	w.measured++
	if runtime.NumCgoCall() == calls {
		w.fast++
	}
}

func (w *worker) countMeasured() {
	w.countMany(measured, w.measured)
	w.countMany(fast, w.fast)
	w.measured, w.fast = 0, 0
}

func (w *worker) checkDuration(start time.Time, operation string) {
	if passed := time.Since(start); passed > limit {
		w.count(stuck)
		fmt.Fprintln(os.Stderr, "stress: Go:", operation, "took", passed)
	}
}

func withChecksum(random, kind uint64) uint64 {
	low := random&0xfffffffe | kind
	return low*0x9e3779b1&0xfffff<<32 | low
}

func letter(length int, base byte) byte {
	return base + byte(length%26)
}

func isWhole(value any) bool {
	switch value := value.(type) {
	case int64:
		return uint64(value) == withChecksum(uint64(value), 0)
	case float64:
		// LuaJIT writes an integer as a float if the item is a float.
		return math.Float64bits(value) == withChecksum(math.Float64bits(value), 1) ||
			value >= 1 && value < 1<<53 && isWhole(int64(value)) && value == math.Trunc(value)
	case string:
		return value == strings.Repeat(string(letter(len(value), 'a')), len(value))
	case []byte:
		return bytes.Equal(value, bytes.Repeat([]byte{letter(len(value), 'A')}, len(value)))
	case bool:
		return value
	}
	return value == nil
}

func (w *worker) someValue(room int) any {
	kind := w.dice.Intn(10)
	switch {
	case kind < 4:
		return int64(withChecksum(w.dice.Uint64(), 0))
	case kind < 6:
		return math.Float64frombits(withChecksum(w.dice.Uint64(), 1))
	case kind == 6:
		return true
	case kind == 7:
		return nil
	}
	length := w.dice.Intn(room + 1)
	if kind == 8 {
		return strings.Repeat(string(letter(length, 'a')), length)
	}
	return bytes.Repeat([]byte{letter(length, 'A')}, length)
}

func (w *worker) lock() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*limit)
	defer cancel()
	died, err := w.list.Lock(ctx)
	must(err)
	if died {
		w.count(ownerDied)
	}
}

// countLockedUp counts an item up under the lock, each time with another type.
func (w *worker) countLockedUp() {
	value, err := w.list.Get(locked)
	must(err)
	number, err := strconv.ParseInt(fmt.Sprint(value), 10, 64)
	if float, ok := value.(float64); ok {
		number, err = int64(float), nil
	}
	must(err)
	number++
	next := []any{number, float64(number), strconv.FormatInt(number, 10)}[number%3]
	must(w.list.Set(locked, next))
}

func (w *worker) swapUp() {
	for done := false; !done; {
		calls := runtime.NumCgoCall()
		old, err := w.list.GetInt(swapped)
		w.measure(calls)
		must(err)
		calls = runtime.NumCgoCall()
		done, err = w.list.CompareAndSwap(swapped, old, old+1)
		w.measure(calls)
		must(err)
	}
	w.count(notedSwapped)
}

func (w *worker) countUp() {
	start := time.Now()
	calls := runtime.NumCgoCall()
	_, err := w.list.Add(added, 1)
	w.measure(calls)
	must(err)
	w.count(notedAdded)
	w.swapUp()
	w.lock()
	w.countLockedUp()
	w.count(notedLocked)
	must(w.list.Unlock())
	w.checkDuration(start, "counting")
}

// writeNumber writes a number of the type of like by the function for that type.
func (w *worker) writeNumber(i int, like any) error {
	random := w.dice.Uint64()
	calls := runtime.NumCgoCall()
	defer w.measure(calls)
	switch like.(type) {
	case int64:
		return w.list.SetInt(i, int64(withChecksum(random, 0)))
	case float64:
		return w.list.SetFloat(i, math.Float64frombits(withChecksum(random, 1)))
	}
	return w.list.SetBool(i, true)
}

// readNumber reads a number by a function for the type of like, or by Get.
func (w *worker) readNumber(i int, like any) (value any, err error) {
	kind := w.dice.Intn(3)
	calls := runtime.NumCgoCall()
	defer w.measure(calls)
	if _, ok := like.(int64); ok && kind == 0 {
		return w.list.GetInt(i)
	} else if ok && kind == 1 {
		return shareable.At[int64](w.list, i)
	}
	if _, ok := like.(float64); ok && kind == 0 {
		return w.list.GetFloat(i)
	} else if ok && kind == 1 {
		return shareable.At[float64](w.list, i)
	}
	if _, ok := like.(bool); ok && kind == 0 {
		return w.list.GetBool(i)
	}
	return w.list.Get(i)
}

// readNumbers reads a number many times.
func (w *worker) readNumbers() {
	i := numbers + w.dice.Intn(numberCount)
	var last any
	for k := 0; k < burst; k++ {
		value, err := w.readNumber(i, last)
		if errors.Is(err, shareable.ErrType) {
			last = nil
			continue
		}
		must(err)
		if !isWhole(value) {
			w.count(torn)
		}
		last = value
	}
}

// writeNumbers writes a number many times. In one of four calls, it changes its type first.
func (w *worker) writeNumbers() {
	i := numbers + w.dice.Intn(numberCount)
	value, err := w.readNumber(i, nil)
	must(err)
	if w.dice.Intn(4) == 0 {
		value = []any{int64(0), 0.0, true}[w.dice.Intn(3)]
	}
	for k := 0; k < burst; k++ {
		must(w.writeNumber(i, value))
	}
}

// pause lets other processes run. A killed process keeps its locks until it has run once more, which
// takes long if many processes are busy.
func (w *worker) pause() {
	time.Sleep(time.Duration(w.dice.Intn(100)) * time.Microsecond)
}

func (w *worker) write() {
	i := w.dice.Intn(values)
	room, err := w.list.Capacity(i)
	must(err)
	value := w.someValue(room)
	start, calls := time.Now(), runtime.NumCgoCall()
	must(w.list.Set(i, value))
	w.measure(calls)
	w.checkDuration(start, "a write")
	w.count(writes)
	if w.dice.Intn(8) == 0 {
		w.countUp()
	}
	start = time.Now()
	w.writeNumbers()
	w.checkDuration(start, "writing numbers")
	w.countMeasured()
	w.pause()
}

func (w *worker) readValue() {
	i := w.dice.Intn(values)
	room, err := w.list.Capacity(i)
	must(err)
	start, calls := time.Now(), runtime.NumCgoCall()
	value, err := w.list.Get(i)
	w.measure(calls)
	w.checkDuration(start, "a read")
	w.count(reads)
	switch {
	case err == nil && !isWhole(value), errors.Is(err, shareable.ErrUTF8):
		w.count(torn)
	case errors.Is(err, shareable.ErrCorrupt) && room > recordTextMax:
		w.count(corrupt)
	case err != nil:
		w.count(others)
	}
}

func (w *worker) read() {
	for k := 0; k < valueBurst; k++ {
		w.readValue()
	}
	start := time.Now()
	w.readNumbers()
	w.checkDuration(start, "reading numbers")
	w.countMeasured()
	w.pause()
}

// writeCall counts an int up, by each function in turn.
func (w *worker) writeCall() {
	var err error
	i, next := calls+w.number, w.called+1
	switch next % 4 {
	case 0:
		err = w.list.Set(i, next)
	case 1:
		err = w.list.SetInt(i, next)
	case 2:
		_, err = w.list.Add(i, 1)
	case 3:
		_, err = w.list.CompareAndSwap(i, w.called, next)
	}
	must(err)
	w.called = next
}

// call writes an int, which must wake a process in C. That process writes an answer.
func (w *worker) call() {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	if w.called == 0 { // the other process may not have started
		ctx = context.Background()
	}
	defer cancel()
	before, err := w.list.Get(answers + w.number)
	must(err)
	w.writeCall()
	_, err = w.list.Wait(ctx, answers+w.number, before)
	if errors.Is(err, context.DeadlineExceeded) {
		w.count(lost)
	} else {
		must(err)
	}
	w.count(waits)
	w.pause()
}

func (w *worker) wait(ctx context.Context, kind int) error {
	i := tick
	switch kind {
	case 2:
		hash, err := w.list.WaitAny(ctx, w.hash)
		w.hash = hash
		return err
	case 3:
		w.lock()
		defer func() { must(w.list.Unlock()) }()
	case 0:
		i = tock
	}
	before, err := w.list.Get(i)
	must(err)
	_, err = w.list.Wait(ctx, i, before)
	return err
}

func (w *worker) watchSomething() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*limit)
	defer cancel()
	start := time.Now()
	if err := w.wait(ctx, w.dice.Intn(4)); !errors.Is(err, context.DeadlineExceeded) {
		must(err)
	}
	w.checkDuration(start, "a wait")
	w.count(waits)
}

func main() {
	row, err := strconv.Atoi(os.Args[3])
	must(err)
	seed, err := strconv.ParseInt(os.Args[4], 10, 64)
	must(err)
	w := &worker{row: columns * row, dice: rand.New(rand.NewSource(seed))}
	w.list, err = shareable.OpenList(os.Args[2])
	must(err)
	w.tally, err = shareable.OpenList(os.Args[2] + "-tally")
	must(err)
	role, number, _ := strings.Cut(os.Args[1], "-")
	w.number, _ = strconv.Atoi(number)
	work := map[string]func(){"writer": w.write, "reader": w.read, "watcher": w.watchSomething, "caller": w.call}[role]
	for {
		work()
	}
}
