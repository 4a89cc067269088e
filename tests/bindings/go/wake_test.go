// Tests that a write in Go wakes a waiter in another process.
package check_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"shareable"
)

// If the environment variable is set, the test program is a waiter (waitRounds).
const waiterEnv = "SHAREABLE_TEST_WAITER"

func init() {
	if order := os.Getenv(waiterEnv); order != "" {
		fields := strings.Fields(order)
		area, _ := strconv.Atoi(fields[1])
		rounds, _ := strconv.Atoi(fields[2])
		fmt.Println(waitRounds(fields[0], area, uint64(rounds)))
		os.Exit(0)
	}
}

func wordOf(bytes []byte) *uint64 {
	return (*uint64)(unsafe.Pointer(&bytes[0]))
}

// waitRounds waits until item 0 of a list of two ints is 1, stores 1 to item 1, waits for 2, and so
// on. It waits by the rules of layout.md, "Waiting", and for the notification only: it does not
// look at the item from time to time, as the library does. So a missed one ends the test. It executes
// no membarrier, because no writer with a hazard writes to the list.
func waitRounds(name string, area int, rounds uint64) error {
	file, err := os.OpenFile("/dev/shm/"+name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	size := area + 2816 + 2*8
	block, err := syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return err
	}
	const data = 8 * (2 + 2)
	item, answer := wordOf(block[data:]), wordOf(block[data+8:])
	state := wordOf(block[area+64:])
	counter := (*uint32)(unsafe.Pointer(&block[area+64+64]))
	fmt.Println("ready")
	for round := uint64(1); round <= rounds; round++ {
		for atomic.LoadUint64(item) < round {
			seen := atomic.LoadUint32(counter)
			setFlags(state, 1|1<<33) // of eventcount 0, and fence_requested
			if atomic.LoadUint64(item) >= round {
				break
			}
			if !sleep(counter, seen) {
				return fmt.Errorf("round %d: no notification in 20 seconds, and the item is %d", round, atomic.LoadUint64(item))
			}
		}
		atomic.StoreUint64(answer, round)
	}
	return nil
}

func setFlags(word *uint64, flags uint64) {
	for {
		old := atomic.LoadUint64(word)
		if atomic.CompareAndSwapUint64(word, old, old|flags) {
			return
		}
	}
}

// sleep sleeps on a futex while it has the value. It returns false after 20 seconds.
func sleep(futex *uint32, value uint32) bool {
	const futexWait = 0
	limit := syscall.NsecToTimespec(int64(20 * time.Second))
	_, _, errno := syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(futex)), futexWait, uintptr(value),
		uintptr(unsafe.Pointer(&limit)), 0, 0)
	return errno != syscall.ETIMEDOUT
}

// On a busy machine, the test ends before the last round.
func TestNoWakeUpOfAnotherProcessIsMissed(t *testing.T) {
	const rounds, limit = 10000, 20 * time.Second
	list := newList(t, []any{0, 0})
	waiter := exec.Command(os.Args[0])
	waiter.Env = append(os.Environ(), fmt.Sprint(waiterEnv, "=", list.Name(), " ", areaOf(list), " ", rounds))
	waiter = startReady(t, waiter)
	start, round := time.Now(), int64(1)
	for ; round <= rounds && time.Since(start) < limit; round++ {
		ok(t, list.SetInt(0, round))
		for answer, lost := int64(0), time.Now().Add(15*time.Second); answer < round; runtime.Gosched() {
			var err error
			answer, err = list.GetInt(1)
			ok(t, err)
			if time.Now().After(lost) {
				waiter.Process.Kill()
				waiter.Wait()
				t.Fatalf("round %d: the waiter sleeps although the item has changed", round)
			}
		}
	}
	t.Log(round-1, "rounds")
	ok(t, list.SetInt(0, rounds))
	ok(t, waiter.Wait())
}

// Add, CompareAndSwap and Swap notify too, also the waiters for any item.
func TestEveryWriteInGoWakesWaiters(t *testing.T) {
	list := newList(t, []any{0, 1.5, true})
	kept++ // Bytes keeps the list's file descriptor
	for name, write := range map[string]func() error{
		"SetInt":         func() error { return list.SetInt(0, 1) },
		"SetFloat":       func() error { return list.SetFloat(1, 2.5) },
		"SetBool":        func() error { return list.SetBool(2, false) },
		"Add":            func() error { return second(list.Add(0, 1)) },
		"Swap":           func() error { return second(list.Swap(0, 7)) },
		"CompareAndSwap": func() error { return second(list.CompareAndSwap(0, 7, 8)) },
	} {
		for _, flag := range []uint{0, 1, 2, 32} {
			wakesWaiters(t, list, name, flag, write)
		}
	}
}

// wakesWaiters sets a waiters flag, as a waiter does, and checks that the write clears the flag and
// increments the counter if the flag is that of its item or that of any item.
func wakesWaiters(t *testing.T, list *shareable.List, name string, flag uint, write func() error) {
	t.Helper()
	index := map[string]uint{"SetFloat": 1, "SetBool": 2}[name]
	block := list.Memory().Bytes()
	state := wordOf(block[areaOf(list)+64:])
	counter := (*uint32)(unsafe.Pointer(&block[areaOf(list)+64+64+4*int(flag%32)]))
	if flag == 32 {
		counter = (*uint32)(unsafe.Pointer(&block[areaOf(list)+64+8]))
	}
	before := atomic.LoadUint32(counter)
	setFlags(state, 1<<flag)
	ok(t, write())
	isWoken := atomic.LoadUint32(counter) == before+1
	isCleared := atomic.LoadUint64(state)&(1<<flag) == 0
	if wanted := flag == index || flag == 32; isWoken != wanted || isCleared != wanted {
		t.Errorf("%s, flag %d: woken %t, cleared %t", name, flag, isWoken, isCleared)
	}
	atomic.StoreUint64(state, 0)
}
