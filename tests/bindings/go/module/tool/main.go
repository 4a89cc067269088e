// Tool uses the module, as a user's program does, in one of these ways:
//
//	tool own NAME [FILE]     remove the file, make an owned list, print "made", and wait
//	tool manage NAME         start a manager, make a list that it owns, print "made", and wait
//	tool make NAME TEXT...   make a list
//	tool set NAME INDEX N    store a number
//	tool print NAME          print the items and the format
//	tool unlink NAME         remove a list
//	tool version             print the library's version
//	tool id                  print the real and the effective user
//	tool exec PROGRAM NAME ARGUMENT...
//	                         execute a program with NAME as its first argument
package main

// /* These functions have names of the module's own C code. */
// int reaper_main(void) { return 1; }
// int manager_main(void) { return 2; }
// int log_event(void) { return 3; }
// int server_run(void) { return 4; }
// int session_open(void) { return 5; }
import "C"

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"example.com/you/shareable"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "tool:", err)
		os.Exit(1)
	}
}

func open(name string) *shareable.List {
	list, err := shareable.OpenList(name)
	check(err)
	return list
}

func stay() {
	fmt.Println("made")
	time.Sleep(time.Minute)
}

func main() {
	if sum := C.reaper_main() + C.manager_main() + C.log_event() + C.server_run() + C.session_open(); sum != 15 {
		check(fmt.Errorf("another package's functions were called: %d", sum))
	}
	command, arguments := os.Args[1], os.Args[2:]
	switch command {
	case "own":
		for _, file := range arguments[1:] {
			check(os.Remove(file))
		}
		_, err := shareable.NewList([]any{1}, shareable.WithName(arguments[0]), shareable.Owned())
		check(err)
		stay()
	case "manage":
		manager, err := shareable.StartManager("", nil)
		check(err)
		_, err = manager.NewList([]any{2}, shareable.WithName(arguments[0]))
		check(err)
		stay()
	case "make":
		var values []any
		for _, text := range arguments[1:] {
			values = append(values, text)
		}
		_, err := shareable.NewList(values, shareable.WithName(arguments[0]))
		check(err)
	case "set":
		index, err := strconv.Atoi(arguments[1])
		check(err)
		number, err := strconv.ParseFloat(arguments[2], 64)
		check(err)
		check(open(arguments[0]).SetFloat(index, number))
	case "print":
		list := open(arguments[0])
		values, err := list.Values()
		check(err)
		format, err := list.Format()
		check(err)
		fmt.Println(values, format)
	case "exec":
		check(syscall.Exec(arguments[0], arguments[1:], os.Environ()))
	case "unlink":
		check(shareable.Unlink(arguments[0]))
	case "id":
		fmt.Println(os.Getuid(), os.Geteuid())
	case "version":
		fmt.Println(shareable.Version())
	default:
		check(fmt.Errorf("unknown command %s", command))
	}
}
