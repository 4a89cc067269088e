// Compares lists, dicts and arrays in Go with a C call that does nothing, with a Go slice, and with
// a Go map: `make bench-go`.
//
// Each side of a row is measured once in each round, in alternating order. Each round gives one
// ratio, and the result is the median of the rounds. Exits with 1 if a ratio exceeds its limit.
package main

// static void nothing(void) {}
import "C"

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"sort"
	"sync"
	"testing"
	"time"

	"shareable"
)

const (
	calls   = 100000
	million = 1000000
)

// side is one of the two sides of a row. work returns the nanoseconds of one operation.
type side struct {
	name string
	work func() float64
}

type row struct {
	title  string
	rounds int
	ours   side
	theirs side
	limit  float64 // the largest ratio of ours to theirs; 0 for no limit
}

// each returns a function that runs work and returns its time divided by times.
func each(times int, work func()) func() float64 {
	return func() float64 {
		start := time.Now()
		work()
		return float64(time.Since(start)) / float64(times)
	}
}

func median(values []float64) float64 {
	sort.Float64s(values)
	return values[len(values)/2]
}

// run measures and prints a row. It reports whether the ratio is within the limit.
func (r row) run() bool {
	var ours, theirs, ratios []float64
	r.ours.work()
	r.theirs.work()
	for round := 0; round < r.rounds; round++ {
		var a, b float64
		if round%2 == 0 {
			a, b = r.ours.work(), r.theirs.work()
		} else {
			b, a = r.theirs.work(), r.ours.work()
		}
		ours, theirs, ratios = append(ours, a), append(theirs, b), append(ratios, a/b)
	}
	ratio := median(ratios)
	fmt.Printf("%-32s %9.2f ns   %-32s %9.2f ns   %5.2f x   %s\n", r.title, median(ours), r.theirs.name, median(theirs), ratio,
		verdict(ratio, r.limit))
	return r.limit == 0 || ratio <= r.limit
}

func verdict(value, limit float64) string {
	switch {
	case limit == 0:
		return ""
	case value <= limit:
		return fmt.Sprintf("limit %.2f   ok", limit)
	}
	return fmt.Sprintf("limit %.2f   MISSED", limit)
}

func must(err error) {
	if err != nil {
		log.Fatal("bench: ", err)
	}
}

type block interface {
	Unlink() error
	Close() error
}

// open contains each list, dict and array that was created, for closeAll.
var open []block

func created[B block](b B, err error) B {
	must(err)
	open = append(open, b)
	return b
}

func closeAll() {
	for _, b := range open {
		must(b.Unlink())
		b.Close()
	}
}

// bare is a C call that does nothing.
var bare = side{"a C call that does nothing", each(calls, func() {
	for i := 0; i < calls; i++ {
		C.nothing()
	}
})}

func calling(call func(index int)) side {
	return side{"", each(calls, func() {
		for i := 0; i < calls; i++ {
			call(i & 1023)
		}
	})}
}

// accesses returns the typed accesses to numbers.
func accesses() map[string]func(index int) {
	ints := created(shareable.NewListOf(make([]int64, 1024)))
	reals := created(shareable.NewListOf(make([]float64, 1024)))
	bools := created(shareable.NewListOf(make([]bool, 1024)))
	return map[string]func(index int){
		"GetInt":         func(i int) { ints.GetInt(i) },
		"GetFloat":       func(i int) { reals.GetFloat(i) },
		"GetBool":        func(i int) { bools.GetBool(i) },
		"At[int64]":      func(i int) { shareable.At[int64](ints, i) },
		"At[float64]":    func(i int) { shareable.At[float64](reals, i) },
		"SetInt":         func(i int) { ints.SetInt(i, 7) },
		"Add":            func(i int) { ints.Add(i, 1) },
		"CompareAndSwap": func(i int) { ints.CompareAndSwap(i, 7, 8) },
	}
}

// runAccesses measures the accesses. All of them take less time than a call of C.
func runAccesses() bool {
	isKept := true
	limits := map[string]float64{"GetInt": 0.25, "GetFloat": 0.25, "GetBool": 0.25, "At[int64]": 0.35, "At[float64]": 0.35,
		"SetInt": 0.8, "Add": 0.9, "CompareAndSwap": 0.9}
	all := accesses()
	names := []string{"GetInt", "GetFloat", "GetBool", "At[int64]", "At[float64]", "SetInt", "Add", "CompareAndSwap"}
	for _, name := range names {
		isKept = row{name, 41, calling(all[name]), bare, limits[name]}.run() && isKept
		if allocated := testing.AllocsPerRun(1000, func() { all[name](5) }); allocated != 0 {
			fmt.Println(name, "allocates", allocated, "times   MISSED")
			isKept = false
		}
	}
	return isKept
}

// sharing returns the time of a read if that many goroutines read one handle, times the number of
// processors that they use.
func sharing(list *shareable.List, goroutines int) side {
	processors := runtime.GOMAXPROCS(0)
	if goroutines < processors {
		processors = goroutines
	}
	share := million / goroutines
	work := each(share*goroutines/processors, func() {
		var working sync.WaitGroup
		working.Add(goroutines)
		for g := 0; g < goroutines; g++ {
			go func() {
				defer working.Done()
				for i := 0; i < share; i++ {
					list.GetInt(i & 1023)
				}
			}()
		}
		working.Wait()
	})
	return side{"one goroutine", work}
}

// runReads measures reads that allocate their result, short ranges, and goroutines that share a
// handle.
func runReads() bool {
	values := make([]int64, 1024)
	for i := range values {
		values[i] = 1000000 + int64(i)
	}
	list := created(shareable.NewListOf(values))
	into := make([]int64, 8)
	isKept := row{"Get, an int", 41, calling(func(i int) { sink, _ = list.Get(i) }), bare, 0.75}.run()
	row{"GetInts, 8 ints", 41, calling(func(i int) { list.GetInts(i&^7, into) }), bare, 0}.run()
	return row{"GetInt, 10 goroutines, each", 41, sharing(list, 10), sharing(list, 1), 2}.run() && isKept
}

// sink keeps the sums, so that the compiler does not remove the loops.
var sink any

func summing[T int64 | float64](name string, numbers []T) side {
	times := 4 * million / len(numbers)
	return side{name, each(times*len(numbers), func() {
		var sum T
		for i := 0; i < times; i++ {
			for _, number := range numbers {
				sum += number
			}
		}
		sink = sum
	})}
}

// sum compares the sum of a list's slice with the sum of the Go slice from which the list was
// created.
func sum[T int64 | float64](title string, numbers []T, view func(*shareable.List) ([]T, error), limit float64) bool {
	shared, err := view(created(shareable.NewListOf(numbers)))
	must(err)
	return row{title, 41, summing("", shared), summing("a Go slice", numbers), limit}.run()
}

// runSums compares slices. If they fit into the processor's caches, they must reach 0.95 of the
// speed. A long slice has no limit: a Go slice may be in huge pages, and shared memory is in huge
// pages only if the system is configured so.
func runSums() bool {
	integers, reals := make([]int64, million), make([]float64, million)
	for i := range integers {
		integers[i], reals[i] = int64(i), float64(i)
	}
	isKept := sum("sum of Int64s(), 100,000, each", integers[:million/10], (*shareable.List).Int64s, 1/0.95)
	isKept = sum("sum of Float64s(), 100,000, each", reals[:million/10], (*shareable.List).Float64s, 1/0.95) && isKept
	sum("sum of Int64s(), 1,000,000, each", integers, (*shareable.List).Int64s, 0)
	return isKept
}

// sumOfArray compares the sum of an array's items with the sum of the Go slice from which the array
// was created.
func sumOfArray[T int64 | float64](title string, numbers []T, items func(*shareable.Array[T]) []T, limit float64) bool {
	shared := items(created(shareable.NewArrayOf(numbers, []int{10, len(numbers) / 10})))
	return row{title, 41, summing("", shared), summing("a Go slice", numbers[:len(shared)]), limit}.run()
}

// storing returns the time of a store to an item.
func storing(name string, numbers []float32) side {
	times := 4 * million / len(numbers)
	return side{name, each(times*len(numbers), func() {
		for i := 0; i < times; i++ {
			for j := range numbers {
				numbers[j] += float32(i)
			}
		}
	})}
}

func firstRow[T int64 | float64](array *shareable.Array[T]) []T {
	row, err := array.Row(0)
	must(err)
	return row
}

// runArrays compares slices of arrays as runSums does, and the access to one item.
func runArrays() bool {
	integers, reals := make([]int64, million/10), make([]float64, million/10)
	for i := range integers {
		integers[i], reals[i] = int64(i), float64(i)
	}
	isKept := sumOfArray("sum of Data(), int64, each", integers, (*shareable.Array[int64]).Data, 1/0.95)
	isKept = sumOfArray("sum of Data(), float64, each", reals, (*shareable.Array[float64]).Data, 1/0.95) && isKept
	isKept = sumOfArray("sum of Row(), float64, each", reals, firstRow[float64], 1/0.95) && isKept
	singles := created(shareable.NewArray[float32]([]int{100, 1000}))
	isKept = row{"stores to Data(), float32, each", 41, storing("", singles.Data()),
		storing("a Go slice", make([]float32, million/10)), 1 / 0.95}.run() && isKept
	value := float32(0)
	isKept = row{"Array.At", 41, calling(func(i int) { value, _ = singles.At(1, i&511) }), bare, 0.9}.run() && isKept
	isKept = row{"Array.Set", 41, calling(func(i int) { singles.Set(value, 1, i&511) }), bare, 0.9}.run() && isKept
	return isKept
}

// dictKeys is the number of keys of a dict. A key has 16 bytes.
const dictKeys = 1000

// runDicts compares the reads of a dict with those of private maps, and its writes with a C call
// that does nothing.
func runDicts() bool {
	dict := created(shareable.NewDict(2 * dictKeys))
	private, guard := map[string]int64{}, sync.RWMutex{}
	var concurrent sync.Map
	var names [1024]string // the first keys are there twice
	for i := range names {
		number := int64(i % dictKeys)
		names[i] = fmt.Sprintf("a key is %07d", number)
		must(dict.Set(names[i], number*1000))
		private[names[i]] = number * 1000
		concurrent.Store(names[i], number*1000)
	}
	sum := int64(0)
	guarded := calling(func(i int) {
		guard.RLock()
		sum += private[names[i]]
		guard.RUnlock()
	})
	guarded.name = "a map with an RWMutex"
	loading := calling(func(i int) {
		number, _ := concurrent.Load(names[i])
		sum += number.(int64)
	})
	loading.name = "a sync.Map"
	getting := calling(func(i int) {
		number, _ := dict.GetInt(names[i])
		sum += number
	})
	isKept := row{"Dict.GetInt, 1,000 keys", 41, getting, guarded, 4.5}.run()
	isKept = row{"Dict.GetInt, 1,000 keys", 41, getting, loading, 2}.run() && isKept
	isKept = row{"Dict.GetInt, 1,000 keys", 41, getting, bare, 1.3}.run() && isKept
	row{"Get[int], 1,000 keys", 41, calling(func(i int) { shareable.Get[int](dict, names[i]) }), bare, 0}.run()
	row{"GetOr, absent keys", 41, calling(func(i int) { shareable.GetOr(dict, "absent", i) }), bare, 0}.run()
	row{"Dict.Set, an int", 41, calling(func(i int) { dict.Set(names[i], 7) }), bare, 0}.run()
	row{"Dict.Add", 41, calling(func(i int) { dict.Add(names[i], 1) }), bare, 0}.run()
	for title, read := range map[string]func(){
		"Dict.GetInt": func() { dict.GetInt(names[5]) },
		"Dict.Add":    func() { dict.Add(names[5], 1) },
	} {
		if allocated := testing.AllocsPerRun(1000, read); allocated != 0 {
			fmt.Println(title, "allocates", allocated, "times   MISSED")
			isKept = false
		}
	}
	sink = sum
	return isKept
}

// building returns a function that measures only the construction of a list.
func building(build func() (*shareable.List, error)) func() float64 {
	return func() float64 {
		runtime.GC()
		start := time.Now()
		list, err := build()
		took := time.Since(start)
		must(err)
		must(list.Unlink())
		list.Close()
		return float64(took) / million
	}
}

// limited measures and prints a row whose limit is in nanoseconds.
func limited(title string, work func() float64, limit float64) bool {
	var values []float64
	for round := 0; round < 11; round++ {
		values = append(values, work())
	}
	value := median(values)
	fmt.Printf("%-32s %9.2f ns   %-32s %12s   %7s   %s\n", title, value, "", "", "", verdict(value, limit))
	return limit == 0 || value <= limit
}

func runBuilds() bool {
	integers, values := make([]int64, million), make([]any, million)
	for i := range integers {
		integers[i], values[i] = int64(i), i
	}
	ofOneType := building(func() (*shareable.List, error) { return shareable.NewListOf(integers) })
	ofAny := building(func() (*shareable.List, error) { return shareable.NewList(values) })
	isKept := limited("NewListOf, 1,000,000 ints, each", ofOneType, 20)
	return limited("NewList, 1,000,000 ints, each", ofAny, 0) && isKept
}

func main() {
	fmt.Printf("shareable %s, %s, medians\n", shareable.Version(), runtime.Version())
	isKept := runAccesses()
	isKept = runReads() && isKept
	isKept = runSums() && isKept
	isKept = runArrays() && isKept
	isKept = runDicts() && isKept
	isKept = runBuilds() && isKept
	closeAll()
	if !isKept {
		os.Exit(1)
	}
}
