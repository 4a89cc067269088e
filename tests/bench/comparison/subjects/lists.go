// The contenders in Go (see subject.h for the protocol): this library, and a Go slice.
//
// contender ours | typed | slice
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

// work runs an operation times times.
type work func(times int)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// values returns two different values of a type.
func values(kind string) (one, another any) {
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
	one, _ := values(kind)
	all := make([]any, items)
	for i := range all {
		all[i] = one
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

// sink keeps the values, so that the compiler does not remove the reads.
var sink any

func read(kind string) work {
	list := listOf(kind)
	return func(times int) {
		for i := 0; i < times; i++ {
			sink, _ = list.Get(item)
		}
	}
}

func write(kind string) work {
	list := listOf(kind)
	one, another := values(kind)
	return func(times int) {
		for i := 0; i < times; i++ {
			if i%2 == 0 {
				list.Set(item, another)
			} else {
				list.Set(item, one)
			}
		}
	}
}

// Typed reads and writes of ints and floats, which do not allocate.

var number int64
var real float64

func readTyped(kind string) work {
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

func writeTyped(kind string) work {
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

func readSlice(kind string) work {
	slice := many(kind)
	return func(times int) {
		for i := 0; i < times; i++ {
			sink = slice[item]
		}
	}
}

func writeSlice(kind string) work {
	slice := many(kind)
	one, another := values(kind)
	return func(times int) {
		for i := 0; i < times; i++ {
			if i%2 == 0 {
				slice[item] = another
			} else {
				slice[item] = one
			}
		}
	}
}

// Several processes on one list.

func teamRead(name string) work {
	list := open(name)
	return func(times int) {
		for i := 0; i < times; i++ {
			number, _ = list.GetInt(item)
		}
	}
}

func teamWrite(name string) work {
	list := open(name)
	return func(times int) {
		for i := 0; i < times; i++ {
			list.SetInt(item, int64(i))
		}
	}
}

func teamAdd(name string) work {
	list := open(name)
	return func(times int) {
		for i := 0; i < times; i++ {
			list.Add(item, 1)
		}
	}
}

func teamLocked(name string) work {
	list := open(name)
	return func(times int) {
		for i := 0; i < times; i++ {
			must(list.Lock(context.Background()))
			value, _ := list.GetInt(item)
			list.SetInt(item, value+1)
			must(list.Unlock())
		}
	}
}

var works = map[string]map[string]func(word string) work{
	"ours": {"read": read, "write": write,
		"team-read": teamRead, "team-write": teamWrite, "team-add": teamAdd, "team-locked": teamLocked},
	"typed": {"read": readTyped, "write": writeTyped},
	"slice": {"read": readSlice, "write": writeSlice},
}

// workFor runs the work in batches that grow until the cost of reading the clock does not matter.
func workFor(long time.Duration, run work) (done int, took time.Duration) {
	start, times := time.Now(), 1
	var last time.Duration
	for last < long {
		run(times)
		done += times
		now := time.Since(start)
		if now-last < long/64 {
			times *= 2
		}
		last = now
	}
	return done, last
}

func main() {
	log.SetFlags(0)
	var before string
	var run work
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		nanoseconds, err := strconv.Atoi(words[0])
		must(err)
		if asked := strings.Join(words[1:], " "); asked != before {
			before, run = asked, works[os.Args[1]][words[1]](words[2])
		}
		done, took := workFor(time.Duration(nanoseconds), run)
		fmt.Println(done, took.Nanoseconds())
	}
}
