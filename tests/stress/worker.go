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
	columns       = 16
	recordTextMax = 472
)

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
)

type worker struct {
	list, tally *shareable.List
	row         int
	dice        *rand.Rand
	hash        uint64
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "stress: a worker in Go:", err)
		os.Exit(1)
	}
}

func (w *worker) count(column int) {
	_, err := w.tally.Add(w.row+column, 1)
	must(err)
}

func (w *worker) checkDuration(start time.Time, operation string) {
	if passed := time.Since(start); passed > time.Second {
		w.count(stuck)
		fmt.Fprintln(os.Stderr, "stress: Go:", operation, "took", passed)
	}
}

func withChecksum(random, kind uint64) uint64 {
	low := random&0xfffffffe | kind
	return low*0x9e3779b1&0x3fffffff<<32 | low
}

func letter(length int, base byte) byte {
	return base + byte(length%26)
}

func isWhole(value any) bool {
	switch value := value.(type) {
	case int64:
		return uint64(value) == withChecksum(uint64(value), 0)
	case float64:
		return math.Float64bits(value) == withChecksum(math.Float64bits(value), 1)
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
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	died, err := w.list.Lock(ctx)
	must(err)
	if died {
		w.count(ownerDied)
	}
}

func (w *worker) countUp() {
	start := time.Now()
	_, err := w.list.Add(added, 1)
	must(err)
	w.count(notedAdded)
	w.lock()
	number, err := w.list.GetInt(locked)
	must(err)
	must(w.list.SetInt(locked, number+1))
	w.count(notedLocked)
	must(w.list.Unlock())
	w.checkDuration(start, "counting")
}

func (w *worker) write() {
	i := w.dice.Intn(values)
	room, err := w.list.Capacity(i)
	must(err)
	value := w.someValue(room)
	start := time.Now()
	must(w.list.Set(i, value))
	w.checkDuration(start, "a write")
	w.count(writes)
	if w.dice.Intn(8) == 0 {
		w.countUp()
	}
}

func (w *worker) read() {
	i := w.dice.Intn(values)
	room, err := w.list.Capacity(i)
	must(err)
	start := time.Now()
	value, err := w.list.Get(i)
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
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
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
	work := map[string]func(){"writer": w.write, "reader": w.read, "watcher": w.watchSomething}[os.Args[1]]
	for {
		work()
	}
}
