// The subjects in Go: this library, and a Go slice. subject.h describes the protocol.
//
// lists ours | typed | slice | called | crowd | waiting
package main

// #cgo pkg-config: shareable
// #include <stdlib.h>
// #include "shareable.h"
import "C"

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"shareable"
)

const (
	items = 1000
	item  = 500
	text  = "sixteen bytes ok"
	other = "sixteen more, ok"
)

// task runs an operation the given number of times.
type task func(times int)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// values returns two different values of a type.
func values(kind string) (first, second any) {
	switch kind {
	case "bool":
		return true, false
	case "int":
		return int64(7), int64(8)
	case "float":
		return 2.5, 3.5
	case "str":
		return text, other
	case "bytes":
		return []byte(text), []byte(other)
	}
	return nil, nil
}

func many(kind string) []any {
	value, _ := values(kind)
	all := make([]any, items)
	for i := range all {
		all[i] = value
	}
	return all
}

func listOf(kind string) *shareable.List {
	list, err := shareable.NewList(many(kind))
	must(err)
	must(list.Unlink())
	return list
}

func open(name string) *shareable.List {
	list, err := shareable.OpenList(name)
	must(err)
	return list
}

// sink keeps the values that are read, so that the compiler does not remove the reads.
var sink any

func read(kind string) task {
	list := listOf(kind)
	return func(times int) {
		for i := 0; i < times; i++ {
			sink, _ = list.Get(item)
		}
	}
}

func write(kind string) task {
	list := listOf(kind)
	first, second := values(kind)
	return func(times int) {
		for i := 0; i < times; i++ {
			if i%2 == 0 {
				list.Set(item, second)
			} else {
				list.Set(item, first)
			}
		}
	}
}

// Typed reads and writes of ints and floats, which do not allocate.

var number int64
var real float64

func readTyped(kind string) task {
	list := listOf(kind)
	if kind == "int" {
		return func(times int) {
			for i := 0; i < times; i++ {
				number, _ = list.GetInt(item)
			}
		}
	}
	return func(times int) {
		for i := 0; i < times; i++ {
			real, _ = list.GetFloat(item)
		}
	}
}

func writeTyped(kind string) task {
	list := listOf(kind)
	if kind == "int" {
		return func(times int) {
			for i := 0; i < times; i++ {
				list.SetInt(item, int64(i))
			}
		}
	}
	return func(times int) {
		for i := 0; i < times; i++ {
			list.SetFloat(item, float64(i))
		}
	}
}

func readAt(kind string) task {
	list := listOf(kind)
	return func(times int) {
		for i := 0; i < times; i++ {
			number, _ = shareable.At[int64](list, item)
		}
	}
}

// Calls of the functions of the library in C, by cgo.

// handle opens the list of the kind again, in C. The list keeps its name until the program ends.
func handle(kind string) *C.shareable_list {
	list, err := shareable.NewList(many(kind))
	must(err)
	name := C.CString(list.Name())
	defer C.free(unsafe.Pointer(name))
	var again *C.shareable_list
	if status := C.shareable_list_open(&again, name, 0, nil); status != C.SHAREABLE_OK {
		log.Fatal(C.GoString(C.shareable_status_message(C.int(status))))
	}
	must(list.Unlink())
	return again
}

func readCalled(kind string) task {
	list := handle(kind)
	if kind == "int" {
		return func(times int) {
			for i := 0; i < times; i++ {
				var value C.int64_t
				C.shareable_list_get_int(list, item, &value)
				number = int64(value)
			}
		}
	}
	return func(times int) {
		for i := 0; i < times; i++ {
			var value C.double
			C.shareable_list_get_float(list, item, &value)
			real = float64(value)
		}
	}
}

func writeCalled(string) task {
	list := handle("int")
	return func(times int) {
		for i := 0; i < times; i++ {
			C.shareable_list_set_int(list, item, C.int64_t(i))
		}
	}
}

func readSlice(kind string) task {
	slice := many(kind)
	return func(times int) {
		for i := 0; i < times; i++ {
			sink = slice[item]
		}
	}
}

func writeSlice(kind string) task {
	slice := many(kind)
	first, second := values(kind)
	return func(times int) {
		for i := 0; i < times; i++ {
			if i%2 == 0 {
				slice[item] = second
			} else {
				slice[item] = first
			}
		}
	}
}

// The tasks of several processes with one list.

func teamRead(name string) task {
	list := open(name)
	return func(times int) {
		for i := 0; i < times; i++ {
			number, _ = list.GetInt(item)
		}
	}
}

func teamWrite(name string) task {
	list := open(name)
	return func(times int) {
		for i := 0; i < times; i++ {
			list.SetInt(item, int64(i))
		}
	}
}

func teamAdd(name string) task {
	list := open(name)
	return func(times int) {
		for i := 0; i < times; i++ {
			list.Add(item, 1)
		}
	}
}

func teamLocked(name string) task {
	list := open(name)
	return func(times int) {
		for i := 0; i < times; i++ {
			_, err := list.Lock(context.Background())
			must(err)
			value, _ := list.GetInt(item)
			list.SetInt(item, value+1)
			must(list.Unlock())
		}
	}
}

// readTogether returns a task that reads an int the given number of times in each of several
// goroutines.
func readTogether(count int) task {
	list := listOf("int")
	return func(times int) {
		var all sync.WaitGroup
		for i := 0; i < count; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				var sum int64
				for i := 0; i < times; i++ {
					value, _ := list.GetInt(item)
					sum += value
				}
				if sum != 7*int64(times) {
					log.Fatal("a read returned a wrong value")
				}
			}()
		}
		all.Wait()
	}
}

var tasks = map[string]map[string]func(argument string) task{
	"ours": {"read": read, "write": write,
		"team-read": teamRead, "team-write": teamWrite, "team-add": teamAdd, "team-locked": teamLocked},
	"typed":  {"read": readTyped, "write": writeTyped, "at": readAt},
	"slice":  {"read": readSlice, "write": writeSlice},
	"called": {"read": readCalled, "write": writeCalled},
}

// processorTime returns the time that this process has used.
func processorTime() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// A measurement returns an amount and the time that it took, which need not be the duration.
type measurement func(duration time.Duration) (amount, took float64)

// measureCrowd measures the processor time of a read by one of several goroutines.
func measureCrowd(argument string) measurement {
	count, err := strconv.Atoi(argument)
	must(err)
	run := readTogether(count)
	return func(duration time.Duration) (amount, took float64) {
		before := processorTime()
		done, _ := runFor(duration, run)
		return float64(done * count), float64(processorTime() - before)
	}
}

// waitOn starts the waiters, which share the lists, and returns when they sleep.
func waitOn(handles, waiters int) {
	for i := 0; i < handles; i++ {
		list := listOf("int")
		for j := 0; j < waiters/handles; j++ {
			go list.Wait(context.Background(), (i+j)%items, int64(7))
		}
	}
	time.Sleep(time.Second)
}

// measureIdle measures the processor time that 1,000 waiters on one handle, or one on each of 200
// handles, use in a second.
func measureIdle(argument string) measurement {
	if argument == "one" {
		waitOn(1, 1000)
	} else {
		waitOn(200, 200)
	}
	return func(time.Duration) (amount, took float64) {
		before, start := processorTime(), time.Now()
		time.Sleep(time.Second)
		return float64(processorTime() - before), float64(time.Since(start))
	}
}

// countThreads returns the number of threads of this process while it waits on 200 handles.
func countThreads(string) measurement {
	waitOn(200, 200)
	return func(time.Duration) (amount, took float64) {
		threads, err := os.ReadDir("/proc/self/task")
		must(err)
		return float64(len(threads)), 1
	}
}

// countAllocations returns the allocations of a typed read and a typed write.
func countAllocations(string) measurement {
	ints, floats := listOf("int"), listOf("float")
	return func(time.Duration) (amount, took float64) {
		return testing.AllocsPerRun(1000, func() {
			number, _ = ints.GetInt(item)
			real, _ = floats.GetFloat(item)
			number, _ = shareable.At[int64](ints, item)
			ints.SetInt(item, 7)
		}), 1
	}
}

// measurements are the tasks that do not only measure the time of an operation.
var measurements = map[string]map[string]func(argument string) measurement{
	"crowd":   {"read": measureCrowd},
	"typed":   {"allocations": countAllocations},
	"waiting": {"idle": measureIdle, "threads": countThreads},
}

// find returns the measurement of a task.
func find(group, name, argument string) measurement {
	if begin, exists := measurements[group][name]; exists {
		return begin(argument)
	}
	run := tasks[group][name](argument)
	return func(duration time.Duration) (amount, took float64) {
		done, passed := runFor(duration, run)
		return float64(done), float64(passed)
	}
}

// runFor runs the task in batches, which grow until the cost of reading the clock is negligible.
func runFor(duration time.Duration, run task) (done int, took time.Duration) {
	start, times := time.Now(), 1
	var last time.Duration
	for last < duration {
		run(times)
		done += times
		now := time.Since(start)
		if now-last < duration/64 {
			times *= 2
		}
		last = now
	}
	return done, last
}

func main() {
	log.SetFlags(0)
	var current string
	var measure measurement
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		nanoseconds, err := strconv.Atoi(fields[0])
		must(err)
		if request := strings.Join(fields[1:], " "); request != current {
			current, measure = request, find(os.Args[1], fields[1], fields[2])
		}
		fmt.Println(measure(time.Duration(nanoseconds)))
	}
}
