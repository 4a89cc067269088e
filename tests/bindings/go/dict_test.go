package check_test

import (
	"context"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	"shareable"
)

func TestEachMethodOfADictRefusesOptionsOfOthers(t *testing.T) {
	dict, target := newDict(t, 10), newDict(t, 10)
	ok(t, dict.Set("key", 1))
	ttl, initial, noEvict := shareable.WithTTL(time.Hour), shareable.WithInitial(1), shareable.NoEvict()
	for _, err := range []error{
		dict.Set("key", 1, initial), second(dict.SetIfPresent("key", 1, noEvict)), second(dict.Add("key", 1, noEvict)),
		second(dict.AddFloat("key", 1, noEvict)), second(dict.CompareAndSwap("key", 1, 1, ttl)), dict.Delete("key", ttl),
		second(dict.Pop("key", initial)), dict.Expire("key", time.Hour, ttl), second(dict.DeleteExpired(0, ttl)),
		dict.Clear(ttl), dict.Reindex(ttl), dict.CopyTo(target, ttl),
	} {
		fails(t, err, is(shareable.ErrArgument), dict.Name(), "is not an option of")
	}
	value(t, dict, "key", int64(1))
	ok(t, dict.Set("key", 2, shareable.DictOption{}, shareable.WithTimeout(-1)))
}

func TestAManagerOwnsADict(t *testing.T) {
	manager := startManager(t, "")
	name := newName()
	dict, err := manager.NewDict(10, shareable.WithName(name), shareable.WithKeySize(100))
	ok(t, err)
	defer dict.Close()
	equal(t, dict.KeySize(), 104)
	ok(t, dict.Set("key", 1))
	_, err = manager.NewDict(10, shareable.Owned())
	fails(t, err, is(shareable.ErrArgument))
	ok(t, manager.Close())
	equal(t, exists(name), false)
	value(t, dict, "key", int64(1))
}

func TestAThousandGoroutinesShareADict(t *testing.T) {
	dict := newDict(t, thousand+1)
	concurrently(t, func(number int) error {
		own := fmt.Sprint("key", number)
		for i := 1; i <= 5; i++ {
			if _, err := dict.Add("sum", 1); err != nil {
				return err
			}
			if err := dict.Set(own, i); err != nil {
				return err
			}
			if got, err := dict.GetInt(own); err != nil || got != int64(i) {
				return fmt.Errorf("%d, %v", got, err)
			}
		}
		if number%2 == 0 {
			return dict.Delete(own)
		}
		return nil
	})
	value(t, dict, "sum", int64(5*thousand))
	equal(t, dict.Len(), thousand/2+1)
}

func TestAThousandGoroutinesWaitForKeysInFewThreads(t *testing.T) {
	dict := newDict(t, thousand)
	before := threads(t)
	waits := make([]<-chan waited, thousand)
	for i := range waits {
		key := fmt.Sprint("key", i/2)
		waits[i] = start(func() (any, error) { return dict.WaitFor(soon(t), key) })
	}
	time.Sleep(100 * time.Millisecond)
	if now := threads(t); now > before+20 { // two threads of C, and those for calls of C at the same time on a busy machine
		t.Error(now, "threads, before the waits", before)
	}
	for i := 0; i < thousand/2; i++ {
		ok(t, dict.Set(fmt.Sprint("key", i), i))
	}
	for i := range waits {
		expect(t, waits[i], int64(i/2))
	}
}

// Each write of a key wakes the waiter, also if the key has another place than before.
func TestAWriteOfAKeyWakesItsWaiterWhereverTheKeyIs(t *testing.T) {
	dict := newDict(t, 50)
	random := rand.New(rand.NewSource(1))
	ok(t, dict.Set("key", 0))
	quick := 0
	for round := 1; round <= 40; round++ {
		round := round
		wait := start(func() (any, error) { return dict.Wait(soon(t), "key", round-1) })
		time.Sleep(4 * time.Millisecond)      // the goroutine has joined the others
		for i := 0; i < random.Intn(3); i++ { // takes the next place
			_, err := dict.Add(fmt.Sprint("other", random.Intn(20)), 1)
			ok(t, err)
		}
		begun := time.Now()
		if round%2 == 0 {
			ok(t, dict.Delete("key"))
			fails(t, (<-wait).err, is(shareable.ErrNoKey))
			wait = start(func() (any, error) { return dict.WaitFor(soon(t), "key") })
			time.Sleep(4 * time.Millisecond)
			begun = time.Now()
		}
		ok(t, dict.Set("key", round))
		expect(t, wait, int64(round))
		if time.Since(begun) < 12*time.Millisecond {
			quick++
		}
	}
	if quick <= 20 {
		t.Error("woken at once", quick, "times out of 40")
	}
}

func TestGetOrSetReturnsTheValueThatIsInTheDict(t *testing.T) {
	dict := newDict(t, 100)
	for i, v := range []any{7, 1.5, true, nil, "text", []byte("\xffbytes"), strings.Repeat("long", 10)} {
		inserted, found, err := dict.GetOrSet(fmt.Sprint(i), v)
		ok(t, err)
		equal(t, found, false)
		read, err := dict.Get(fmt.Sprint(i))
		ok(t, err)
		equal(t, inserted, read)
		again, found, err := dict.GetOrSet(fmt.Sprint(i), "other")
		ok(t, err)
		equal(t, found, true)
		equal(t, again, read)
	}
	_, _, err := dict.GetOrSet("expires", 1, shareable.WithTTL(time.Nanosecond))
	ok(t, err)
	actual, found, err := dict.GetOrSet("expires", 2)
	ok(t, err)
	equal(t, found, false)
	equal(t, actual, any(int64(2)))
	for _, key := range []any{5, "", strings.Repeat("k", 500)} {
		_, _, err = dict.GetOrSet(key, 1)
		fails(t, err, is(shareable.ErrKey), dict.Name())
	}
	_, _, err = dict.GetOrSet("0", struct{}{})
	fails(t, err, is(shareable.ErrValueType), "struct {}")
	_, _, err = dict.GetOrSet("0", 1, shareable.WithInitial(2))
	fails(t, err, is(shareable.ErrArgument), "WithInitial", "GetOrSet")

	values := make(chan any, 8)
	for i := 0; i < cap(values); i++ {
		go func(i int) {
			actual, _, _ := dict.GetOrSet("shared", i)
			values <- actual
		}(i)
	}
	first := <-values
	for i := 1; i < cap(values); i++ {
		equal(t, <-values, first)
	}
}

func TestADictMatchesAGoMap(t *testing.T) {
	dict, model := newDict(t, 30), map[any]any{}
	random := rand.New(rand.NewSource(2))
	names := []any{"a", "b", "key", "another key", "0123456789abcdef", "0123456789abcdefg", "é"}
	for i := 0; i < 20; i++ {
		names = append(names, fmt.Sprint("key", i))
	}
	values := []any{int64(0), int64(-7), 1.5, true, nil, "text", "a text of more than eight bytes"}
	for step := 0; step < 20000; step++ {
		name := names[random.Intn(len(names))]
		v := values[random.Intn(len(values))]
		_, has := model[name]
		switch random.Intn(5) {
		case 0, 1:
			ok(t, dict.Set(name, v))
			model[name] = v
		case 2:
			set, err := dict.SetIfAbsent(name, v)
			ok(t, err)
			equal(t, set, !has)
			if !has {
				model[name] = v
			}
		case 3:
			got, err := dict.Pop(name)
			if has {
				ok(t, err)
				equal(t, got, model[name])
			} else {
				fails(t, err, is(shareable.ErrNoKey))
			}
			delete(model, name)
		default:
			got, err := dict.Get(name)
			if has {
				ok(t, err)
				equal(t, got, model[name])
			} else {
				fails(t, err, is(shareable.ErrNoKey))
			}
		}
		equal(t, dict.Len(), len(model))
	}
	all, err := dict.Entries()
	ok(t, err)
	visited := map[any]any{}
	for _, e := range all {
		visited[e.Key] = e.Value
	}
	if !reflect.DeepEqual(visited, model) {
		t.Error(visited, "instead of", model)
	}
}

// A watch through a read-only handle does not report an insert of the key into any place.
func TestAReadOnlyDictWaitsForKeys(t *testing.T) {
	dict := newDict(t, 64)
	reader, err := shareable.OpenDict(dict.Name(), shareable.ReadOnly())
	ok(t, err)
	defer reader.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for i := 0; i < 10; i++ {
		key := fmt.Sprint("key ", i)
		inserted := make(chan time.Time, 1)
		go func() {
			time.Sleep(20 * time.Millisecond)
			inserted <- time.Now()
			if err := dict.Set(key, 1); err != nil {
				t.Error(err)
			}
		}()
		_, err := reader.WaitFor(ctx, key)
		ok(t, err)
		if took := time.Since(<-inserted); took > 5*time.Second {
			t.Fatal("the insert was noticed after", took)
		}
	}
}
