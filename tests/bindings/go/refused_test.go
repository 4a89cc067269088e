// Tests waits and queued locks in a program to which the system refuses calls, as an old kernel or
// the filter of a container does.
package check_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"shareable"
)

// The test program that has refuseEnv, with the numbers of an errno and of system calls, executes
// itself with refusedEnv, and with a filter that refuses the calls.
const (
	refuseEnv  = "SHAREABLE_TEST_REFUSE"
	refusedEnv = "SHAREABLE_TEST_REFUSED"
)

const sysFutexWaitv = 449 // on each machine for which Go exists

// noFilter is the exit status of a program that cannot have a filter.
const noFilter = 77

func init() {
	if refused := os.Getenv(refuseEnv); refused != "" {
		executeRefused(strings.Fields(refused))
	}
	if refused := os.Getenv(refusedEnv); refused != "" {
		err := areRefused(strings.Fields(refused))
		if err == nil {
			err = waitAndLockInTurn()
		}
		fmt.Println(err)
		os.Exit(0)
	}
}

// areRefused returns an error unless the calls fail with the errno. Their arguments are invalid, so
// that each would fail with another one.
func areRefused(numbers []string) error {
	invalid := ^uintptr(0)
	for _, number := range numbers[1:] {
		call, _ := strconv.Atoi(number)
		_, _, errno := syscall.RawSyscall6(uintptr(call), invalid, invalid, invalid, invalid, invalid, invalid)
		if strconv.Itoa(int(errno)) != numbers[0] {
			return fmt.Errorf("call %s fails with %v", number, errno)
		}
	}
	return nil
}

// executeRefused executes this program with a filter that refuses the calls.
func executeRefused(numbers []string) {
	runtime.LockOSThread() // the filter is that of this thread
	os.Setenv(refusedEnv, strings.Join(numbers, " "))
	os.Unsetenv(refuseEnv)
	errno, _ := strconv.Atoi(numbers[0])
	if err := refuseCalls(syscall.Errno(errno), numbers[1:]); err != nil {
		os.Exit(noFilter)
	}
	fmt.Println(syscall.Exec("/proc/self/exe", os.Args[:1], os.Environ()))
	os.Exit(1)
}

// refuseCalls makes the calls fail in this thread, by a program for the kernel's filter.
func refuseCalls(errno syscall.Errno, numbers []string) error {
	const (
		loadWord, jumpIfEqual, ret = 0x20, 0x15, 0x06
		retErrno, retAllow         = 0x00050000, 0x7fff0000
		prNoNewPrivs, prSeccomp    = 38, 22
		modeFilter                 = 2
	)
	filter := []syscall.SockFilter{{Code: loadWord}} // the number of the call
	for _, number := range numbers {
		call, _ := strconv.Atoi(number)
		filter = append(filter, syscall.SockFilter{Code: jumpIfEqual, Jf: 1, K: uint32(call)},
			syscall.SockFilter{Code: ret, K: retErrno | uint32(errno)})
	}
	filter = append(filter, syscall.SockFilter{Code: ret, K: retAllow})
	program := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	_, _, errno = syscall.RawSyscall(syscall.SYS_PRCTL, prSeccomp, modeFilter, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(&program)
	if errno != 0 {
		return errno
	}
	return nil
}

// pauseBriefly uses no timer of Go, which needs the poller.
func pauseBriefly() {
	pause := syscall.NsecToTimespec(int64(50 * time.Millisecond))
	syscall.Nanosleep(&pause, nil)
}

// waitAndLockInTurn waits in several goroutines, more than those that wait in C, first for a change
// and then for the lock. It uses no timer of Go.
func waitAndLockInTurn() error {
	const goroutines = 5
	list, err := shareable.NewList([]any{1, 0})
	if err != nil {
		return err
	}
	if err := list.Unlink(); err != nil {
		return err
	}
	if _, err := list.Lock(context.Background()); err != nil {
		return err
	}
	results := make(chan error)
	for i := 0; i < goroutines; i++ {
		go func() { results <- waitAndLock(list) }()
	}
	pauseBriefly()
	if err := list.SetInt(0, 2); err != nil {
		return err
	}
	pauseBriefly()
	if err := list.Unlock(); err != nil {
		return err
	}
	for i := 0; i < goroutines; i++ {
		if err := <-results; err != nil {
			return err
		}
	}
	if count, err := list.GetInt(1); err != nil || count != goroutines {
		return fmt.Errorf("%d goroutines had the lock: %v", count, err)
	}
	return nil
}

// waitAndLock waits until item 0 changes, and counts in item 1 while it has the lock.
func waitAndLock(list *shareable.List) error {
	if value, err := list.Wait(context.Background(), 0, 1); err != nil || value != any(int64(2)) {
		return fmt.Errorf("the wait returned %v, %v", value, err)
	}
	if _, err := list.Lock(context.Background()); err != nil {
		return err
	}
	count, err := list.GetInt(1)
	if err != nil {
		return err
	}
	pauseBriefly()
	if err := list.SetInt(1, count+1); err != nil {
		return err
	}
	return list.Unlock()
}

func TestWaitsAndLocksDoNotNeedTheCallsThatASystemMayRefuse(t *testing.T) {
	for name, calls := range map[string][]int{
		"no call":       nil,
		"futex_waitv":   {sysFutexWaitv},
		"epoll_create1": {syscall.SYS_EPOLL_CREATE1},
		"epoll_ctl":     {syscall.SYS_EPOLL_CTL},
		"eventfd2":      {syscall.SYS_EVENTFD2},
		"all":           {sysFutexWaitv, syscall.SYS_EPOLL_CREATE1, syscall.SYS_EPOLL_CTL, syscall.SYS_EVENTFD2},
	} {
		for _, errno := range []syscall.Errno{syscall.ENOSYS, syscall.EPERM} {
			refused := fmt.Sprint(int(errno))
			for _, call := range calls {
				refused += fmt.Sprint(" ", call)
			}
			output, err := runRefused(t, refused)
			var exit *exec.ExitError
			if errors.As(err, &exit) && exit.ExitCode() == noFilter {
				t.Skip("there can be no filter of system calls")
			}
			if err != nil || output != "<nil>\n" {
				t.Errorf("%s fails with %v: %v: %s", name, errno, err, output)
			}
		}
	}
}

func runRefused(t *testing.T, refused string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, os.Args[0])
	command.Env = append(os.Environ(), refuseEnv+"="+refused)
	output, err := command.CombinedOutput()
	return string(output), err
}
