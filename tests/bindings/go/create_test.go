package check_test

import (
	"errors"
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	"shareable"
)

// listOf makes a list by NewListOf and checks its items.
func listOf[T shareable.Item](t *testing.T, values []T, want []any, options ...shareable.CreateOption) *shareable.List {
	t.Helper()
	list, err := shareable.NewListOf(values, append(options, shareable.WithName(newName()))...)
	ok(t, err)
	t.Cleanup(func() {
		list.Unlink()
		list.Close()
	})
	items(t, list, want)
	return list
}

func TestNewListOfTakesASliceOfAnyItemType(t *testing.T) {
	type celsius float64
	type data []byte
	listOf(t, []int64{1, math.MinInt64}, []any{int64(1), int64(math.MinInt64)})
	listOf(t, []int{-1, math.MaxInt}, []any{int64(-1), int64(math.MaxInt)})
	listOf(t, []time.Duration{time.Second}, []any{int64(time.Second)})
	listOf(t, []float64{0.5, math.Inf(1)}, []any{0.5, math.Inf(1)})
	listOf(t, []celsius{-273.15}, []any{-273.15})
	listOf(t, []bool{true, false}, []any{true, false})
	listOf(t, [][]byte{[]byte("a"), {}}, []any{[]byte("a"), []byte{}})
	listOf(t, []data{data("b")}, []any{[]byte("b")})
	listOf(t, []int64{}, []any{})
	listOf(t, []float64(nil), []any{})
	list := listOf(t, []string{"a", ""}, []any{"a", ""}, shareable.WithCapacity(40))
	ok(t, list.SetString(1, strings.Repeat("x", 40)))
}

func TestNewListAndNewListOfMakeTheSameList(t *testing.T) {
	for _, pair := range [][2]*shareable.List{
		{newList(t, []any{1, int64(2), 3}), listOf(t, []int{1, 2, 3}, []any{int64(1), int64(2), int64(3)})},
		{newList(t, []any{0.5, 1.5}), listOf(t, []float64{0.5, 1.5}, []any{0.5, 1.5})},
		{newList(t, []any{1, 2}), newList(t, []any{int8(1), int8(2)})},
	} {
		a, err := pair[0].Hash()
		ok(t, err)
		b, err := pair[1].Hash()
		ok(t, err)
		equal(t, a, b)
		equal(t, pair[0].Memory().Size(), pair[1].Memory().Size())
	}
	list := newList(t, []any{1, 2, "three", 4})
	items(t, list, []any{int64(1), int64(2), "three", int64(4)})
}

func TestNewListOfTakesEveryOption(t *testing.T) {
	list := listOf(t, []int64{7}, []any{int64(7)}, shareable.NoSync(), shareable.WithMode(0o640), shareable.Lazy())
	equal(t, list.Memory().Size(), 8*(1+2+1+1)+1)
	_, err := shareable.NewListOf([]int64{1}, shareable.WithName(list.Name()))
	fails(t, err, is(shareable.ErrExists, syscall.EEXIST), list.Name())
	_, err = shareable.NewListOf([]float64{1}, shareable.WithName("a/b"))
	fails(t, err, is(shareable.ErrName))
	_, err = shareable.NewListOf([]float64{1}, shareable.WithName("a\x00"))
	fails(t, err, is(shareable.ErrName))
	_, err = shareable.NewListOf([]int64{1}, shareable.WithCapacity(-1), shareable.WithName(newName()))
	fails(t, err, is(shareable.ErrArgument), "-1")
	_, err = shareable.NewListOf([]string{"a", "\xff"}, shareable.WithName(newName()))
	fails(t, err, is(shareable.ErrUTF8), "item 1")
}

// at checks the value that At returns.
func at[T shareable.Item](t *testing.T, list *shareable.List, index int, want T) {
	t.Helper()
	got, err := shareable.At[T](list, index)
	ok(t, err)
	equal(t, got, want)
}

func TestAtReadsAnItemAsTheGivenType(t *testing.T) {
	type celsius float64
	type label string
	type flag bool
	type data []byte
	list := newList(t, []any{42, -273.15, true, "text", []byte("bytes"), nil})
	at(t, list, 0, int64(42))
	at(t, list, -6, 42)
	at(t, list, 0, time.Duration(42))
	at(t, list, 1, -273.15)
	at(t, list, 1, celsius(-273.15))
	at(t, list, 2, true)
	at(t, list, 2, flag(true))
	at(t, list, 3, "text")
	at(t, list, 3, label("text"))
	at(t, list, 4, []byte("bytes"))
	at(t, list, 4, data("bytes"))

	for i := 0; i < list.Len(); i++ {
		wrong := 0
		for _, err := range []error{
			second(shareable.At[int](list, i)), second(shareable.At[float64](list, i)), second(shareable.At[bool](list, i)),
			second(shareable.At[string](list, i)), second(shareable.At[[]byte](list, i)),
		} {
			if errors.Is(err, shareable.ErrType) {
				wrong++
			}
		}
		equal(t, wrong, map[bool]int{true: 5, false: 4}[i == 5])
	}
	_, err := shareable.At[int64](list, 6)
	fails(t, err, is(shareable.ErrIndex), "6")
	_, err = shareable.At[string](nil, 0)
	fails(t, err, is(shareable.ErrClosed))
}

func second[T any](_ T, err error) error { return err }
