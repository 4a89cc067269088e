// Dict_script is the worker of test_dict_kills.py in Go, see dict_script.c.
//
// Usage: dict_script NAME FIRST COUNT OPERATION...
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"shareable"
)

const (
	noValue      = 0
	done         = 1
	ageMax       = 200
	notExchanged = 253
	exchanged    = 254
	notWhole     = 255
)

type operation struct {
	name, key, kind string
	length          int
	ttl             time.Duration
}

type worker struct {
	dict   *shareable.Dict
	script []operation
}

func parse(text string) (o operation, err error) {
	words := append(strings.Fields(text), "", "", "0", "0")
	o = operation{name: words[0], key: words[1], kind: words[2]}
	if o.name != "set" {
		return o, nil
	}
	if o.length, err = strconv.Atoi(words[3]); err != nil {
		return o, err
	}
	milliseconds, err := strconv.Atoi(words[4])
	o.ttl = time.Duration(milliseconds) * time.Millisecond
	return o, err
}

// value returns the value that the operation with this number writes.
func (o *operation) value(number int64) any {
	switch o.kind {
	case "int":
		return number
	case "float":
		return float64(number) + 0.5
	}
	text := strings.Repeat(fmt.Sprintf("%010d;", number), o.length/11+1)
	if o.kind == "bytes" {
		return []byte("\xff" + text[:o.length-1])
	}
	return text[:o.length]
}

// numberOf returns the number of the operation that has written a value, if it is whole.
func numberOf(value any) int64 {
	switch value := value.(type) {
	case int64:
		return value
	case float64:
		return int64(value)
	case []byte:
		return numberOf(strings.TrimPrefix(string(value), "\xff"))
	}
	text, _ := value.(string)
	number, err := strconv.ParseInt(text[:min(10, len(text))], 10, 64)
	if err != nil {
		return -1
	}
	return number
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

// isValueOf reports whether the operation with this number has written the value of the key.
func (w *worker) isValueOf(value any, number int64, key string) bool {
	if number < 0 {
		return false
	}
	o := w.script[number%int64(len(w.script))]
	if o.name != "set" || o.key != key {
		return false
	}
	wanted := o.value(number)
	if data, ok := value.([]byte); ok {
		other, ok := wanted.([]byte)
		return ok && string(data) == string(other)
	}
	_, isBytes := wanted.([]byte)
	return !isBytes && value == wanted
}

// report returns the report about the value of a get or a pop.
func (w *worker) report(value any, number int64, key string) byte {
	written := numberOf(value)
	if !w.isValueOf(value, written, key) {
		return notWhole
	}
	if age := number - written; age >= 0 && age <= ageMax {
		return byte(1 + age)
	}
	return 1 + ageMax
}

// exchange tries once: another worker may win.
func (w *worker) exchange(key string) (byte, error) {
	found, err := w.dict.GetInt(key)
	if err != nil {
		return 0, err
	}
	swapped, err := w.dict.CompareAndSwap(key, found, found+1)
	if swapped {
		return exchanged, err
	}
	return notExchanged, err
}

func (w *worker) read(get func() (any, error), number int64, key string) (byte, error) {
	value, err := get()
	if errors.Is(err, shareable.ErrNoKey) {
		return noValue, nil
	}
	if err != nil {
		return 0, err
	}
	return w.report(value, number, key), nil
}

// execute executes an operation, and returns the report about it.
func (w *worker) execute(o operation, number int64) (byte, error) {
	var err error
	switch o.name {
	case "get":
		return w.read(func() (any, error) { return w.dict.Get(o.key) }, number, o.key)
	case "pop":
		return w.read(func() (any, error) { return w.dict.Pop(o.key) }, number, o.key)
	case "exchange":
		return w.exchange(o.key)
	case "set":
		err = w.dict.Set(o.key, o.value(number), shareable.WithTTL(o.ttl))
	case "delete":
		if err = w.dict.Delete(o.key); errors.Is(err, shareable.ErrNoKey) {
			err = nil
		}
	case "add":
		_, err = w.dict.Add(o.key, 1)
	case "add_float":
		_, err = w.dict.AddFloat(o.key, 0.5)
	case "delete_expired":
		_, err = w.dict.DeleteExpired(0)
	case "reindex":
		err = w.dict.Reindex()
	default:
		err = errors.New("unknown operation " + o.name)
	}
	return done, err
}

func (w *worker) run(o operation, number int64) {
	result, err := w.execute(o, number)
	if err != nil {
		log.Fatal(o, ": ", err)
	}
	if _, err := os.Stdout.Write([]byte{result}); err != nil {
		log.Fatal(err)
	}
}

func main() {
	dict, err := shareable.OpenDict(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	w := worker{dict: dict}
	var numbers [2]int64
	for n := range numbers {
		if numbers[n], err = strconv.ParseInt(os.Args[2+n], 10, 64); err != nil {
			log.Fatal(err)
		}
	}
	for _, text := range os.Args[4:] {
		o, err := parse(text)
		if err != nil {
			log.Fatal(err)
		}
		w.script = append(w.script, o)
	}
	first, count := numbers[0], numbers[1]
	w.run(operation{name: "delete", key: "none"}, first)
	for _, o := range w.script {
		if o.name == "get" {
			w.run(o, first)
		}
	}
	for n := first; count < 0 || n < first+count; n++ {
		w.run(w.script[n%int64(len(w.script))], n)
	}
}
