// Tests of the writer of numbers in Go, together with writers in other processes.
package check_test

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shareable"
)

// If the environment variable is set, the test program adds to the list of that name until it is
// killed, or a number of times.
const adderEnv = "SHAREABLE_TEST_ADDER"

func init() {
	if order := os.Getenv(adderEnv); order != "" {
		fields := strings.Fields(order)
		times, err := strconv.Atoi(fields[1])
		if err == nil {
			err = addConcurrently(fields[0], times)
		}
		fmt.Println(err)
		os.Exit(0)
	}
}

// addConcurrently adds 1 to an item of a list, the given number of times in each of four goroutines
// that share a handle. They begin when the input ends, or has a line.
func addConcurrently(name string, times int) error {
	list, err := shareable.OpenList(name)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	bufio.NewReader(os.Stdin).ReadByte()
	failures := make(chan error, adders)
	for goroutine := 0; goroutine < adders; goroutine++ {
		go func() {
			var err error
			for i := 0; i < times && err == nil; i++ {
				_, err = list.Add(0, 1)
			}
			failures <- err
		}()
	}
	for goroutine := 0; goroutine < adders; goroutine++ {
		if failed := <-failures; failed != nil {
			err = failed
		}
	}
	return err
}

const adders = 4

// If the environment variable is set, the test program reads the list of that name for two seconds.
const readerEnv = "SHAREABLE_TEST_READER"

func init() {
	if name := os.Getenv(readerEnv); name != "" {
		fmt.Println(readForAWhile(name))
		os.Exit(0)
	}
}

func readForAWhile(name string) error {
	list, err := shareable.OpenList(name, shareable.ReadOnly())
	if err != nil {
		return err
	}
	for end := time.Now().Add(2 * time.Second); err == nil && time.Now().Before(end); {
		for index := 0; index < list.Len() && err == nil; index++ {
			_, err = list.GetInt(index)
		}
	}
	return err
}

// If Go's scheduler stopped a goroutine that has locked an item, all other goroutines would run
// before it runs again, for 10 milliseconds each. Then another process that reads the item fails
// with ErrBusy.
func TestTheSchedulerDoesNotStopAGoroutineThatHasLockedAnItem(t *testing.T) {
	if raceEnabled {
		t.Skip("with the race detector, an atomic operation is a function, in which Go may stop a goroutine")
	}
	const writers = 400
	list := newList(t, zeros(writers))
	var working sync.WaitGroup
	var ended atomic.Bool
	working.Add(writers)
	for writer := 0; writer < writers; writer++ {
		go func(index int) {
			defer working.Done()
			for !ended.Load() {
				if err := list.SetInt(index, 1); err != nil {
					t.Error(err)
					return
				}
			}
		}(writer)
	}
	reader := exec.Command(os.Args[0])
	reader.Env = append(os.Environ(), readerEnv+"="+list.Name())
	result, err := reader.Output()
	ended.Store(true)
	working.Wait()
	ok(t, err)
	equal(t, string(result), "<nil>\n")
}

// startAdder starts a process of addConcurrently.
func startAdder(t *testing.T, name string, times int) *exec.Cmd {
	t.Helper()
	adder := exec.Command(os.Args[0])
	adder.Env = append(os.Environ(), fmt.Sprint(adderEnv, "=", name, " ", times))
	return startReady(t, adder)
}

// startReady starts a process, and waits until it has printed a line.
func startReady(t *testing.T, process *exec.Cmd) *exec.Cmd {
	t.Helper()
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	ok(t, err)
	ok(t, process.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	ok(t, err)
	equal(t, line, "ready\n")
	return process
}

// The Python program adds by the library in C, with a hazard.
const pythonAdder = `
import sys
from shareable import shared_memory
numbers = shared_memory.ShareableList(name=sys.argv[1])
print("ready", flush=True)
for i in range(int(sys.argv[2])):
    numbers.add(0, 1)
`

func TestNoAdditionIsLostBetweenProcesses(t *testing.T) {
	const times = 50000
	list := newList(t, []any{0})
	processes, wanted := []*exec.Cmd{startAdder(t, list.Name(), times)}, int64(adders*times)
	if python := os.Getenv("run_python"); python != "" {
		command := exec.Command("sh", "-c", `exec $run_python -c "$0" "$@"`, pythonAdder, list.Name(), fmt.Sprint(times))
		processes = append(processes, startReady(t, command))
		wanted += times
	}
	var working sync.WaitGroup
	for goroutine := 0; goroutine < 10; goroutine++ {
		working.Add(1)
		go func() {
			defer working.Done()
			for i := 0; i < times; i++ {
				if _, err := list.Add(0, 1); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	working.Wait()
	for _, process := range processes {
		ok(t, process.Wait())
	}
	item(t, list, 0, wanted+10*times)
}

// An addition that Add reports is in the item, and Close leaves no item locked.
func TestCloseWaitsForWriters(t *testing.T) {
	list := newList(t, []any{0, 0})
	var additions atomic.Int64
	for round := 0; round < 50; round++ {
		handle := openList(t, list.Name())
		var working sync.WaitGroup
		for goroutine := 0; goroutine < 4; goroutine++ {
			working.Add(1)
			go func(index int) {
				defer working.Done()
				for {
					if _, err := handle.Add(index, 1); errors.Is(err, shareable.ErrClosed) {
						return
					} else if err != nil {
						t.Error(err)
						return
					}
					additions.Add(1)
				}
			}(goroutine % 2)
		}
		time.Sleep(time.Duration(round%10) * 50 * time.Microsecond)
		ok(t, handle.Close())
		for index := 0; index < 2; index++ {
			if word := versionWord(t, list, index); word>>32 != 0 {
				t.Errorf("round %d: item %d has the version word %x", round, index, word)
			}
		}
		working.Wait()
	}
	first, err := list.GetInt(0)
	ok(t, err)
	second, err := list.GetInt(1)
	ok(t, err)
	equal(t, first+second, additions.Load())
}

// Without SetPanicOnFault, the fault ends the program.
func TestCloseDoesNotWaitForAWriterThatPanicked(t *testing.T) {
	list := newList(t, []any{0})
	ok(t, list.SetInt(0, 1))
	ok(t, os.Truncate("/dev/shm/"+list.Name(), 0))
	func() {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() {
			if recover() == nil {
				t.Error("a write to a truncated block did not panic")
			}
		}()
		list.SetInt(0, 2)
	}()
	closed := make(chan error)
	go func() { closed <- list.Close() }()
	select {
	case err := <-closed:
		ok(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("Close waits")
	}
}

// versionWord returns the version word of an item of a list of numbers (layout.md, "The sync area").
func versionWord(t *testing.T, list *shareable.List, index int) uint64 {
	t.Helper()
	word := make([]byte, 8)
	_, err := list.Memory().ReadAt(word, int64(areaOf(list)+2816+8*index))
	ok(t, err)
	return *wordOf(word)
}

// areaOf returns the offset of the sync area of a list of numbers.
func areaOf(list *shareable.List) int {
	return (16 + 25*list.Len() + 63) &^ 63
}

// A writer that is killed may leave the item locked. The next writer takes the item over, and the
// item has an int.
func TestKilledWritersLeaveTheItemUsable(t *testing.T) {
	list := newList(t, []any{0})
	before, locked := int64(0), 0
	for round := 0; round < 20; round++ {
		adder := startAdder(t, list.Name(), math.MaxInt)
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
			if now, err := list.GetInt(0); err == nil && now != before {
				break
			}
		}
		time.Sleep(time.Duration(round) * 100 * time.Microsecond)
		ok(t, adder.Process.Kill())
		adder.Wait()
		if versionWord(t, list, 0)>>32 != 0 {
			locked++
		}
		after, err := list.Add(0, 1)
		ok(t, err)
		if after <= before+1 {
			t.Errorf("round %d: the item was %d and is %d", round, before, after)
		}
		before = after
	}
	t.Log("killed while the item was locked:", locked, "of 20")
}
