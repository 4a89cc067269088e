// Dict_worker is the worker of test_dicts.py in Go, see dict_worker.c.
//
// Usage: dict_worker NAME ID OPERATIONS
package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"math"
	"math/rand"
	"os"
	"strconv"
	"strings"

	"shareable"
)

const (
	ownKeys    = 200
	sharedKeys = 10
)

type worker struct {
	dict  *shareable.Dict
	id    string
	model map[string]any
	added [sharedKeys]int64
}

func (w *worker) ownKey() string {
	return w.id + ":" + strconv.Itoa(rand.Intn(ownKeys))
}

func (w *worker) setOwn() error {
	key, number := w.ownKey(), rand.Intn(1000000)
	digits := strconv.Itoa(number)
	padding := strings.Repeat("0", max(number%500-len(digits)))
	value := []any{int64(number), float64(number) + 0.5, padding + digits}[rand.Intn(3)]
	w.model[key] = value
	return w.dict.Set(key, value)
}

func max(n int) int {
	if n < 0 {
		return 0
	}
	return n
}

// isAbsent reports whether the error of a key agrees with the model, in which the key may be absent.
func (w *worker) isAbsent(key string, err error) bool {
	_, present := w.model[key]
	return !present && errors.Is(err, shareable.ErrNoKey)
}

func (w *worker) deleteOwn() error {
	key := w.ownKey()
	err := w.dict.Delete(key)
	if w.isAbsent(key, err) {
		return nil
	}
	delete(w.model, key)
	return err
}

func (w *worker) checkOwn() error {
	key := w.ownKey()
	value, err := w.dict.Get(key)
	if w.isAbsent(key, err) {
		return nil
	}
	if err == nil && value != w.model[key] {
		return fmt.Errorf("%s is %v, not %v", key, value, w.model[key])
	}
	return err
}

func (w *worker) addToShared() error {
	n, amount := rand.Intn(sharedKeys), rand.Int63n(100)
	_, err := w.dict.Add(fmt.Sprint("shared:", n), amount)
	w.added[n] += amount
	return err
}

// exchangeShared tries once: another worker may win.
func (w *worker) exchangeShared() error {
	n, amount := rand.Intn(sharedKeys), rand.Int63n(100)
	key := fmt.Sprint("shared:", n)
	found, err := w.dict.GetInt(key)
	if errors.Is(err, shareable.ErrNoKey) {
		return nil
	}
	if err != nil {
		return err
	}
	swapped, err := w.dict.CompareAndSwap(key, found, found+amount)
	if swapped {
		w.added[n] += amount
	}
	return err
}

func describe(value any) string {
	switch value := value.(type) {
	case int64:
		return fmt.Sprint("int ", value)
	case float64:
		return fmt.Sprintf("float %016x", math.Float64bits(value))
	}
	return "str " + hex.EncodeToString([]byte(value.(string)))
}

func main() {
	dict, err := shareable.OpenDict(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	w := worker{dict: dict, id: os.Args[2], model: map[string]any{}}
	operations, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	choices := []func() error{w.setOwn, w.deleteOwn, w.checkOwn, w.checkOwn, w.exchangeShared, w.exchangeShared,
		w.addToShared, w.addToShared}
	for ; operations > 0; operations-- {
		if err := choices[rand.Intn(len(choices))](); err != nil {
			log.Fatal(err)
		}
	}
	for n, amount := range w.added {
		fmt.Println("shared", n, amount)
	}
	for key, value := range w.model {
		fmt.Println("own", key, describe(value))
	}
}
