package check_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"shareable"
)

// lines returns the number of lines of a file that contain the text.
func lines(t *testing.T, path, text string) int {
	t.Helper()
	file, err := os.Open(path)
	ok(t, err)
	defer file.Close()
	count := 0
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		if strings.Contains(scanner.Text(), text) {
			count++
		}
	}
	return count
}

// inode returns the number that /proc/locks has for the block's file.
func inode(t *testing.T, name string) string {
	t.Helper()
	var status syscall.Stat_t
	ok(t, syscall.Stat("/dev/shm/"+name, &status))
	return fmt.Sprintf(":%d ", status.Ino)
}

// collected runs the collector until the value of count is at most the limit, and returns the
// value.
func collected(limit int, count func() int) int {
	now := count()
	for end := time.Now().Add(20 * time.Second); now > limit && time.Now().Before(end); now = count() {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	return now
}

// Readers read through a handle while it is closed. They get the value or ErrClosed. Afterwards, no
// handle has left a mapping, a descriptor or a lock.
func TestRoundsOfOpenAndCloseBesideReadersLeaveNothing(t *testing.T) {
	rounds, readers := 100000, 2
	if raceEnabled {
		rounds = 5000
	}
	values := []any{int64(-7), 2.5, "a text of more than eight bytes", true}
	list := newList(t, values)
	mapped := func() int { return lines(t, "/proc/self/maps", list.Name()) }
	ranges := func() int { return lines(t, "/proc/self/maps", "") }
	number := inode(t, list.Name())
	locks := func() int { return lines(t, "/proc/locks", number) }
	filesBefore, mappedBefore, rangesBefore, locksBefore := openFiles(), mapped(), ranges(), locks()

	var current atomic.Pointer[shareable.List]
	var stop atomic.Bool
	var reads, closed atomic.Int64
	var working sync.WaitGroup
	current.Store(list)
	read := func(l *shareable.List, i int) (any, error) {
		switch i % 5 {
		case 0:
			return l.GetInt(0)
		case 1:
			return l.GetFloat(1)
		case 2:
			return l.GetString(2)
		case 3:
			return l.GetBool(3)
		default:
			return l.Get(i / 5 % len(values))
		}
	}
	for reader := 0; reader < readers; reader++ {
		working.Add(1)
		go func() {
			defer working.Done()
			for i := 0; !stop.Load(); i++ {
				value, err := read(current.Load(), i)
				want := values[i%5%len(values)]
				if i%5 == 4 {
					want = values[i/5%len(values)]
				}
				switch {
				case errors.Is(err, shareable.ErrClosed):
					closed.Add(1)
					runtime.Gosched() // another handle may be open then
				case err != nil || value != want:
					t.Errorf("got %v, %v, want %v", value, err, want)
					return
				}
				if reads.Add(1)%64 == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	for round := 0; round < rounds; round++ {
		l, err := shareable.OpenList(list.Name())
		if err != nil {
			t.Error(err)
			break
		}
		current.Store(l)
		if round%16 == 0 {
			runtime.Gosched()
		}
		l.Close()
	}
	stop.Store(true)
	working.Wait()
	current.Store(nil)
	t.Log(rounds, "rounds,", reads.Load(), "reads,", closed.Load(), "of them of a closed handle")

	equal(t, openFiles(), filesBefore)
	equal(t, mapped(), mappedBefore)
	equal(t, locks(), locksBefore)
	if now := collected(rangesBefore+50, ranges); now > rangesBefore+50 {
		t.Error(now-rangesBefore, "ranges of addresses are left")
	}
}

func TestCloseReleasesTheBlockAtOnce(t *testing.T) {
	memory := newMemory(t, 100000)
	number := inode(t, memory.Name())
	ok(t, memory.Close())
	equal(t, lines(t, "/proc/self/maps", memory.Name()), 0)
	equal(t, lines(t, "/proc/locks", number), 0)
	_, err := memory.ReadAt(make([]byte, 8), 0)
	equal(t, errors.Is(err, shareable.ErrClosed), true)
	_, err = memory.WriteAt(make([]byte, 8), 0)
	equal(t, errors.Is(err, shareable.ErrClosed), true)
}

// The address ranges of closed handles are a limited resource: a process has 2^47 addresses.
func TestClosedHandlesOfLargeBlocksDoNotUseUpTheAddresses(t *testing.T) {
	const size = 1 << (27 + 14*(^uint(0)>>63)) // 2^27 on a machine of 32 bits, 2^41 otherwise
	memory, err := shareable.NewMemory(size, shareable.WithName(newName()), shareable.Lazy())
	if errors.Is(err, shareable.ErrNoMemory) || errors.Is(err, shareable.ErrSystem) {
		t.Skip("a block of this size cannot be made here:", err)
	}
	ok(t, err)
	defer memory.Unlink()
	for i := 0; i < 200; i++ {
		again, err := shareable.OpenMemory(memory.Name())
		ok(t, err)
		ok(t, again.Close())
	}
	ok(t, memory.Close())
}
