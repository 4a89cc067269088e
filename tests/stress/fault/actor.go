// The actions of test_disk_full.py in Go; see actor.py for the usage.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"shareable"
)

func options(name string, flags []string) []shareable.CreateOption {
	all := []shareable.CreateOption{shareable.WithName(name)}
	for _, flag := range flags {
		switch flag {
		case "lazy":
			all = append(all, shareable.Lazy())
		case "owned":
			all = append(all, shareable.Owned())
		}
	}
	return all
}

func readLast(name string, wait bool) error {
	list, err := shareable.OpenList(name)
	if err != nil {
		return err
	}
	if wait {
		fmt.Println("open")
		bufio.NewReader(os.Stdin).ReadString('\n')
	}
	value, err := list.Get(-1)
	if err == nil {
		fmt.Println("last is", value)
	}
	return err
}

func fill(name string) error {
	block, err := shareable.OpenMemory(name)
	if err != nil {
		return err
	}
	bytes := block.Bytes()
	for i := 0; i < len(bytes); i += 4096 {
		bytes[i] = 1
	}
	return nil
}

func act(action, name string, rest []string) (err error) {
	size := 0
	if len(rest) > 0 {
		size, _ = strconv.Atoi(rest[0])
		rest = rest[1:]
	}
	switch action {
	case "make":
		_, err = shareable.NewMemory(size, options(name, rest)...)
	case "ints":
		_, err = shareable.NewListOf(make([]int64, size), options(name, rest)...)
	case "wide":
		_, err = shareable.NewList([]any{""}, append(options(name, rest), shareable.WithCapacity(size))...)
	case "fill":
		err = fill(name)
	case "set":
		var list *shareable.List
		if list, err = shareable.OpenList(name); err == nil {
			err = list.Set(0, strings.Repeat("x", size))
		}
	default:
		err = readLast(name, action == "hold")
	}
	return err
}

func main() {
	err := act(os.Args[1], os.Args[2], os.Args[3:])
	if err == nil {
		fmt.Println("done")
	} else if errors.Is(err, syscall.ENOSPC) {
		fmt.Println("full:", err)
	} else {
		fmt.Println("failed:", err)
	}
}
