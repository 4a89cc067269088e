// The subjects in Go: this library, and a Go slice. subject.h describes the protocol.
//
// lists ours | typed | slice
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

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

var tasks = map[string]map[string]func(argument string) task{
	"ours": {"read": read, "write": write,
		"team-read": teamRead, "team-write": teamWrite, "team-add": teamAdd, "team-locked": teamLocked},
	"typed": {"read": readTyped, "write": writeTyped},
	"slice": {"read": readSlice, "write": writeSlice},
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
	var run task
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		nanoseconds, err := strconv.Atoi(fields[0])
		must(err)
		if request := strings.Join(fields[1:], " "); request != current {
			current, run = request, tasks[os.Args[1]][fields[1]](fields[2])
		}
		done, took := runFor(time.Duration(nanoseconds), run)
		fmt.Println(done, took.Nanoseconds())
	}
}
